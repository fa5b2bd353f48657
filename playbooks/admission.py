"""From candidates to firings: the policy's checks, the rows, and why the others did not start. Called inside a transaction.

The order of the checks is `playbooks.matching.admission`; here are the queries around them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Count

from customers.conditions.evaluate import evaluate
from customers.conditions.load import load_facts
from customers.events import Fact, record_batch
from playbooks import decisions
from playbooks.active import Active
from playbooks.decisions import Verdict
from playbooks.matching.admission import Block, History, is_deferred, refuse_guard, refuse_policy
from playbooks.models import Decision, Firing, Run


@dataclass(frozen=True)
class Candidate:
    """A trigger that wants to start the playbook on an account. `block`: already known not to start."""

    account_id: int
    trigger: str
    key: str
    facts: dict[str, Any] = field(default_factory=dict)
    why: dict[str, Any] = field(default_factory=dict)
    cause: dict[str, Any] | None = None
    block: Block | None = None


@dataclass(frozen=True)
class Admitted:
    """What came of a batch: run ids that start, candidates that wait, and how many did not start."""

    runs: list[int]
    deferred: list[Candidate]
    suppressed: int


def admit(active: Active, candidates: Sequence[Candidate], *, at: datetime) -> Admitted:
    """Judge the candidates in their order, write firings, runs and decisions. A constant number of statements."""
    if not candidates:
        return Admitted([], [], 0)
    passed, refused = judge(active, candidates, at)
    fired = insert_firings(active, passed, at)
    runs = start_runs(active, passed, fired, at)
    deferred = [c for c in refused if c.block and is_deferred(c.block, active.document.policy)]
    decisions.note(active.playbook, [*map(started, passed), *(suppressed(c, c in deferred) for c in refused)], at=at)
    return Admitted(runs, deferred, len(refused) - len(deferred))


def judge(active: Active, candidates: Sequence[Candidate], at: datetime) -> tuple[list[Candidate], list[Candidate]]:
    """(those that start, those that do not with their block), each in the order given."""
    histories = load_histories(active, {c.account_id for c in candidates})
    passed, refused = [], []
    for candidate in candidates:
        history = histories.get(candidate.account_id, History())
        block = candidate.block or refuse_policy(active.document.policy, candidate.key, history, at, active.zone)
        if block is None:
            histories[candidate.account_id] = after_start(history, candidate.key, at)
            passed.append(candidate)
        else:
            refused.append(replace(candidate, block=block))
    return guard(active, passed, refused, at)


def guard(active: Active, passed: list[Candidate], refused: list[Candidate], at: datetime) -> tuple[list[Candidate], list[Candidate]]:
    """`only_if`, for those that the policy lets through."""
    tree = active.compiled.only_if
    if tree is None or not passed:
        return passed, refused
    facts = load_facts({c.account_id for c in passed}, [tree], at, setting=active.setting, dates_zone=active.zone)
    blocks = [refuse_guard(evaluate(tree, facts[c.account_id], at, dates_zone=active.zone).truth) for c in passed]
    stopped = [replace(c, block=block) for c, block in zip(passed, blocks, strict=True) if block]
    return [c for c, block in zip(passed, blocks, strict=True) if not block], [*refused, *stopped]


def after_start(history: History, key: str, at: datetime) -> History:
    return History(frozenset(history.keys) | {key}, history.active_runs + 1, at)


def load_histories(active: Active, account_ids: Iterable[int]) -> dict[int, History]:
    """What the playbook did on these accounts. Two queries."""
    ids = list(account_ids)
    keys: dict[int, set[str]] = {}
    last: dict[int, datetime] = {}
    rows = Firing.objects.filter(playbook=active.playbook, account_id__in=ids).values_list("account_id", "trigger_key", "fired_for")
    for account_id, key, fired_for in rows:
        keys.setdefault(account_id, set()).add(key)
        last[account_id] = max(fired_for, last.get(account_id, fired_for))
    running = Run.objects.filter(playbook=active.playbook, account_id__in=ids, status__in=Run.ACTIVE)
    runs = dict(running.values_list("account_id").annotate(n=Count("pk")))
    return {account: History(frozenset(found), runs.get(account, 0), last[account]) for account, found in keys.items()}


INSERT_FIRINGS = """
insert into playbooks_firing (account_id, playbook_id, version_id, trigger, trigger_key, fired_for, facts, why, cause)
select account_id, %s, %s, trigger, key, %s, facts, why, nullif(cause, 'null'::jsonb)
from jsonb_to_recordset(%s::jsonb) as x (account_id bigint, trigger text, key text, facts jsonb, why jsonb, cause jsonb)
on conflict (account_id, playbook_id, trigger_key) do nothing
returning id, account_id, trigger_key
"""


def insert_firings(active: Active, passed: Sequence[Candidate], at: datetime) -> dict[tuple[int, str], int]:
    """Write the firings that are new; (account id, key) to the firing's id. The unique key decides between two workers."""
    if not passed:
        return {}
    rows = [{name: getattr(c, name) for name in ("account_id", "trigger", "key", "facts", "why", "cause")} for c in passed]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_FIRINGS, [active.playbook.pk, active.version.pk, at, json.dumps(rows, cls=DjangoJSONEncoder)])
        return {(account_id, key): pk for pk, account_id, key in cursor.fetchall()}


def start_runs(active: Active, passed: Sequence[Candidate], fired: dict[tuple[int, str], int], at: datetime) -> list[int]:
    """A run, due now, for each new firing, and the event that it started."""
    fresh = [c for c in passed if (c.account_id, c.key) in fired]
    shared = {"playbook": active.playbook, "version": active.version, "started_at": at, "due_at": at}
    runs = Run.objects.bulk_create(Run(account_id=c.account_id, firing_id=fired[c.account_id, c.key], **shared) for c in fresh)
    record_batch([started_event(active, c, run) for c, run in zip(fresh, runs, strict=True)], at=at)
    return [run.pk for run in runs]


def started_event(active: Active, candidate: Candidate, run: Run) -> Fact:
    before = (candidate.cause or {}).get("chain", [])
    chain = [*before, active.document.key]
    props = {
        "playbook": active.document.key,
        "playbook_name": active.document.name,
        "version": active.version.n,
        "run": run.pk,
        "trigger": candidate.trigger,
        "sentence": candidate.why.get("sentence", ""),
    }
    cause = {"run": run.pk, "chain": chain, "depth": len(chain)}
    return Fact(candidate.account_id, "playbook.started", run.started_at, key=f"run:{run.pk}:started", props=props, cause=cause)


def started(candidate: Candidate) -> Verdict:
    return Verdict(candidate.account_id, candidate.trigger, Decision.Outcome.STARTED, key=candidate.key, facts=candidate.facts)


def suppressed(candidate: Candidate, deferred: bool) -> Verdict:  # noqa: FBT001
    outcome = Decision.Outcome.DEFERRED if deferred else Decision.Outcome.SUPPRESSED
    block = candidate.block or Block("")
    return Verdict(candidate.account_id, candidate.trigger, outcome, block.reason, block.until, candidate.key, candidate.facts)
