"""Moving events to the account they belong to, when identity is learnt late. An Event is immutable, so a move writes a copy
with the same id, key and known_at plus `attributed_at`, and deletes the old row in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from crm.lib import clock
from crm.models import Installation
from customers import counting, events, timeline
from customers.models import Event, EventType

MOVED = "name, quantity, props, occurred_at, received_at, known_at, source_id, delivery_id, anonymous_id, historical, cause, flags, id"
MOVE = f"""
with gone as (
    delete from customers_event e
    using unnest(%(accounts)s::bigint[], %(times)s::timestamptz[], %(ids)s::uuid[], %(to_accounts)s::bigint[], %(to_contacts)s::bigint[])
        as m (account_id, occurred_at, id, to_account, to_contact)
    where e.account_id = m.account_id and e.occurred_at = m.occurred_at and e.id = m.id
    returning e.*, m.to_account, m.to_contact)
insert into customers_event ({MOVED}, account_id, contact_id, attributed_at, late, batch_id)
select {MOVED}, to_account, to_contact, case when historical then attributed_at else %(at)s::timestamptz end, late or not historical, %(batch)s from gone
returning account_id, name, occurred_at, contact_id, id
"""  # noqa: S608


Moved = tuple[int, str, datetime, int, UUID]  # account now, name, occurred_at, contact now, id


def move(moves: Sequence[tuple[int, datetime, UUID, int, int]], *, at: datetime) -> int:
    """Move events given as (account now, occurred_at, id, new account, new contact). Returns how many moved.

    Counts of both accounts are made again from events; the fact log says `moved`, which starts no event trigger.
    """
    if not moves:
        return 0
    zone = Installation.load().zone
    with transaction.atomic():
        accounts = sorted({a for m in moves for a in (m[0], m[3]) if a})
        times = [m[1] for m in moves]
        batch = events.log("moved", at=at, accounts=accounts, names=[], paths=[], from_at=min(times), to_at=max(times))
        moved = execute(moves, at, batch)
        before = {m[2]: m[0] for m in moves}
        counting.recount({(a, name, clock.local_day(t, zone)) for (now, name, t, _, pk) in moved for a in (before[pk], now)}, zone)
        mark(moved)
        follow(moved)
    return len(moved)


def execute(moves: Sequence[tuple[int, datetime, UUID, int, int]], at: datetime, batch: int) -> list[Moved]:
    names = ("accounts", "times", "ids", "to_accounts", "to_contacts")
    params: dict[str, Any] = {name: [m[i] for m in moves] for i, name in enumerate(names)}
    with connection.cursor() as cursor:
        cursor.execute(MOVE, {**params, "at": at, "batch": batch})
        return cursor.fetchall()


def mark(moved: list[Moved]) -> None:
    marks: dict[int, tuple[datetime, datetime, None]] = {}
    for account, _, occurred, _, _ in moved:
        if account:
            low, high, _none = marks.get(account, (occurred, occurred, None))
            marks[account] = (min(low, occurred), max(high, occurred), None)
    counting.mark(marks)


ENTRY = "at, id, known_at, kind, name, title, body, icon, tone, user_id, source_id, url, props, pinned"
FOLLOW = f"""
with gone as (
    delete from customers_timelineentry t
    using unnest(%s::uuid[], %s::timestamptz[], %s::bigint[], %s::bigint[]) as m (id, at, to_account, to_contact)
    where t.id = m.id and t.at = m.at and t.account_id <> m.to_account
    returning t.*, m.to_account, m.to_contact)
insert into customers_timelineentry ({ENTRY}, account_id, contact_id)
select {ENTRY}, to_account, to_contact from gone where to_account <> 0 on conflict do nothing
"""  # noqa: S608


def follow(moved: list[Moved]) -> None:
    """Entries of the timeline go along with their events; what had none, for want of an account, gets one."""
    if not moved:
        return
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW, [[m[4] for m in moved], [m[2] for m in moved], [m[0] for m in moved], [m[3] for m in moved]])
    told = EventType.objects.filter(name__in={m[1] for m in moved}, timeline=EventType.Timeline.ENTRY).values_list("name", flat=True)
    names = set(told)
    ids = [m for m in moved if m[1] in names and m[0]]
    if ids:
        rows = Event.objects.filter(account_id__in={m[0] for m in ids}, occurred_at__in={m[2] for m in ids}, id__in=[m[4] for m in ids])
        timeline.enter([(events.Fact(e.account_id, e.name, e.occurred_at, props=e.props), e) for e in rows])
