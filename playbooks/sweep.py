"""Looking at edges, set-based: SQL narrows to the accounts where something may change, the pure state machine decides.

`look` reads, `sweep` reads, decides and stores; `baseline` is the first look of an activation, which starts nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import connection

from customers.conditions.durations import local_day
from customers.conditions.explain import explain
from customers.conditions.load import load_facts
from customers.conditions.values import as_day
from customers.traits import current_values
from playbooks import decisions
from playbooks.active import Active, Edge
from playbooks.admission import Admitted, Candidate, admit
from playbooks.decisions import Verdict
from playbooks.judging import truths
from playbooks.matching.admission import Block
from playbooks.matching.edge import EdgeRule, EdgeState, Move, advance
from playbooks.matching.keys import edge_key
from playbooks.models import Decision
from playbooks.reasons import edge_why

WHILE_DOWN = Block("missed_while_down", passes=True)


@dataclass(frozen=True)
class Look:
    """What one look found about one edge of an account: its value, that of `rearm_when`, and the stored state."""

    account_id: int
    trigger: str
    value: bool | None
    rearm: bool | None
    state: EdgeState


@dataclass(frozen=True)
class Moved:
    look: Look
    move: Move


def sweep(active: Active, *, at: datetime, account_ids: Collection[int] | None = None, admits: bool = True) -> Admitted:
    """Look at the playbook's edges for these accounts (None: all), start what is admitted. Call inside a transaction.

    With `admits` False nothing starts: what would have is tried again at the next look, if it still holds.
    """
    found = look(active, at, account_ids)
    moved = [
        (edge, [decide(active, edge, each, at) for each in found if each.trigger == edge.trigger.id]) for edge in active.compiled.edges
    ]
    wanted = [c for edge, moves in moved for c in candidates(active, edge, moves, at)]
    if not admits:
        wanted = [replace(c, block=WHILE_DOWN) for c in wanted]
    admitted = admit(active, wanted, at=at)
    waiting = wanted if not admits else admitted.deferred
    deferred = {(c.trigger, c.account_id): c.key for c in waiting}
    store(active, [m for _, moves in moved for m in moves], deferred)
    decisions.note(active.playbook, [v for _, moves in moved for v in quiet_verdicts(moves)], at=at)
    return admitted


LOOK = """
select t.account_id, t.trigger, t.v, t.r, coalesce(s.truth, case when s.account_id is null then false end), s.since, s.pending_since,
       s.rearm_since, coalesce(s.episode, 0), s.deferred_key
from ({truths}) t
left join playbooks_triggerstate s on s.playbook_id = %(playbook)s and s.trigger = t.trigger and s.account_id = t.account_id
where (t.v and s.truth is distinct from true)
   or (t.v is false and s.account_id is not null and s.truth is distinct from false)
   or s.pending_since is not null or s.rearm_since is not null or s.deferred_key is not null
order by t.trigger, t.account_id
"""


def look(active: Active, at: datetime, account_ids: Collection[int] | None) -> list[Look]:
    """The accounts and edges whose state may change. One query."""
    found = truths(active, at, account_ids)
    with connection.cursor() as cursor:
        cursor.execute(LOOK.replace("{truths}", found.sql), {**found.params, "playbook": active.playbook.pk})
        return [Look(account, trigger, v, r, EdgeState(*state)) for account, trigger, v, r, *state in cursor.fetchall()]


def decide(active: Active, edge: Edge, found: Look, at: datetime) -> Moved:
    return Moved(found, advance(found.state, found.value, found.rearm, rule_of(active, edge), at))


def rule_of(active: Active, edge: Edge) -> EdgeRule:
    trigger = edge.trigger
    return EdgeRule(active.zone, trigger.hold, edge.rearm_when is not None, trigger.rearm_for)


def candidates(active: Active, edge: Edge, moves: Sequence[Moved], at: datetime) -> list[Candidate]:
    """The accounts where the edge wants to fire, with the reason. Facts are loaded once for all of them."""
    rising = [moved for moved in moves if moved.move.candidate]
    if not rising:
        return []
    ids = [moved.look.account_id for moved in rising]
    facts = load_facts(ids, [edge.condition], at, setting=active.setting, dates_zone=active.zone)
    periods = current_values(ids, ["period_start"]) if edge.trigger.once_per == "billing_period" else {}
    found = []
    for moved in rising:
        account_id = moved.look.account_id
        why = edge_why(active, edge, explain(edge.condition, facts[account_id], at, dates_zone=active.zone))
        key = moved.move.state.deferred_key or new_key(active, edge, moved.move, periods.get(account_id, {}), at)
        found.append(Candidate(account_id, edge.trigger.id, key, why["facts"], why))
    return found


def new_key(active: Active, edge: Edge, move: Move, traits: dict, at: datetime) -> str:
    today = local_day(at, active.zone)
    month = today.replace(day=1)
    start: date = as_day(traits.get("period_start"), active.zone) or month
    return edge_key(edge.trigger.id, edge.trigger.once_per, episode=move.state.episode, period_start=start, month_start=month)


STORE = """
insert into playbooks_triggerstate as s
    (playbook_id, trigger, account_id, truth, since, pending_since, rearm_since, episode, deferred_key)
select %s, * from unnest(%s::text[], %s::bigint[], %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::text[])
on conflict (playbook_id, trigger, account_id) do update set truth = excluded.truth, since = excluded.since,
    pending_since = excluded.pending_since, rearm_since = excluded.rearm_since, episode = excluded.episode,
    deferred_key = excluded.deferred_key
"""


def store(active: Active, moves: Sequence[Moved], deferred: dict[tuple[str, int], str]) -> None:
    """Write the states that changed, in one statement."""
    states = [(m.look, after(m, deferred.get((m.look.trigger, m.look.account_id)))) for m in moves]
    changed = [(found, state) for found, state in states if state != found.state]
    if not changed:
        return
    places = [[found.trigger for found, _ in changed], [found.account_id for found, _ in changed]]
    columns = ("truth", "since", "pending_since", "rearm_since", "episode", "deferred_key")
    values = [[getattr(state, name) for _, state in changed] for name in columns]
    with connection.cursor() as cursor:
        cursor.execute(STORE, [active.playbook.pk, *places, *values])


def after(moved: Moved, deferred_key: str | None) -> EdgeState:
    """The state to store: a candidate that waits keeps its key, one that was judged loses it."""
    state = moved.move.state
    return replace(state, deferred_key=deferred_key) if moved.move.candidate else state


def quiet_verdicts(moves: Sequence[Moved]) -> list[Verdict]:
    """Why edges that moved do not fire: still pending, or fallen and not armed again."""
    outcome = {"pending_for": Decision.Outcome.PENDING, "not_rearmed": Decision.Outcome.SUPPRESSED}
    return [
        Verdict(m.look.account_id, m.look.trigger, outcome[m.move.reason], m.move.reason, m.move.until)
        for m in moves
        if m.move.reason in outcome
    ]


BASELINE = """
insert into playbooks_triggerstate as s (playbook_id, trigger, account_id, truth, since, episode)
select %(playbook)s, t.trigger, t.account_id, t.v, case when t.v is not null then %(at)s::timestamptz end, 0
from ({truths}) t
left join playbooks_triggerstate o on o.playbook_id = %(playbook)s and o.trigger = t.trigger and o.account_id = t.account_id
where t.v is not false or o.account_id is not null
on conflict (playbook_id, trigger, account_id) do update set truth = excluded.truth, since = excluded.since,
    pending_since = null, rearm_since = null, deferred_key = null
"""


def baseline(active: Active, *, at: datetime) -> int:
    """Take what holds now as the starting state of every edge; nobody starts. Episodes go on counting, so no key returns."""
    if not active.compiled.edges:
        return 0
    found = truths(active, at, None)
    with connection.cursor() as cursor:
        cursor.execute(BASELINE.replace("{truths}", found.sql), {**found.params, "playbook": active.playbook.pk, "at": at})
        return cursor.rowcount
