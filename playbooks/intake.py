"""Reading the fact log: what became known since the last look, in slices, by a cursor that cannot lose a row.

Ids are given before commit, so only rows of transactions that can no longer be overtaken are read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from customers.conditions.values import matches
from customers.models import Cursor, Delivery, Source
from customers.traits import load as load_json
from playbooks.active import Active, Listener
from playbooks.matching.admission import Arrival
from playbooks.matching.keys import event_key

CONSUMER = "playbooks"
SLICE = 500


@dataclass(frozen=True)
class Logged:
    """One row of the fact log: one transaction of the two doors."""

    xid: int
    id: int
    kind: str
    accounts: frozenset[int]
    names: frozenset[str]
    paths: frozenset[str]
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class Arrived:
    """A newly arrived event of one account."""

    account_id: int
    id: str
    name: str
    props: dict[str, Any]
    arrival: Arrival
    batch_id: int


@dataclass(frozen=True)
class Slice:
    """What one look at the log found: `rows` known at its instant, `later` the ids of all rows seen that become known later.

    `place` is the (xid, id) up to which was looked; `seen` counts rows of both kinds.
    """

    rows: list[Logged]
    later: list[int]
    place: tuple[int, int]
    seen: int


COLUMNS = "xid, id, kind, account_ids, names, paths, from_at, to_at"
READ = f"""
select {COLUMNS}, at <= %s from customers_factlog
where (xid, id) > (%s, %s) and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
order by xid, id limit %s
"""  # noqa: S608
READ_LATER = f"select {COLUMNS}, true from customers_factlog where id = any(%s) and at <= %s order by xid, id limit %s"  # noqa: S608


def is_half_told(at: datetime) -> bool:
    """Whether a delivery of the last minute has not been applied yet: half a batch is never judged. Older ones no longer hold
    anything up. One query."""
    since = at - timedelta(seconds=settings.INGEST["QUIET_LIMIT_SECONDS"])
    waiting = Delivery.objects.filter(state=Delivery.State.RECEIVED, source__state=Source.State.LIVE)
    return waiting.filter(received_at__gt=since, received_at__lte=at).exists()


def lock_cursor() -> Cursor | None:
    """This app's cursor, locked; None while another worker reads. Call inside a transaction."""
    Cursor.objects.get_or_create(consumer=CONSUMER)
    return Cursor.objects.select_for_update(skip_locked=True).filter(consumer=CONSUMER).first()


def read_slice(cursor: Cursor, *, at: datetime, limit: int = SLICE) -> Slice:
    """The next rows after the cursor, and those put off before that are known by now. Two queries at the most.

    A row that becomes known after `at` (somebody wrote while an earlier instant is judged) holds up nothing behind it.
    """
    with connection.cursor() as db:
        due = []
        if cursor.later:
            db.execute(READ_LATER, [cursor.later, at, limit])
            due = [logged(*row) for row in db.fetchall()]
        db.execute(READ, [at, cursor.xid, cursor.row_id, limit])
        seen = [(logged(*row), row[-1]) for row in db.fetchall()]
    done = {row.id for row in due}
    later = [pk for pk in cursor.later if pk not in done] + [row.id for row, is_known in seen if not is_known]
    place = (seen[-1][0].xid, seen[-1][0].id) if seen else (cursor.xid, cursor.row_id)
    return Slice(due + [row for row, is_known in seen if is_known], later, place, len(due) + len(seen))


def logged(xid: int, pk: int, kind: str, accounts: Any, names: Any, paths: Any, from_at: datetime, to_at: datetime, _known: bool) -> Logged:  # noqa: FBT001
    return Logged(xid, pk, kind, *(frozenset(load_json(each)) for each in (accounts, names, paths)), from_at, to_at)


def move(cursor: Cursor, piece: Slice) -> None:
    """Put the cursor behind what was seen, and remember what was put off."""
    (cursor.xid, cursor.row_id), cursor.later = piece.place, piece.later
    cursor.save(update_fields=["xid", "row_id", "later"])


def touched(rows: list[Logged], names: frozenset[str], paths: frozenset[str]) -> set[int]:
    """The accounts for which one of these event names or trait paths was written, or which events were moved to or from."""
    found: set[int] = set()
    for row in rows:
        if row.names & names or row.paths & paths:
            found |= row.accounts
    return found


EVENTS = """
select account_id, id::text, name, props, occurred_at, known_at, historical, cause, batch_id
from customers_event
where account_id = any(%s) and name = any(%s) and occurred_at between %s and %s and batch_id = any(%s)
order by occurred_at, id
"""


def arrivals(rows: list[Logged], names: frozenset[str]) -> list[Arrived]:
    """The events with these names that the rows wrote, oldest first. Moved events are no arrivals. One query."""
    rows = [row for row in rows if row.kind == "events" and row.names & names and row.accounts]
    if not rows:
        return []
    accounts = sorted(frozenset().union(*(row.accounts for row in rows)))
    span = [min(row.from_at for row in rows), max(row.to_at for row in rows)]
    with connection.cursor() as db:
        db.execute(EVENTS, [accounts, sorted(names), *span, [row.id for row in rows]])
        return [_arrived(*row) for row in db.fetchall()]


def _arrived(account_id: int, pk: str, name: str, props: Any, occurred: datetime, known: datetime, *rest: Any) -> Arrived:
    historical, cause, batch_id = rest
    return Arrived(account_id, pk, name, load_json(props) or {}, Arrival(occurred, known, historical, load_json(cause)), batch_id)


def heard(active: Active, listener: Listener, events: list[Arrived], zone: str) -> list[Arrived]:
    """The events that this trigger is about: its name, its `where`, and recorded since the playbook runs."""
    after = active.playbook.listens_after
    return [
        event
        for event in events
        if event.name == listener.trigger.event and event.batch_id > after and matches(listener.where, event.props, zone)
    ]


def value_of(listener: Listener, event: Arrived) -> Any:
    """What tells this event from others of its trigger: the value at `key_by`, else its id."""
    value: Any = {"id": event.id, "name": event.name, "props": event.props}
    for part in (listener.trigger.key_by or "id").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return event.id if value is None else value


def key_of(listener: Listener, event: Arrived) -> str:
    """The event's dedupe key."""
    return event_key(listener.trigger.id, value_of(listener, event))
