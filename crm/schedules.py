"""What is due, in which order: the tick, and the one schedule that calls it each minute.

Business times live in the tables of the apps; a tick at `at` asks each of them to do what is due then. All parts are
safe to repeat and to interrupt: they commit in batches and continue where they stopped. Nothing here knows what a part does.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django_q.models import Schedule

from billing.run import run_billing
from crm.lib import clock
from crm.models import Heartbeat, Installation, Job
from customers import cursors, inbox
from customers.health import score_due
from customers.heartbeat import is_quiet
from customers.ingest import alarms
from customers.ingest import retention as kept
from customers.ingest.apply import apply_pending
from playbooks.runner import run_due

logger = logging.getLogger(__name__)

TICK_LOCK = 7_210_001  # any number, the same in every process
SLICE_SECONDS = 60
MINUTE_TICK = "Tick each minute"
DEMO_RUNS = "filling"

UNLIMITED = 86_400.0


def deliveries(*, at: datetime, seconds: float) -> object:
    return apply_pending(at=at, seconds=seconds)


def tell_owners(*, at: datetime, seconds: float) -> object:
    return {"mails": alarms.tell_owners(at=at)}


def bills(*, at: datetime, seconds: float) -> object:
    return run_billing(at=at, limit_seconds=seconds)


def scores(*, at: datetime, seconds: float) -> object:
    return score_due(at=at, seconds=seconds)


def wake(*, at: datetime, seconds: float) -> object:
    return {"woken": inbox.wake_due(at=at)}


def playbooks(*, at: datetime, seconds: float) -> object:
    return run_due(at=at, limit_seconds=seconds)


def retention(*, at: datetime, seconds: float) -> object:
    """Forget what is old, once a local day; what does not fit into `seconds` is left to the next tick."""
    zone, last = Installation.load().zone, Heartbeat.objects.filter(part="retention").first()
    if last and clock.local_day(last.at, zone) >= clock.local_day(at, zone):
        return {}
    until, forgotten = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        rows = kept.prune(at=at) + cursors.prune(at=at)
        forgotten += rows
        if not rows:
            beat("retention", at=at)
            break
    return {"forgotten": forgotten}


# In this order: what came in, what it means for money, what it means for health, what to do about it.
PARTS: dict[str, Callable[..., object]] = {
    "deliveries": deliveries,
    "alarms": tell_owners,
    "billing": bills,
    "health": scores,
    "tasks": wake,
    "playbooks": playbooks,
    "retention": retention,
}
JUDGING = ("health", "playbooks")


@dataclass
class Ticked:
    """What a tick did: counts by part, and the parts that failed with their error. `ran` is false when another tick ran."""

    at: datetime
    ran: bool = True
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line: what is not zero."""
        return "; ".join(f"{part}: {in_words(counts)}" for part, counts in self.counts.items())


def in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count) or "nothing"


def tick(*, at: datetime, seconds: float = UNLIMITED, wait: bool = True, patient: bool = False) -> Ticked:
    """Do everything that is due at `at` (aware UTC; may lie ahead of the clock).

    Two ticks never run at once: the second waits and then finds nothing due, or with `wait=False` returns at once.
    After `seconds` the next tick goes on. A tick before the last one only applies deliveries, because what was decided
    at a later instant is not decided again. With `patient`, nobody is judged while a source is in the middle of sending.
    """
    with only_one(wait=wait) as alone:
        if not alone:
            return Ticked(at, ran=False)
        done = run_parts(parts_due(at), at, time.monotonic() + seconds, patient=patient)
        beat("tick", at=clock.now(), detail=done.counts)
        return done


@contextmanager
def only_one(*, wait: bool) -> Iterator[bool]:
    """Hold the lock of the tick for this database session; gives False when another session has it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {'pg_advisory_lock' if wait else 'pg_try_advisory_lock'}(%s)", [TICK_LOCK])
        alone = wait or cursor.fetchone()[0]
    try:
        yield alone
    finally:
        if alone and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [TICK_LOCK])


def parts_due(at: datetime) -> list[str]:
    """The parts to run at `at`; keeps `last_tick_at` rising."""
    Installation.load()
    rises = Installation.objects.filter(Q(last_tick_at=None) | Q(last_tick_at__lte=at), pk=1).update(last_tick_at=at)
    return list(PARTS) if rises else ["deliveries"]


def run_parts(names: list[str], at: datetime, deadline: float, *, patient: bool) -> Ticked:
    done = Ticked(at)
    for name in names:
        left = deadline - time.monotonic()
        if left > 0 and not (patient and name in JUDGING and is_half_sent(at)):
            run_part(name, done, left)
    return done


def is_half_sent(at: datetime) -> bool:
    """Whether judging had better wait for the rest of a batch. Never twice in a row: a source that always sends holds nothing up."""
    if is_quiet(at):
        return False
    last = Heartbeat.objects.filter(part="tick").first()
    return last is None or set(JUDGING) <= set(last.detail)


def run_part(name: str, done: Ticked, seconds: float) -> None:
    """Run one part for as long as it may take. A failure is kept as a Job and does not stop the others."""
    try:
        done.counts[name] = as_counts(PARTS[name](at=done.at, seconds=seconds))
    except Exception as problem:
        logger.exception("tick: %s failed at %s", name, done.at)
        done.errors[name] = f"{type(problem).__name__}: {problem}"
        now = clock.now()
        kept = {"state": Job.State.FAILED, "error": done.errors[name], "attempts": 1}
        Job.objects.create(kind=f"tick:{name}", key=done.at.isoformat(), created_at=now, finished_at=now, **kept)


def as_counts(result: object) -> dict[str, int]:
    """What a part returns, a dict or a dataclass of counts, as a dict."""
    if is_dataclass(result) and not isinstance(result, type):
        return asdict(result)
    return dict(result) if isinstance(result, dict) else {}


def minute() -> None:
    """The job of the scheduler. Says that the worker lives, then ticks unless somebody else is ticking."""
    at = clock.now()
    beat("worker", at=at)
    if not demo_is_being_told():
        tick(at=at, seconds=SLICE_SECONDS, wait=False, patient=True)


def demo_is_being_told() -> bool:
    """While the demo lives through its months, the present must wait: a tick of today would close them."""
    return (Installation.load().demo or {}).get("state") == DEMO_RUNS


def beat(part: str, *, at: datetime | None = None, detail: dict[str, dict[str, int]] | None = None) -> None:
    """Say that `part` lives. Also the whole of a job that only proves that jobs are done."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(part=part, at=at or clock.now(), detail=detail or {})],
        update_conflicts=True,
        unique_fields=["part"],
        update_fields=["at", "detail"],
    )


@transaction.atomic
def install(*, at: datetime) -> None:
    """Make the one schedule, or repair it; any other row is removed: a malformed one would stop them all."""
    wanted = {"func": "crm.schedules.minute", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
    schedule, made = Schedule.objects.get_or_create(name=MINUTE_TICK, defaults=wanted | {"next_run": at})
    if not made:
        Schedule.objects.filter(pk=schedule.pk).update(**wanted)
    Schedule.objects.exclude(pk=schedule.pk).delete()
