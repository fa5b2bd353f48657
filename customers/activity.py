"""Usage as a panel shows it: what the account's people do, how many of them, and who was seen when. Reads daily counts only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection

from crm.lib import clock
from crm.models import Installation
from customers.catalogue import label_of
from customers.models import Account

DAYS = 90
WINDOW = 30


@dataclass(frozen=True, slots=True)
class Series:
    """One event name by day, oldest first: the sum of its quantities, which is the number of events where each counts as one.

    `recent` and `before`: the same in the last 30 complete days, and in the 30 before.
    """

    name: str
    label: str
    values: list[int | float]
    recent: int | float
    before: int | float

    @property
    def total(self) -> int | float:
        return sum(self.values)

    @property
    def change_pct(self) -> int | None:
        """Percent against the 30 days before; None without any then."""
        return None if not self.before else round((self.recent - self.before) * 100 / self.before)


@dataclass(frozen=True, slots=True)
class Active:
    """Distinct contacts seen in the last 7 and 30 days, today included, and in the same spans before."""

    week: int = 0
    week_before: int = 0
    month: int = 0
    month_before: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """`series`: the most used event name first. Empty without any use: "No usage: connect tracking"."""

    days: list[date]
    series: list[Series]
    active: Active

    @property
    def top(self) -> list[Series]:
        """The five most used in the last 30 days."""
        return sorted((s for s in self.series if s.recent), key=lambda s: -s.recent)[:5]


COUNTS = """
select a.name, coalesce(t.label, ''), a.day, a.total from customers_activityday a left join customers_eventtype t on t.name = a.name
where a.account_id = %s and a.day between %s and %s and coalesce(t.timeline, 'fold') = 'fold'
    and not starts_with(a.name, 'playbook.') and not starts_with(a.name, 'task.')
"""


def usage(account: Account | int, *, at: datetime, days: int = DAYS) -> Usage:
    """Daily series per event name over the last `days` days up to today. Three queries."""
    account_id = account if isinstance(account, int) else account.pk
    today = clock.local_day(at, Installation.load().zone)
    first = today - timedelta(days=days - 1)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [account_id, first, today])
        rows = cursor.fetchall()
    counts: dict[tuple[str, str], dict[date, int | float]] = {}
    for name, label, day, total in rows:
        counts.setdefault((name, label_of(name, label)), {})[day] = amount(total)
    span = [first + timedelta(days=i) for i in range(days)]
    series = [one(name, label, by_day, span) for (name, label), by_day in counts.items()]
    return Usage(span, sorted(series, key=lambda s: (-s.total, s.name)), active_users(account_id, today))


def amount(total: Decimal) -> int | float:
    """A sum of quantities as a number for people: whole where it is whole, else to two places."""
    return int(total) if total == total.to_integral_value() else float(round(total, 2))


def one(name: str, label: str, by_day: dict[date, int | float], span: list[date]) -> Series:
    values = [by_day.get(day, 0) for day in span]
    return Series(name, label, values, sum(values[-1 - WINDOW : -1]), sum(values[-1 - 2 * WINDOW : -1 - WINDOW]))


ACTIVE = """
select count(distinct contact_id) filter (where day > %(today)s - 7),
    count(distinct contact_id) filter (where day > %(today)s - 14 and day <= %(today)s - 7),
    count(distinct contact_id) filter (where day > %(today)s - 30),
    count(distinct contact_id) filter (where day > %(today)s - 60 and day <= %(today)s - 30)
from customers_contactday where account_id = %(account)s and day > %(today)s - 60 and day <= %(today)s
"""


def active_users(account_id: int, today: date) -> Active:
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, {"account": account_id, "today": today})
        return Active(*cursor.fetchone())


def last_seen(account: Account | int, contact_ids: Sequence[int] | None = None) -> dict[int, datetime]:
    """When each contact of the account (or each of these) last did something: contact id -> instant. One query."""
    account_id = account if isinstance(account, int) else account.pk
    only = "" if contact_ids is None else " and contact_id = any(%(ids)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select contact_id, max(last_at) from customers_contactday where account_id = %(account)s{only} group by contact_id",  # noqa: S608
            {"account": account_id, "ids": None if contact_ids is None else list(contact_ids)},
        )
        return dict(cursor.fetchall())
