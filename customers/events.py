"""The door for events: `record()` for one, `record_batch()` for many. Every event of every system passes here.

In one transaction it claims the item key, writes the Event, keeps ActivityDay and ContactDay, writes a TimelineEntry where
the catalogue says so, moves AccountState's marks and logs the transaction in the fact log. Counting lives in
customers.counting, entries in customers.timeline; moving events to another account in customers.attribution.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from crm.lib import clock
from crm.models import Installation
from customers import counting, partitions, timeline
from customers.models import Account, Contact, Source

NAMESPACE = UUID("6f1d0b6e-35a0-5d8c-9b0a-74656e757265")


@dataclass(slots=True)
class Fact:
    """One event to be recorded. Never changed; not frozen, because that makes making it four times as slow.

    account_id 0: not attributed; contact_id 0: nobody; source_id 0: the engine itself. `props` is a dict or JSON text.
    `key` (1-100 characters, unique in its source) makes recording idempotent. `received_at` None: the batch's `at`.
    The last group is for the timeline entry and overrides the catalogue's title, icon and tone.
    """

    account_id: int
    name: str
    occurred_at: datetime
    contact_id: int = 0
    source_id: int = 0
    key: str = ""
    props: dict[str, Any] | str = field(default_factory=dict)
    quantity: Decimal | int = 1
    received_at: datetime | None = None
    historical: bool = False
    delivery_id: int | None = None
    anonymous_id: str | None = None
    cause: dict[str, Any] | None = None
    flags: list[str] | None = None
    title: str = ""
    body: str = ""
    icon: str = ""
    tone: str = ""
    url: str = ""
    user_id: int = 0


@dataclass(frozen=True, slots=True)
class RecordResult:
    """`ids` of the events written, in order; `repeated` counts the facts whose key was known already."""

    ids: list[UUID]
    repeated: int
    batch_id: int | None


def record(
    *,
    account: Account | int,
    name: str,
    at: datetime,
    contact: Contact | int = 0,
    source: Source | int = 0,
    key: str = "",
    props: dict[str, Any] | None = None,
    quantity: Decimal | int = 1,
    received_at: datetime | None = None,
    historical: bool = False,
    cause: dict[str, Any] | None = None,
    **entry: Any,
) -> UUID | None:
    """Record that `name` happened to `account` at `at`. Returns the event's id, None when its key was known already.

    `received_at` defaults to `at`. `entry` may hold title, body, icon, tone, url and user_id of the timeline entry.
    """
    fact = Fact(pk(account), name, at, pk(contact), pk(source), key, props or {}, quantity, received_at, historical, cause=cause, **entry)
    result = record_batch([fact], at=received_at or at)
    return result.ids[0] if result.ids else None


def record_batch(facts: Sequence[Fact], *, at: datetime, claimed: bool = False) -> RecordResult:
    """Record many events in one transaction with a constant number of statements.

    `at` is the instant at which they are received (and known, unless historical). With `claimed` the caller has claimed
    the item keys itself. Facts with a key that is known already are skipped.
    """
    with transaction.atomic():
        fresh = list(facts) if claimed else unclaimed(facts, at)
        if not fresh:
            return RecordResult([], len(facts), None)
        zone = Installation.load().zone
        partitions.ensure(f.occurred_at for f in fresh)
        batch_id = log_facts("events", fresh, at)
        rows = [row(f, at, zone, batch_id) for f in fresh]
        insert(rows)
        counting.add(rows, zone)
        timeline.enter(list(zip(fresh, rows, strict=True)))
        counting.mark_accounts(rows)
    return RecordResult([r.id for r in rows], len(facts) - len(fresh), batch_id)


def claim(source_id: int, keys: Iterable[str], *, at: datetime) -> set[str]:
    """Claim item keys of a source; returns those that were new. A key claimed before, or twice here, is not returned twice."""
    wanted = sorted(set(keys))
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_itemkey (source_id, key, at) select %s, k, %s from json_array_elements_text(%s::json) k"
            " on conflict do nothing returning key",
            [source_id, at, json.dumps(wanted)],
        )
        return {key for (key,) in cursor.fetchall()}


def unclaimed(facts: Sequence[Fact], at: datetime) -> list[Fact]:
    """The facts whose keys are new, each key once; facts without key always."""
    by_source: dict[int, set[str]] = {}
    for fact in facts:
        if fact.key:
            by_source.setdefault(fact.source_id, set()).add(fact.key)
    fresh = {source: claim(source, keys, at=at) for source, keys in by_source.items()}
    return [f for f in facts if not f.key or take(fresh[f.source_id], f.key)]


def take(keys: set[str], key: str) -> bool:
    """Whether `key` is in `keys`, which loses it."""
    try:
        keys.remove(key)
    except KeyError:
        return False
    return True


def event_id(source_id: int, key: str) -> UUID:
    """The id of the event with this item key: UUIDv5, so that a replay makes the same id."""
    return uuid5(NAMESPACE, f"{source_id}:{key}") if key else uuid4()


@dataclass(slots=True)
class Row:
    """An Event as it is written; see customers.models.Event for the columns."""

    id: UUID
    account_id: int
    contact_id: int
    name: str
    quantity: Decimal
    props: str
    occurred_at: datetime
    received_at: datetime
    known_at: datetime
    source_id: int
    delivery_id: int | None
    batch_id: int
    anonymous_id: str | None
    historical: bool
    late: bool
    cause: str | None
    flags: str | None
    day: Any


def row(fact: Fact, at: datetime, zone: str, batch_id: int) -> Row:
    received = fact.received_at or at
    known = fact.occurred_at if fact.historical else received
    day = clock.local_day(fact.occurred_at, zone)
    return Row(
        event_id(fact.source_id, fact.key),
        fact.account_id,
        fact.contact_id,
        fact.name,
        Decimal(fact.quantity),  # all of one type, as a statement wants them
        fact.props if isinstance(fact.props, str) else to_json(fact.props),
        fact.occurred_at,
        received,
        known,
        fact.source_id,
        fact.delivery_id,
        batch_id,
        fact.anonymous_id,
        fact.historical,
        known > fact.occurred_at and clock.local_day(known, zone) > day,
        to_json(fact.cause) if fact.cause else None,
        to_json(fact.flags) if fact.flags else None,
        day,
    )


COLUMNS = {
    "id": "uuid",
    "account_id": "bigint",
    "contact_id": "bigint",
    "name": "text",
    "quantity": "numeric",
    "props": "jsonb",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "known_at": "timestamptz",
    "source_id": "bigint",
    "delivery_id": "bigint",
    "batch_id": "bigint",
    "anonymous_id": "text",
    "historical": "boolean",
    "late": "boolean",
    "cause": "jsonb",
    "flags": "jsonb",
}
INSERT = (
    f"insert into customers_event ({', '.join(COLUMNS)}) select * from unnest("  # noqa: S608
    + ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]{'::jsonb[]' if kind == 'jsonb' else ''}" for kind in COLUMNS.values())
    + ") on conflict do nothing"
)


COPY = f"copy customers_event ({', '.join(COLUMNS)}) from stdin"
written = attrgetter(*COLUMNS)
MANY = 20


def insert(rows: list[Row]) -> None:
    """Write the events. Many go by COPY, three times as fast; their keys are claimed, so none can be there already."""
    if len(rows) > MANY:
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for r in rows:
                copy.write_row(written(r))
        return
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [list(values) for values in zip(*map(written, rows), strict=True)])


def log_facts(kind: str, facts: Sequence[Fact], at: datetime) -> int:
    """Append one row to the fact log; returns its id, the batch of these events."""
    times = [f.occurred_at for f in facts]
    accounts = sorted({f.account_id for f in facts if f.account_id})
    return log(kind, at=at, accounts=accounts, names=sorted({f.name for f in facts}), paths=[], from_at=min(times), to_at=max(times))


def log(kind: str, *, at: datetime, accounts: list[int], names: list[str], paths: list[str], from_at: datetime, to_at: datetime) -> int:
    """Append one row to the fact log: a transaction of `kind` (events, traits, moved) touched these accounts, names and paths."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_factlog (at, kind, account_ids, names, paths, from_at, to_at) values (%s, %s, %s, %s, %s, %s, %s) returning id",
            [at, kind, json.dumps(accounts), json.dumps(names), json.dumps(paths), from_at, to_at],
        )
        return int(cursor.fetchone()[0])


encoder = DjangoJSONEncoder(separators=(",", ":"))


def to_json(value: Any) -> str:
    """JSON text for PostgreSQL; dates, Decimals and UUIDs become strings."""
    return encoder.encode(value)


def pk(record_or_id: Any) -> int:
    return record_or_id if isinstance(record_or_id, int) else record_or_id.pk
