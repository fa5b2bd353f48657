"""The books of applying: states and counts of deliveries, quarantined items, and what each source sent in each hour."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from customers.ingest.reading import Reading
from customers.models import Delivery, QuarantinedItem, Source

if TYPE_CHECKING:
    from customers.ingest.apply import Batch, Counts

State = Delivery.State
MOST_NAMES = 1_000


def close(batch: "Batch", *, at: datetime, counts: "Counts") -> "Counts":
    """Write down how the batch ended. Returns `counts` with its sums."""
    release(batch, at=at)
    put_in_quarantine(batch, at=at)
    rows = [outcome(d, batch.readings[d.pk], batch.repeated.get(d.pk, 0)) for d in batch.deliveries]
    write_deliveries(rows, at)
    note_source(batch, rows)
    note_names(batch)
    note_hours(batch)
    counts.deliveries = len(rows)
    for row, delivery in zip(rows, batch.deliveries, strict=True):
        counts.quarantined += row["quarantined"]
        counts.repeated += 0 if delivery.applied_at else row["repeated"]
        counts.applied += len(batch.readings[delivery.pk].items) - batch.repeated.get(delivery.pk, 0)
    return counts


def outcome(delivery: Delivery, reading: Reading, repeated: int) -> dict[str, Any]:
    """The columns of a delivery after applying. At a replay the items applied before come back as repeats: they count as applied."""
    bad = len(reading.refusals)
    repeated = delivery.repeated if delivery.applied_at else repeated
    first = reading.refusals[0] if reading.refusals else None
    return {
        "id": delivery.pk,
        "state": state_of(reading, bad),
        "items": reading.total,
        "applied": max(reading.total - bad - repeated, 0),
        "repeated": repeated,
        "quarantined": bad,
        "reason": first.reason if first else "" if reading.total else "empty",
        "detail": first.detail if first else "",
    }


def state_of(reading: Reading, bad: int) -> str:
    if not reading.total:
        return State.IGNORED
    if not bad:
        return State.APPLIED
    return State.QUARANTINED if bad == reading.total else State.PARTLY


WRITE = """
update customers_delivery d set state = n.state, items = n.items, applied = n.applied, repeated = n.repeated, quarantined = n.quarantined,
    reason = n.reason, detail = n.detail, applied_at = %s
from unnest(%s::bigint[], %s::text[], %s::int[], %s::int[], %s::int[], %s::int[], %s::text[], %s::text[])
    as n (id, state, items, applied, repeated, quarantined, reason, detail)
where d.id = n.id
"""


def write_deliveries(rows: Sequence[dict[str, Any]], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [at, *([row[name] for row in rows] for name in rows[0])])


def release(batch: "Batch", *, at: datetime) -> None:
    """Items of replayed deliveries leave quarantine; those that fail again return to it at once."""
    again = [d.pk for d in batch.deliveries if d.applied_at]
    if again:
        items = QuarantinedItem.objects.filter(delivery__in=again, state=QuarantinedItem.State.OPEN)
        items.update(state=QuarantinedItem.State.REPLAYED, closed_at=at)


def put_in_quarantine(batch: "Batch", *, at: datetime) -> None:
    rows = [
        QuarantinedItem(
            source=batch.source,
            delivery=d,
            index=r.index,
            reason=r.reason,
            path=r.path,
            message=r.message,
            raw=r.raw,
            detail=r.detail,
            at=d.received_at,
        )
        for d in batch.deliveries
        for r in batch.readings[d.pk].refusals
    ]
    QuarantinedItem.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["delivery", "index"],
        update_fields=["reason", "path", "message", "raw", "detail", "state", "closed_at"],
    )


def note_source(batch: "Batch", rows: Sequence[dict[str, Any]]) -> None:
    """Last message, lag of its newest item, and repeats of the source."""
    first_time = [d for d in batch.deliveries if not d.applied_at]
    if not first_time:
        return
    last = max(first_time, key=lambda d: d.received_at)
    lags = [(last.received_at - item.occurred_at).total_seconds() for item in batch.readings[last.pk].items]
    repeats = sum(row["repeated"] for row, d in zip(rows, batch.deliveries, strict=True) if not d.applied_at)
    with connection.cursor() as cursor:
        cursor.execute(
            "update customers_source set repeats = repeats + %s, lag_seconds = case when %s::timestamptz >= coalesce(last_message_at, '-infinity')"
            " then coalesce(%s::float8, lag_seconds) else lag_seconds end, last_message_at = greatest(last_message_at, %s) where id = %s",
            [repeats, last.received_at, min(lags, default=None), last.received_at, batch.source.pk],
        )


def note_names(batch: "Batch") -> None:
    """Remember the names of events that the source sends for the first time: what its silence makes unknown."""
    sent = {item.event for d in batch.deliveries for item in batch.readings[d.pk].items if item.event}
    if sent <= set(batch.source.names):
        return
    source = Source.objects.select_for_update().get(pk=batch.source.pk)
    names = [*source.names, *sorted(sent - set(source.names))][:MOST_NAMES]
    Source.objects.filter(pk=source.pk).update(names=names)


def note_hours(batch: "Batch") -> None:
    """Add to the volume of each hour what was not there before; a replay adds nothing."""
    items: Counter[datetime] = Counter()
    bad: Counter[datetime] = Counter()
    for d in batch.deliveries:
        if not d.applied_at:
            hour = d.received_at.replace(minute=0, second=0, microsecond=0)
            items[hour] += batch.readings[d.pk].total
            bad[hour] += len(batch.readings[d.pk].refusals)
    hours = sorted(items)
    if hours:
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into customers_sourcehour as s (source_id, hour, items, quarantined)"
                " select %s, h, i, q from unnest(%s::timestamptz[], %s::int[], %s::int[]) as n (h, i, q) on conflict (source_id, hour)"
                " do update set items = s.items + excluded.items, quarantined = s.quarantined + excluded.quarantined",
                [batch.source.pk, hours, [items[h] for h in hours], [bad[h] for h in hours]],
            )
