"""Which account an event of a contact belongs to: dated memberships, and the group a contact worked in last.

Order: the account the event names itself (not decided here), else the group of the contact's last 30 minutes, else the only
membership valid at that time, else none: never a guess.
"""

from bisect import bisect_right, insort
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from customers.identity import to_json
from customers.models import GroupMark

SESSION = timedelta(minutes=30)
STATED = "group_stated"


@dataclass(slots=True)
class Places:
    """The accounts of one contact: account id -> [from, to], and the (at, account id) marks of its group calls."""

    valid: dict[int, tuple[datetime, datetime | None]] = field(default_factory=dict)
    marks: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def several(self) -> bool:
        return len(self.valid) > 1

    def account_at(self, at: datetime) -> int:
        """The account an event at `at` belongs to when it names none; 0 when none or several are possible."""
        if self.marks:
            place = bisect_right(self.marks, at, key=lambda m: m[0])
            if place and at - self.marks[place - 1][0] <= SESSION:
                return self.marks[place - 1][1]
        possible = [account for account in self.valid if self.covers(account, at)]
        return possible[0] if len(possible) == 1 else 0

    def add_mark(self, at: datetime, account: int) -> None:
        insort(self.marks, (at, account))

    def covers(self, account: int, at: datetime) -> bool:
        """The earliest membership also covers the time before it: nobody starts before belonging somewhere."""
        start, end = self.valid[account]
        began = start <= at or (start, account) == self.earliest
        return began and (end is None or at < end)

    @property
    def earliest(self) -> tuple[datetime, int]:
        return min((start, account) for account, (start, _) in self.valid.items())


def load(contact_ids: Collection[int]) -> dict[int, Places]:
    """The memberships of these contacts. One query."""
    found = {contact: Places() for contact in contact_ids}
    if not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            "select m.contact_id, m.account_id, m.from_at, m.to_at from json_array_elements_text(%s::json) c"
            " join customers_membership m on m.contact_id = c::bigint",
            [to_json(sorted(found))],
        )
        for contact, account, start, end in cursor.fetchall():
            found[contact].valid[account] = (start, end)
    return found


def join(stated: Mapping[tuple[int, int], datetime], places: dict[int, Places]) -> dict[int, datetime]:
    """Make or extend memberships from (contact, account) -> earliest statement; keeps `places` up to date.

    Returns the contacts whose accounts changed, with the instant since when (datetime.min with a zone: always).
    """
    changed: dict[int, datetime] = {}
    rows = []
    for (contact, account), at in sorted(stated.items()):
        here = places[contact]
        start, end = here.valid.get(account, (None, None))
        if start is not None and start <= at:
            continue
        before = here.earliest if here.valid else None
        here.valid[account] = (at, end)
        since = min(at, start or at) if before == here.earliest else datetime.min.replace(tzinfo=at.tzinfo)
        changed[contact] = min(since, changed.get(contact, since))
        rows.append((contact, account, at))
    write(rows)
    return changed


def write(rows: list[tuple[int, int, datetime]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_membership (contact_id, account_id, from_at, role)"
            " select c, a, f, '' from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) as n (c, a, f)"
            " on conflict (contact_id, account_id) do update set from_at = excluded.from_at",
            [[r[i] for r in rows] for i in range(3)],
        )


def mark(marks: Collection[tuple[int, int, datetime]]) -> None:
    """Write down group calls as (contact, account, at)."""
    rows = [GroupMark(contact_id=c, account_id=a, at=at) for c, a, at in sorted(set(marks))]
    GroupMark.objects.bulk_create(rows, ignore_conflicts=True)


MARKS = """
select contact_id, at, account_id from customers_groupmark where contact_id = any(%s)
union
select e.contact_id, e.occurred_at, e.account_id
from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) as p (contact_id, account_id, since)
join customers_event e on e.account_id = p.account_id and e.contact_id = p.contact_id and e.occurred_at >= p.since
where e.flags ? %s and e.source_id = any(%s)
order by 1, 2, 3
"""


def load_marks(places: Mapping[int, Places], source_ids: list[int], since: Mapping[int, datetime]) -> None:
    """Fill in the marks of contacts with several accounts, from `since` on: group calls and events that named their account."""
    several = [c for c, p in places.items() if p.several]
    if not several:
        return
    pairs = [(c, a) for c in several for a in sorted(places[c].valid)]
    columns = [[p[0] for p in pairs], [p[1] for p in pairs], [floor(since[p[0]]) for p in pairs]]
    with connection.cursor() as cursor:
        cursor.execute(MARKS, [several, *columns, STATED, source_ids])
        for contact, at, account in cursor.fetchall():
            places[contact].marks.append((at, account))


def floor(at: datetime) -> datetime:
    """`at` less one session; the beginning of time stays what PostgreSQL can hold."""
    return at - SESSION if at.year > 1 else at
