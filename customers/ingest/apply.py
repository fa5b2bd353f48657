"""Applying what was stored: waiting deliveries become events, traits and identities, many per transaction.

One batch of one source is one transaction, and one batch at a time is applied (identities are shared between sources), so a
job that dies loses and doubles nothing: its deliveries stay `received` and the next run takes them. An item that the
database or our own code refuses is found by halving and quarantined; the rest goes on.
"""

import logging
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from customers.ingest import body, books, limits, receive, segment
from customers.ingest.reading import Fault, Reading
from customers.ingest.settle import Piece, Settlement
from customers.models import Delivery, QuarantinedItem, Source

log = logging.getLogger(__name__)
LOCK = 7_236_852  # advisory lock: one batch at a time
BATCH_ITEMS = 5_000
BATCH_BYTES = 24 * 1024 * 1024
BATCH_DELIVERIES = 500
ATTEMPTS = 5
TRIES = 3


@dataclass(slots=True)
class Counts:
    """What a run did: deliveries taken, items applied, repeated and quarantined."""

    deliveries: int = 0
    applied: int = 0
    repeated: int = 0
    quarantined: int = 0

    def __len__(self) -> int:
        return self.deliveries

    def add(self, other: "Counts") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Batch:
    """Deliveries of one source on their way, each with its text and reading."""

    source: Source
    source_ids: list[int]
    deliveries: list[Delivery]
    texts: dict[int, bytes] = field(default_factory=dict)
    readings: dict[int, Reading] = field(default_factory=dict)
    repeated: dict[int, int] = field(default_factory=dict)

    def pieces(self) -> list[Piece]:
        return [Piece(d, item) for d in self.deliveries for item in self.readings[d.pk].items]


def apply_pending(*, at: datetime, source: Source | None = None, seconds: float = 60) -> Counts:
    """Apply deliveries that wait, of one source or of all that are not paused, until none is left or `seconds` are over.

    Facts carry the time their delivery was received; `at` is only noted as the time of applying.
    """
    counts, deadline = Counts(), time.monotonic() + seconds
    sources = [source] if source else list(Source.objects.exclude(state=Source.State.PAUSED).order_by("pk"))
    for each in sources:
        if each.state != Source.State.PAUSED:
            apply_source(each, at=at, deadline=deadline, counts=counts)
    return counts


def apply_source(source: Source, *, at: datetime, deadline: float, counts: Counts) -> None:
    Source.objects.filter(pk=source.pk, wake_at__isnull=False).update(wake_at=None)
    while time.monotonic() < deadline:
        ids = waiting(source)
        if not ids:
            return
        counts.add(with_retries(source, ids, at=at))


def waiting(source: Source) -> list[int]:
    """The next deliveries that fit in one batch, in order. One that was tried before goes alone."""
    rows = Delivery.objects.filter(source=source, state=Delivery.State.RECEIVED).order_by("pk")
    chosen: list[int] = []
    items = size = 0
    for pk, n, decoded, attempts in rows.values_list("pk", "items", "decoded_bytes", "attempts")[:BATCH_DELIVERIES]:
        items, size = items + n, size + decoded
        if chosen and (attempts or items > BATCH_ITEMS or size > BATCH_BYTES):
            break
        chosen.append(pk)
        if attempts:
            break
    return chosen


def with_retries(source: Source, ids: list[int], *, at: datetime) -> Counts:
    """One batch, taken again when another transaction stood in its way. The attempt is counted before it begins."""
    Delivery.objects.filter(pk__in=ids).update(attempts=F("attempts") + 1)
    for left in reversed(range(TRIES)):
        try:
            return apply_batch(source, ids, at=at)
        except OperationalError as error:
            if not left or not is_conflict(error):
                raise
            log.warning("a batch of %s met another transaction and is tried again: %s", source, error)
    raise AssertionError("unreachable")


def is_conflict(error: OperationalError) -> bool:
    """Deadlock or serialization failure: the transaction was rolled back and may simply be repeated."""
    return getattr(error.__cause__, "sqlstate", None) in {"40P01", "40001"}


def apply_batch(source: Source, ids: Sequence[int], *, at: datetime) -> Counts:
    """Apply these deliveries in one transaction, whatever their state: a replay is the same as a first time."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        rows = Delivery.objects.filter(pk__in=ids, source=source, state=Delivery.State.RECEIVED).order_by("pk")
        batch = Batch(source, sharing(source), list(rows))
        if not batch.deliveries:
            return Counts()
        read_all(batch)
        for piece, fault in settle(batch, batch.pieces()):
            quarantine(batch, piece, fault)
        return books.close(batch, at=at, counts=Counts())


def sharing(source: Source) -> list[int]:
    """Sources whose ids mean the same as those of this one, itself included."""
    same = Source.objects.filter(shares_ids_with=source.scope).values_list("pk", flat=True)
    return sorted({source.scope, source.pk, *same})


def read_all(batch: Batch) -> None:
    """Every delivery through its adapter. What people discarded is left out."""
    discarded: dict[int, set[int]] = {}
    items = QuarantinedItem.objects.filter(
        delivery__in=[d.pk for d in batch.deliveries if d.applied_at], state=QuarantinedItem.State.DISCARDED
    )
    for pk, index in items.values_list("delivery_id", "index"):
        discarded.setdefault(pk, set()).add(index)
    for delivery in batch.deliveries:
        batch.readings[delivery.pk] = read_one(batch, delivery, frozenset(discarded.get(delivery.pk, ())))


def read_one(batch: Batch, delivery: Delivery, skip: frozenset[int]) -> Reading:
    """A delivery through the adapter; one that crashes it is quarantined whole, with the traceback."""
    if delivery.attempts > ATTEMPTS:
        fault = Fault("adapter_error", f"given up after {ATTEMPTS} attempts: applying it ended the worker each time")
        return Reading(1, refusals=[segment.refusal(0, fault, b"")])
    try:
        text = batch.texts[delivery.pk] = body.unpack(bytes(delivery.body or b""))
        kind = receive.kind_of(delivery.path) or "batch"
        return segment.read(text, kind=kind, received_at=delivery.received_at, limits=limits.of(batch.source), skip=skip)
    except Exception as error:  # noqa: BLE001  a fault of ours must not stop the source
        fault = Fault("adapter_error", f"the adapter failed: {error}", detail=traceback.format_exc(limit=12))
        return Reading(1, refusals=[segment.refusal(0, fault, batch.texts.get(delivery.pk, b""))])


def settle(batch: Batch, pieces: list[Piece]) -> list[tuple[Piece, Fault]]:
    """Write all pieces; those that cannot be written are returned with the reason, found by halving."""
    if not pieces:
        return []
    try:
        with transaction.atomic():
            settlement = Settlement(batch.source, batch.source_ids, pieces)
            settlement.run()
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001  whatever one item does, the others go on
        if len(pieces) == 1:
            return [(pieces[0], fault_of(error))]
        half = len(pieces) // 2
        return settle(batch, pieces[:half]) + settle(batch, pieces[half:])
    for piece in settlement.repeated:
        batch.repeated[piece.delivery.pk] = batch.repeated.get(piece.delivery.pk, 0) + 1
    return []


def fault_of(error: Exception) -> Fault:
    """The reason code for what stopped a single item."""
    first_line = str(error).partition("\n")[0]
    if isinstance(error, IntegrityError):
        return Fault("conflict", f"contradicts a rule of the database: {first_line}")
    if isinstance(error, DataError):
        return Fault("bad_field", f"the database cannot hold a value: {first_line}")
    return Fault("adapter_error", f"applying failed: {first_line}", detail="".join(traceback.format_exception(error, limit=12)))


def quarantine(batch: Batch, piece: Piece, fault: Fault) -> None:
    """Turn an item that was read but could not be written into a refusal."""
    reading, text = batch.readings[piece.delivery.pk], batch.texts[piece.delivery.pk]
    reading.items = [i for i in reading.items if i is not piece.item]
    reading.refusals.append(segment.refusal(piece.item.index, fault, segment.raw_item(text, piece.item.index)))
