"""Working off runs: one step, one transaction, under the run's row lock, until a wait or the end.

A worker that dies leaves the run where its last committed step left it; the next one goes on there.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from customers.conditions.facts import Setting
from customers.events import record
from customers.models import Trait
from playbooks.active import Active, of_version
from playbooks.dsl.document import Step as StepSpec
from playbooks.goals import Ending, Watched, endings, trigger_values, watched
from playbooks.models import Effect, Playbook, Run, Step
from playbooks.steps.context import Context, Outcome, cause_of
from playbooks.steps.registry import perform

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
BATCH = 200
STEPPING = (Playbook.Status.ACTIVE, Playbook.Status.ARCHIVED)


def due_runs(at: datetime, *, after: int = 0, limit: int = BATCH) -> list[int]:
    """Ids of runs whose next step is due. A paused playbook's runs wait; an archived one's are finished."""
    due = Run.objects.filter(status__in=Run.ACTIVE, due_at__lte=at, pk__gt=after, playbook__status__in=STEPPING)
    return list(due.order_by("pk").values_list("pk", flat=True)[:limit])


def work_off(run_id: int, *, at: datetime, setting: Setting) -> int:
    """Perform the run's steps up to its next wait or its end. Returns how many. An error is kept on the run."""
    done = 0
    try:
        while step_once(run_id, at=at, setting=setting):
            done += 1
        done += 1
    except Exception as error:
        log.exception("run %s failed", run_id)
        note_failure(run_id, error, at=at)
    return done


@transaction.atomic
def step_once(run_id: int, *, at: datetime, setting: Setting) -> bool:
    """One step of the run, with its effect. False: nothing to do now, or somebody else is doing it."""
    run = locked(run_id, at)
    if run is None:
        return False
    active = of_version(run.playbook, run.version, setting)
    if ended_early(run, active, at):
        return False
    steps = active.document.steps
    close_wait(run, at)
    if run.cursor < len(steps):
        take_step(run, steps[run.cursor], active, at)
    if run.cursor >= len(steps):
        finish(run, Run.Status.DONE, "", at)
    run.save()
    return run.is_active and run.due_at <= at


def end_early(ids: Iterable[int], *, at: datetime, setting: Setting) -> int:
    """Look at the goals and exits of these waiting runs; end those that reached one. Returns how many ended."""
    with transaction.atomic():
        rows = with_all(Run.objects.filter(pk__in=list(ids), status__in=Run.ACTIVE)).select_for_update(of=("self",), skip_locked=True)
        runs = [readable(run, setting) for run in rows.order_by("pk")]
        found = endings([each for each in runs if each], at)
        for each, ending in found:
            apply_ending(each.run, ending, at)
            each.run.save()
    return sum(1 for _, ending in found if ending.status)


def readable(run: Run, setting: Setting) -> Watched | None:
    """The run with its goal and exits; None when they cannot be read, which its next step will tell."""
    try:
        return watched(run, of_version(run.playbook, run.version, setting))
    except Exception:
        log.exception("goal and exits of run %s cannot be read", run.pk)
        return None


def locked(run_id: int, at: datetime) -> Run | None:
    """The run, its row locked, if a step of it is due and nobody else holds it."""
    due = Run.objects.filter(pk=run_id, status__in=Run.ACTIVE, due_at__lte=at, playbook__status__in=STEPPING)
    return with_all(due).select_for_update(of=("self",), skip_locked=True).first()


def with_all(runs: Any) -> Any:
    return runs.select_related("playbook", "version", "firing", "account__owner")


def ended_early(run: Run, active: Active, at: datetime) -> bool:
    """Check goal and exits in the step's own transaction; True when the run ended."""
    if not (active.document.goal or active.document.exits):
        return False
    for each, ending in endings([watched(run, active)], at):
        apply_ending(each.run, ending, at)
        each.run.save()
    return not run.is_active


def apply_ending(run: Run, ending: Ending, at: datetime) -> None:
    if ending.reached:
        run.goal_at = at
    if ending.status:
        close_wait(run, at, result="ended")
        finish(run, ending.status, ending.reason, at)


def take_step(run: Run, spec: StepSpec, active: Active, at: datetime) -> None:
    """Perform `spec`, write its rows and move the cursor."""
    context = Context(run, run.account, active, at, values_of(run, active))
    outcome = perform(spec, context)
    finished = None if outcome.status == "waiting" else at
    row = {"kind": spec.kind, "status": outcome.status, "result": outcome.result, "detail": outcome.detail}
    Step.objects.create(account_id=run.account_id, run=run, path=spec.id, started_at=at, finished_at=finished, **row)
    if outcome.payload is not None:
        note_effect(spec, context, outcome)
    run.cursor += 1
    run.due_at = outcome.due_at or at
    run.status = Run.Status.WAITING if outcome.due_at else Run.Status.RUNNING
    run.attempts = 0


def note_effect(spec: StepSpec, context: Context, outcome: Outcome) -> None:
    """The effect's row. What it did stands in our own tables and commits with it, so it is done at once."""
    Effect.objects.create(
        account_id=context.run.account_id,
        run=context.run,
        path=spec.id,
        kind=spec.kind,
        payload=outcome.payload,
        status=Effect.Status.DONE,
        idem_key=context.effect_key(spec.id),
        attempts=1,
        at=context.at,
    )


def close_wait(run: Run, at: datetime, *, result: str = "done") -> None:
    """The wait that the run stood at is over."""
    if run.status == Run.Status.WAITING:
        Step.objects.filter(account_id=run.account_id, run=run, status="waiting").update(status="done", result=result, finished_at=at)


def finish(run: Run, status: str, reason: str, at: datetime) -> None:
    """End the run and record it."""
    run.status, run.reason, run.finished_at, run.due_at = status, reason, at, None
    props = {"playbook": run.playbook.key, "playbook_name": run.playbook.name, "run": run.pk, "result": status, "reason": reason}
    record(account=run.account_id, name="playbook.finished", at=at, key=f"run:{run.pk}:finished", props=props, cause=cause_of(run))


def values_of(run: Run, active: Active) -> dict[str, Any]:
    """What the texts of the run's steps may name. Two queries."""
    steps = Step.objects.filter(account_id=run.account_id, run=run).values_list("path", "result", "detail")
    traits = Trait.objects.filter(account_id=run.account_id, contact_id=0).values_list("path", "value")
    account = {path: value for path, value in traits if value is not None}
    return {
        "account": {**account, "id": run.account_id, "name": run.account.name},
        "trigger": trigger_values(run),
        "inputs": active.document.inputs,
        "steps": {path: {"result": result, **detail} for path, result, detail in steps},
    }


@transaction.atomic
def note_failure(run_id: int, error: Exception, *, at: datetime) -> None:
    """Keep the error; after three attempts the run is set aside so that it never stalls the others."""
    connection.ensure_connection()
    run = with_all(Run.objects.filter(pk=run_id, status__in=Run.ACTIVE)).select_for_update(of=("self",)).first()
    if run is None:
        return
    run.attempts += 1
    run.error = f"{type(error).__name__}: {error}"[:2000]
    if run.attempts >= MAX_ATTEMPTS:
        finish(run, Run.Status.FAILED, "error", at)
    run.save()
