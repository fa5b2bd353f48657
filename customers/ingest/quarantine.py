"""What could not be applied: groups by source and reason, replaying as a job with progress, discarding with a reason.

Replay uses today's adapter and keeps the time of receipt; replaying what was applied changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, QuerySet
from django_q.tasks import async_task

from crm.lib.refused import Refused
from crm.models import Job
from customers.ingest import apply
from customers.models import Delivery, QuarantinedItem, Source

KEYS_KEPT = timedelta(days=400)
CHUNK = 50
OPEN = QuarantinedItem.State.OPEN


class TooOld(Refused):
    code = "too_old"


class NeedsReason(Refused):
    code = "needs_reason"


@dataclass(frozen=True, slots=True)
class Group:
    """Open items of one source and reason."""

    source_id: int
    source_name: str
    reason: str
    n: int
    first_at: datetime
    last_at: datetime
    meaning: str
    remedy: str


def groups() -> list[Group]:
    """Open items by source and reason, newest first. One query."""
    rows = (
        QuarantinedItem.objects.filter(state=OPEN)
        .values("source_id", "source__name", "reason")
        .annotate(n=Count("pk"), first_at=Min("at"), last_at=Max("at"))
        .order_by("-last_at", "source_id", "reason")
    )
    return [
        Group(r["source_id"], r["source__name"], r["reason"], r["n"], r["first_at"], r["last_at"], *REASONS.get(r["reason"], ("", "")))
        for r in rows
    ]


def items(*, source: Source | int | None = None, reason: str = "", state: str = OPEN) -> QuerySet[QuarantinedItem]:
    """Items in quarantine, newest first; pages and the API take slices of it."""
    found = QuarantinedItem.objects.filter(state=state).select_related("source", "delivery")
    found = found.filter(source=source) if source else found
    return (found.filter(reason=reason) if reason else found).order_by("-at", "-pk")


def replay(
    *,
    at: datetime,
    source: Source | int | None = None,
    reason: str = "",
    item_ids: Sequence[int] = (),
    delivery_ids: Sequence[int] = (),
) -> Job:
    """Ask for a replay of some items, of deliveries, or of all open items of a source and reason. Returns the Job with its progress.

    Raises TooOld when nothing that was asked for can be replayed any more.
    """
    chosen = list(delivery_ids) or deliveries_of(source=source, reason=reason, item_ids=item_ids)
    found = Delivery.objects.filter(pk__in=chosen, body__isnull=False, received_at__gte=at - KEYS_KEPT).order_by("pk")
    ids = list(found.values_list("pk", flat=True))
    if chosen and not ids:
        raise TooOld("These deliveries are too old to be replayed: their bodies or item keys are gone.")
    detail = {"deliveries": ids, "too_old": len(set(chosen)) - len(ids)}
    job = Job.objects.create(kind="ingest.replay", key=reason[:200], total=len(ids), detail=detail, created_at=at)
    async_task("customers.ingest.jobs.replay", job.pk, group="ingest")
    return job


def deliveries_of(*, source: Source | int | None, reason: str, item_ids: Sequence[int]) -> list[int]:
    found = items(source=source, reason=reason)
    if item_ids:
        found = found.filter(pk__in=item_ids)
    return sorted(set(found.order_by().values_list("delivery_id", flat=True)))


def run_replay(job: Job, *, at: datetime) -> apply.Counts:
    """Apply the deliveries of a replay job again, chunk by chunk; killed, it goes on where it stopped."""
    counts = apply.Counts()
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, started_at=job.started_at or at, attempts=job.attempts + 1)
    for start, chunk in chunks(job.detail["deliveries"], job.done):
        for source in Source.objects.filter(deliveries__in=chunk).distinct().order_by("pk"):
            counts.add(again(source, chunk, at=at))
        Job.objects.filter(pk=job.pk).update(done=start + len(chunk))
    result = {"applied": counts.applied, "quarantined": counts.quarantined}
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished_at=at, detail={**job.detail, **result})
    return counts


def chunks(ids: list[int], done: int) -> Iterator[tuple[int, list[int]]]:
    for start in range(done, len(ids), CHUNK):
        yield start, ids[start : start + CHUNK]


def again(source: Source, ids: list[int], *, at: datetime) -> apply.Counts:
    """Put deliveries back to `received` and apply them now."""
    Delivery.objects.filter(pk__in=ids, source=source).update(state=Delivery.State.RECEIVED, attempts=0)
    return apply.with_retries(source, ids, at=at)


def discard(chosen: QuerySet[QuarantinedItem], *, note: str, at: datetime) -> int:
    """Give up on open items; they stay listed with the reason given. Returns how many."""
    if not note.strip():
        raise NeedsReason("Say why these items are discarded.")
    return QuarantinedItem.objects.filter(pk__in=chosen.order_by().values("pk"), state=OPEN).update(
        state=QuarantinedItem.State.DISCARDED, closed_at=at, note=note.strip()[:300]
    )


def take_back(closed_at: datetime) -> int:
    """Undo the one discarding that happened at `closed_at`: its items are open again. Returns how many."""
    gone = QuarantinedItem.objects.filter(state=QuarantinedItem.State.DISCARDED, closed_at=closed_at)
    return gone.update(state=OPEN, closed_at=None, note="")


REASONS = {
    "bad_json": ("The item is not readable JSON.", "Fix the sender."),
    "not_an_object": ("The item is not an object.", "Fix the sender."),
    "too_deep": ("The item is nested deeper than 32 levels.", "Fix the sender."),
    "item_too_large": ("The item is larger than the source allows.", "Raise the source's limit, then replay."),
    "too_many_items": ("The batch holds more items than the source allows.", "Raise the source's limit, then replay."),
    "no_identity": ("Neither userId nor anonymousId is given.", "Fix the sender."),
    "bad_field": ("A required field is missing or of the wrong type.", "Fix the sender; see the path."),
    "bad_time": ("A time cannot be read or lies before 2000.", "Fix the sender."),
    "unknown_type": ("The type of the item is not known.", "Update Tenure, then replay."),
    "unsupported_version": ("The version of the message is not known.", "Update Tenure, then replay."),
    "thin_event": ("The message only points at its content.", "Update Tenure, then replay."),
    "unmapped_object": ("No account is known for it.", "Choose one, then replay."),
    "ambiguous_account": ("Several accounts are possible.", "Choose one, then replay."),
    "conflict": ("It contradicts a rule of the database.", "Merge or split the records, then replay."),
    "wrong_mode": ("A test message on a live source, or the reverse.", "Change the source's settings, then replay."),
    "adapter_error": ("A fault of ours; the traceback is kept.", "Update Tenure, then replay."),
}
