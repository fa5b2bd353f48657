"""The live loop: everything that playbooks have to do at an instant. Safe to call twice, in parallel, and to be killed in.

Order: due steps, newly known facts (goals and exits, event triggers, edges of accounts that changed), the daily look at
all accounts, then the steps of what started. Each part is its own transaction; the database's keys decide, not the caller.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from customers.conditions.facts import Setting
from customers.readings import setting_at
from playbooks import daily, intake, listening, stepping
from playbooks.active import Active, clear_failure, load_active, note_failure
from playbooks.admission import Admitted, admit
from playbooks.intake import Logged
from playbooks.models import Playbook, Run
from playbooks.sweep import sweep

log = logging.getLogger(__name__)
MAX_FAILURES = 3


class PlaybookFailed(Exception):
    """One playbook could not be judged; the others can."""

    def __init__(self, active: Active, error: Exception):
        self.active, self.error = active, error
        super().__init__(f"{active.document.key}: {error}")


@dataclass
class Tick:
    """One call of the loop: its instant, when it must stop, and what it did."""

    at: datetime
    setting: Setting
    deadline: float
    actives: list[Active]
    counts: Counter = field(default_factory=Counter)

    @property
    def zone(self) -> str:
        return self.setting.zone

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.deadline


def run_due(*, at: datetime, limit_seconds: float = 60) -> dict[str, int]:
    """Do everything due at `at`. Returns counts: facts, started, suppressed, deferred, steps, ended, looked, failed.

    Work is committed in small pieces; what does not fit into `limit_seconds` is left to the next call.
    """
    setting = setting_at(at)
    tick = Tick(at, setting, time.monotonic() + limit_seconds, load_active(setting))
    step_due(tick)
    if not intake.is_half_told(at):
        judge(tick)
        step_due(tick)
    return dict(tick.counts)


def judge(tick: Tick) -> None:
    """New facts and the daily looks that are due: whatever may start or end a run."""
    missed, newest = daily.due(tick.at, tick.zone)
    for logical_at in missed:
        look_at_all(tick, logical_at, logical_at, admits=False)
    take_facts(tick, edges=newest is None)
    if newest:
        look_at_all(tick, newest, tick.at, admits=True)
        end_runs(tick, None)


def step_due(tick: Tick) -> None:
    """Work off the runs whose next step is due."""
    last, full = 0, True
    while full and not tick.is_over:
        ids = stepping.due_runs(tick.at, after=last)
        for run_id in ids:
            tick.counts["steps"] += stepping.work_off(run_id, at=tick.at, setting=tick.setting)
        last, full = ids[-1] if ids else 0, len(ids) == stepping.BATCH


def take_facts(tick: Tick, *, edges: bool) -> None:
    """Read the fact log to its end, slice by slice. `edges` False: the daily look of this call judges all edges anyway."""
    broken: set[int] = set()
    while not tick.is_over:
        try:
            if take_slice(tick, broken, edges=edges) < intake.SLICE:
                return
        except PlaybookFailed as failure:
            if failed(failure, tick) >= MAX_FAILURES:
                broken.add(failure.active.playbook.pk)


@transaction.atomic
def take_slice(tick: Tick, broken: set[int], *, edges: bool) -> int:
    """Judge one slice of new facts and move the cursor, in one transaction. Returns how many rows; 0 at the end."""
    cursor = intake.lock_cursor()
    piece = intake.read_slice(cursor, at=tick.at) if cursor else None
    if not cursor or not piece or not piece.seen:
        return 0
    if piece.rows:
        judge_slice(tick, piece.rows, broken, edges=edges)
    intake.move(cursor, piece)
    tick.counts["facts"] += len(piece.rows)
    return piece.seen


def judge_slice(tick: Tick, rows: list[Logged], broken: set[int], *, edges: bool) -> None:
    """All playbooks against new facts."""
    end_runs(tick, frozenset().union(*(row.accounts for row in rows)))
    names = frozenset(listener.trigger.event for active in tick.actives for listener in active.compiled.listeners)
    events = intake.arrivals(rows, names)
    for active in tick.actives:
        if active.playbook.pk not in broken:
            guarded(active, lambda active=active: judge_facts(tick, active, rows, events, edges=edges))


def judge_facts(tick: Tick, active: Active, rows: list[Logged], events: list[intake.Arrived], *, edges: bool) -> None:
    """One playbook against new facts: its event triggers, and its edges for the accounts that changed."""
    wanted = listening.candidates(active, events, at=tick.at, zone=tick.zone) if active.compiled.listeners else []
    dirty = intake.touched(rows, active.compiled.names, active.compiled.paths) if edges and active.compiled.edges else set()
    if not wanted and not dirty:
        return
    if not lock(active):
        return
    if wanted:
        note(tick, admit(active, wanted, at=tick.at))
    if dirty:
        note(tick, sweep(active, at=tick.at, account_ids=dirty))
    clear_failure(active.playbook)


def look_at_all(tick: Tick, logical_at: datetime, at: datetime, *, admits: bool) -> None:
    """The daily look: every edge of every playbook for all accounts. Each playbook is one transaction."""
    daily.begin(logical_at, zone=tick.zone, at=tick.at)
    setting = tick.setting if at == tick.at else setting_at(at)
    for active in tick.actives:
        if active.compiled.edges and (admits or active.playbook.activated_at <= at):
            look_at(tick, replace(active, setting=setting), at, admits=admits)
    daily.finish(logical_at, zone=tick.zone, at=tick.at, counts=dict(tick.counts))


def look_at(tick: Tick, active: Active, at: datetime, *, admits: bool) -> None:
    try:
        with transaction.atomic():
            guarded(active, lambda: judge_all(tick, active, at, admits=admits))
    except PlaybookFailed as failure:
        failed(failure, tick)
    else:
        clear_failure(active.playbook)


def judge_all(tick: Tick, active: Active, at: datetime, *, admits: bool) -> None:
    if lock(active):
        note(tick, sweep(active, at=at, admits=admits))
        tick.counts["looked"] += 1


def end_runs(tick: Tick, account_ids: frozenset[int] | None) -> None:
    """Goals and exits of waiting runs on these accounts (None: all)."""
    waiting = Run.objects.filter(status=Run.Status.WAITING, playbook__status=Playbook.Status.ACTIVE)
    waiting = waiting.filter(Q(version__doc__has_key="goal") | Q(version__doc__has_key="exit"))
    if account_ids is not None:
        waiting = waiting.filter(account_id__in=account_ids)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    if ids:
        tick.counts["ended"] += stepping.end_early(ids, at=tick.at, setting=tick.setting)


def lock(active: Active) -> bool:
    """One worker at a time judges a playbook. False: meanwhile it was paused or got another version."""
    same = Playbook.objects.filter(pk=active.playbook.pk, status=Playbook.Status.ACTIVE, active_version=active.version)
    return same.select_for_update(no_key=True).exists()


def guarded(active: Active, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:
        raise PlaybookFailed(active, error) from error


def note(tick: Tick, admitted: Admitted) -> None:
    tick.counts["started"] += len(admitted.runs)
    tick.counts["deferred"] += len(admitted.deferred)
    tick.counts["suppressed"] += admitted.suppressed


def failed(failure: PlaybookFailed, tick: Tick) -> int:
    """Note the failure; returns how often the playbook failed in a row."""
    log.error("playbook %s failed", failure.active.document.key, exc_info=failure.error)
    tick.counts["failed"] += 1
    return note_failure(failure.active.playbook, failure.error)
