"""ActivityDay and ContactDay: counts per local day, added to by every batch and recounted exactly after a move.

Rows of account 0 (not attributed) are not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from crm.lib.sql import arrays, rows_of
from customers.models.activity import CONTACTS_KEPT


@dataclass(slots=True)
class Day:
    n: int = 0
    total: Decimal | int = 0
    min: Decimal | int | None = None
    max: Decimal | int | None = None
    last: Decimal | int = 0
    last_at: datetime | None = None
    contacts: set[int] = field(default_factory=set)

    def add(self, row: Any) -> None:
        q = row.quantity
        self.n += 1
        self.total += q
        self.min = q if self.min is None or q < self.min else self.min
        self.max = q if self.max is None or q > self.max else self.max
        if self.last_at is None or row.occurred_at >= self.last_at:
            self.last, self.last_at = q, row.occurred_at
        if row.contact_id and len(self.contacts) < CONTACTS_KEPT:
            self.contacts.add(row.contact_id)


def add(rows: Sequence[Any], zone: str) -> None:
    """Count new events in. `rows` are customers.events.Row with `day` in the installation's zone."""
    days: dict[tuple[int, str, date], Day] = {}
    people: dict[tuple[int, int, date], list[Any]] = {}
    for row in rows:
        if not row.account_id:
            continue
        days.setdefault((row.account_id, row.name, row.day), Day()).add(row)
        if row.contact_id and row.source_id:
            people.setdefault((row.account_id, row.contact_id, row.day), []).append(row.occurred_at)
    upsert_days(days)
    upsert_people(people)


COUNTED = {
    "account_id": "bigint",
    "name": "text",
    "day": "date",
    "n": "int",
    "total": "numeric",
    "min": "numeric",
    "max": "numeric",
    "last": "numeric",
    "last_at": "timestamptz",
    "contacts": "text",
}
ADD_DAYS = f"""
insert into customers_activityday as a (account_id, name, day, n, total, min, max, last, last_at, contact_ids)
select account_id, name, day, n, total, min, max, last, last_at,
       (select coalesce(array_agg(c::bigint), '{{}}') from unnest(string_to_array(nullif(contacts, ''), ',')) c)
from {rows_of(COUNTED)}
on conflict (account_id, name, day) do update set
    n = a.n + excluded.n, total = a.total + excluded.total, min = least(a.min, excluded.min), max = greatest(a.max, excluded.max),
    last = case when excluded.last_at >= a.last_at then excluded.last else a.last end,
    last_at = greatest(a.last_at, excluded.last_at),
    contact_ids = case when excluded.contact_ids <@ a.contact_ids or cardinality(a.contact_ids) >= {CONTACTS_KEPT} then a.contact_ids
        else (select (array_agg(distinct c))[:{CONTACTS_KEPT}] from unnest(a.contact_ids || excluded.contact_ids) c) end
"""  # noqa: S608


def upsert_days(days: dict[tuple[int, str, date], Day]) -> None:
    if not days:
        return
    rows = [
        (*key, d.n, d.total, d.min, d.max, d.last, d.last_at, ",".join(map(str, sorted(d.contacts)))) for key, d in sorted(days.items())
    ]
    with connection.cursor() as cursor:
        cursor.execute(ADD_DAYS, arrays(zip(*rows, strict=True)))


SEEN = {"account_id": "bigint", "contact_id": "bigint", "day": "date", "events": "int", "last_at": "timestamptz"}
ADD_PEOPLE = f"""
insert into customers_contactday as c ({", ".join(SEEN)}) select * from {rows_of(SEEN)}
on conflict (account_id, contact_id, day) do update
set events = c.events + excluded.events, last_at = greatest(c.last_at, excluded.last_at)
"""  # noqa: S608


def upsert_people(people: dict[tuple[int, int, date], list[datetime]]) -> None:
    if not people:
        return
    rows = [(*key, len(times), max(times)) for key, times in sorted(people.items())]
    with connection.cursor() as cursor:
        cursor.execute(ADD_PEOPLE, arrays(zip(*rows, strict=True)))


MARKED = {"account_id": "bigint", "first": "timestamptz", "last": "timestamptz", "contact": "timestamptz"}
MARK = f"""
update customers_accountstate s set
    last_event_at = greatest(s.last_event_at, d.last),
    last_contact_at = greatest(s.last_contact_at, d.contact),
    started_at = case when exists (select from customers_trait t where t.account_id = s.account_id and t.contact_id = 0 and t.path = 'created_at')
        then s.started_at else least(s.started_at, d.first) end
from (select * from {rows_of(MARKED)} order by 1) d
where s.account_id = d.account_id and (s.last_event_at is null or d.last > s.last_event_at or s.started_at is null or d.first < s.started_at
    or (d.contact is not null and (s.last_contact_at is null or d.contact > s.last_contact_at)))
"""  # noqa: S608


def mark_accounts(rows: Sequence[Any]) -> None:
    """Move the marks of AccountState: first and last event from outside, last contact (by the event catalogue)."""
    names = {row.name for row in rows}
    with connection.cursor() as cursor:
        cursor.execute("select name from customers_eventtype where counts_as_contact and name = any(%s)", [list(names)])
        contact_names = {name for (name,) in cursor.fetchall()}
    mark(marks_of(rows, contact_names))


def mark(marks: dict[int, tuple[datetime, datetime, datetime | None]]) -> None:
    """Widen the marks of these accounts: account -> (earliest, latest, latest contact)."""
    if marks:
        rows = [(account, *times) for account, times in sorted(marks.items())]
        with connection.cursor() as cursor:
            cursor.execute(MARK, arrays(zip(*rows, strict=True)))


def marks_of(rows: Sequence[Any], contact_names: set[str]) -> dict[int, tuple[Any, Any, Any]]:
    """account -> (earliest, latest, latest contact) of the events that came from a source."""
    marks: dict[int, tuple[Any, Any, Any]] = {}
    for row in rows:
        if not row.account_id or not (row.source_id or row.name in contact_names):
            continue
        at = row.occurred_at
        low, high, contact = marks.get(row.account_id, (at, at, None))
        if row.name in contact_names and (contact is None or at > contact):
            contact = at
        marks[row.account_id] = (min(low, at), max(high, at), contact)
    return marks


RECOUNT_DAYS = f"""
insert into customers_activityday (account_id, name, day, n, total, min, max, last, last_at, contact_ids)
select e.account_id, e.name, k.day, count(*), sum(quantity), min(quantity), max(quantity),
       (array_agg(quantity order by occurred_at desc))[1], max(occurred_at),
       coalesce((array_agg(distinct contact_id) filter (where contact_id > 0))[:{CONTACTS_KEPT}], '{{}}')
from unnest(%(accounts)s::bigint[], %(names)s::text[], %(days)s::date[]) as k (account_id, name, day)
join customers_event e on e.account_id = k.account_id and e.name = k.name
    and e.occurred_at >= (k.day::timestamp at time zone %(zone)s) and e.occurred_at < ((k.day + 1)::timestamp at time zone %(zone)s)
group by e.account_id, e.name, k.day
"""  # noqa: S608
RECOUNT_PEOPLE = """
insert into customers_contactday (account_id, contact_id, day, events, last_at)
select e.account_id, e.contact_id, k.day, count(*), max(occurred_at)
from (select distinct * from unnest(%(accounts)s::bigint[], %(days)s::date[])) as k (account_id, day)
join customers_event e on e.account_id = k.account_id and e.contact_id > 0 and e.source_id > 0
    and e.occurred_at >= (k.day::timestamp at time zone %(zone)s) and e.occurred_at < ((k.day + 1)::timestamp at time zone %(zone)s)
group by e.account_id, e.contact_id, k.day
"""


def recount(keys: set[tuple[int, str, date]], zone: str) -> None:
    """Count these (account, name, day) again from the events themselves, and the people of those days."""
    wanted = sorted(k for k in keys if k[0])
    if not wanted:
        return
    params = {"accounts": [k[0] for k in wanted], "names": [k[1] for k in wanted], "days": [k[2] for k in wanted], "zone": zone}
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from customers_activityday a using unnest(%(accounts)s::bigint[], %(names)s::text[], %(days)s::date[]) as k (account_id, name, day)"
            " where a.account_id = k.account_id and a.name = k.name and a.day = k.day",
            params,
        )
        cursor.execute(
            "delete from customers_contactday c using unnest(%(accounts)s::bigint[], %(days)s::date[]) as k (account_id, day)"
            " where c.account_id = k.account_id and c.day = k.day",
            params,
        )
        cursor.execute(RECOUNT_DAYS, params)
        cursor.execute(RECOUNT_PEOPLE, params)
