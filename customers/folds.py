"""Machine noise of one day in one line: "38 logins by 5 people, 4 reports viewed", and the events behind it when it is opened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from crm.lib import clock
from crm.models import Installation, User
from customers.activity import amount
from customers.catalogue import label_of
from customers.models import Account, Event, EventType
from customers.names import names_of

SHOWN = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One event name of that day: how much (the sum of its quantities), by how many contacts (0: not known), at how many accounts.

    `events`: in how many events.
    """

    name: str
    label: str
    n: int | float
    people: int = 0
    accounts: int = 1
    events: int = 0

    @property
    def text(self) -> str:
        return counted(self.label, self.n)


@dataclass(frozen=True, slots=True)
class Fold:
    """What happened on a local day besides entries, at one account or (account_id 0) at all visible ones.

    `at` is the first instant of the day. `lines` come with the most frequent first.
    """

    account_id: int
    day: date
    at: datetime
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """ "38 logins by 5 people, 4 reports viewed and 2 more kinds"."""
        first = self.lines[0]
        by = f" by {first.people} {'person' if first.people == 1 else 'people'}" if first.people else ""
        where = f" at {first.accounts:,} account{'' if first.accounts == 1 else 's'}" if not self.account_id else ""
        text = ", ".join([first.text + by + where, *(line.text for line in self.lines[1:SHOWN])])
        more = len(self.lines) - SHOWN
        return f"{text} and {more} more kind{'' if more == 1 else 's'}" if more > 0 else text

    @property
    def total(self) -> int | float:
        return sum(line.n for line in self.lines)


LOUD = "select name from customers_eventtype where timeline <> 'fold'"
OF_ACCOUNT = f"""
select a.day, a.name, coalesce(t.label, ''), a.total, cardinality(a.contact_ids), a.n
from (select distinct d.day from customers_activityday d
        where d.account_id = %(account)s and d.day <= %(last)s and d.name not in ({LOUD}) order by d.day desc limit %(limit)s) x
join customers_activityday a on a.account_id = %(account)s and a.day = x.day and a.name not in ({LOUD})
left join customers_eventtype t on t.name = a.name
order by a.day desc, a.n desc, a.name
"""  # noqa: S608


def of_account(account_id: int, last: date, limit: int, zone: str) -> list[Fold]:
    """The newest days with folded events up to `last`, newest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ACCOUNT, {"account": account_id, "last": last, "limit": limit})
        rows = [
            (day, Line(name, label_of(name, label), amount(total), people, 1, n))
            for day, name, label, total, people, n in cursor.fetchall()
        ]
    return grouped(account_id, rows, zone)


OF_ALL = """
with recursive names as (
    (select name from customers_activityday order by name limit 1)
    union all
    select (select d.name from customers_activityday d where d.name > n.name order by d.name limit 1) from names n where n.name is not null)
select a.day, a.name, coalesce(t.label, ''), sum(a.total), count(*), sum(a.n)
from names n join customers_activityday a on a.name = n.name and a.day between %s and %s
left join customers_eventtype t on t.name = a.name
where coalesce(t.timeline, 'fold') = 'fold' and a.account_id in ({visible})
group by 1, 2, 3 order by 1 desc, 6 desc, 2
"""


def of_all(user: User, first: date, last: date, zone: str) -> list[Fold]:
    """Days between `first` and `last` summed over the accounts that the user may see. Two queries."""
    if first > last:
        return []
    visible, params = Account.objects.visible_to(user).order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(OF_ALL.replace("{visible}", visible), [first, last, *params])
        rows = [
            (day, Line(name, label_of(name, label), amount(total), 0, accounts, int(n)))
            for day, name, label, total, accounts, n in cursor.fetchall()
        ]
    return grouped(0, rows, zone)


def grouped(account_id: int, rows: Iterable[tuple[date, Line]], zone: str) -> list[Fold]:
    days: dict[date, list[Line]] = {}
    for day, line in rows:
        days.setdefault(day, []).append(line)
    return [Fold(account_id, day, clock.local_midnight(day, zone), tuple(lines)) for day, lines in days.items()]


def counted(label: str, n: float) -> str:
    """A count with its event in words: (Login, 2) -> "2 logins", (Report viewed, 4) -> "4 reports viewed", else "4 × signed up"."""
    words = label.replace("_", " ").replace(".", " ").replace("-", " ").lower().split() or ["event"]
    done = [i for i, word in enumerate(words) if word.endswith("ed") and len(word) > 3]
    if n != 1 and done and done[0] == 0:
        return f"{n:,} × {' '.join(words)}"
    if n != 1:
        noun = done[0] - 1 if done else len(words) - 1
        words[noun] = plural(words[noun])
    return f"{n:,} {' '.join(words)}"


def plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun if noun.endswith("s") else noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else noun + "s"


@dataclass(frozen=True, slots=True)
class Opened:
    """One page of the events of a fold, newest first; `older` = (occurred_at, id) of the next page's start."""

    events: list[tuple[Event, str]]
    older: tuple[datetime, UUID] | None


def events_of(account: Account, day: date, *, name: str = "", before: tuple[datetime, UUID] | None = None, limit: int = 50) -> Opened:
    """The folded events of a local day, each with its contact's name. Three queries."""
    zone = Installation.load().zone
    first, last = clock.local_midnight(day, zone), clock.local_midnight(day + timedelta(days=1), zone)
    rows = Event.objects.filter(account_id=account.pk, occurred_at__gte=first, occurred_at__lt=last)
    loud = EventType.objects.exclude(timeline=EventType.Timeline.FOLD).values("name")
    rows = rows.filter(name=name) if name else rows.exclude(name__in=loud)
    if before:
        at, key = before
        rows = rows.filter(Q(occurred_at__lt=at) | Q(occurred_at=at, id__lt=key), occurred_at__lte=at)
    found: list[Any] = list(rows.order_by("-occurred_at", "-id")[: limit + 1])
    names = names_of(found[:limit])
    older = (found[limit - 1].occurred_at, found[limit - 1].id) if len(found) > limit else None
    return Opened([(event, names.contact(event.contact_id)) for event in found[:limit]], older)
