"""What My day shows beside the ranked list: four numbers, what moved since yesterday, the next renewals. Reads only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from crm.lib import clock
from crm.models import Installation, TeamMember, User
from customers import health_news, ranking, scorecards
from customers.models import Account, AccountState, Score, ScorecardVersion, Task
from customers.scoring import Part, Past, change, sentence


@dataclass(frozen=True, slots=True)
class Numbers:
    """Tasks due today and overdue (user's zone), accounts newly at risk since yesterday, ARR at risk (minor units of `currency`)."""

    due_today: int
    overdue: int
    new_risks: int
    at_risk_minor: int
    at_risk_accounts: int
    currency: str


def numbers(user: User, *, at: datetime, team: bool = False) -> Numbers:
    """The four numbers of the person's book, or of their teams' books. Five queries."""
    installation = Installation.load()
    today = clock.local_day(at, user.zone)
    start, end = clock.local_midnight(today, user.zone), clock.local_midnight(today + timedelta(days=1), user.zone)
    tasks = ranking.mine(user, team=team).filter(status=Task.Status.OPEN)
    due = tasks.aggregate(today=Count("pk", filter=Q(due_at__gte=start, due_at__lt=end)), late=Count("pk", filter=Q(due_at__lt=start)))
    risky = AccountState.objects.filter(account__in=book(user, team=team).values("pk"), band="risk").exclude(lifecycle="churned")
    money = risky.aggregate(minor=Sum("arr_base_minor"), n=Count("pk"))
    day = clock.local_day(at, installation.zone)
    return Numbers(
        due["today"], due["late"], new_risks(user, day, team=team).count(), money["minor"] or 0, money["n"], installation.currency
    )


def new_risks(user: User, day: date, *, team: bool = False) -> QuerySet[AccountState]:
    """Accounts of the book that are at risk now and were not in yesterday's score."""
    yesterday = Score.objects.filter(day=day - timedelta(days=1)).exclude(band="risk").values("account_id")
    return AccountState.objects.filter(account__in=book(user, team=team).values("pk"), band="risk", pk__in=yesterday)


def at_risk(user: User, *, team: bool = False, limit: int = 6) -> QuerySet[Account]:
    """The accounts of the book that are at risk, dearest first, with their state. One query."""
    found = book(user, team=team).filter(state__band="risk").exclude(state__lifecycle="churned").select_related("state")
    return found.order_by(F("state__arr_base_minor").desc(nulls_last=True), "pk")[:limit]


def book(user: User, *, team: bool = False) -> QuerySet[Account]:
    """The accounts that the person, or somebody of their teams, owns."""
    visible = Account.objects.visible_to(user)
    if not team:
        return visible.filter(owner=user)
    return visible.filter(Q(owner=user) | Q(owner__in=TeamMember.objects.filter(team__members=user).values("user")))


@dataclass(frozen=True, slots=True)
class Moved:
    """An account whose score moved since the day before, with the causes; their points add up to the difference."""

    account_id: int
    name: str
    from_score: int
    score: int
    band: str
    parts: list[Part]

    @property
    def points(self) -> int:
        return self.score - self.from_score

    @property
    def causes(self) -> str:
        """The two largest: "usage −19 · tickets −6"."""
        return sentence(self.parts, most=2)


MOVED = """
select n.account_id, a.name, p.score, n.score, n.band, p.points::text, n.points::text, p.version_id, n.version_id
from customers_score n
join customers_score p on p.account_id = n.account_id and p.day = n.day - 1 and p.score <> n.score
join customers_account a on a.id = n.account_id
where n.day = (select max(day) from customers_score where day <= %s) and n.account_id in ({book})
order by abs(n.score - p.score) desc, n.account_id limit %s
"""


def moved(user: User, *, at: datetime, team: bool = False, limit: int = 8) -> list[Moved]:
    """Accounts of the book with the largest moves between the newest day of scores and the day before. Four queries."""
    day = clock.local_day(at, Installation.load().zone)
    ids, params = book(user, team=team).order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(MOVED.replace("{book}", ids), [day, *params, limit])
        rows = cursor.fetchall()
    labels = labels_of({row[-1] for row in rows} | {row[-2] for row in rows})
    return [as_moved(row, labels) for row in rows]


def labels_of(version_ids: set[int]) -> Mapping[str, str]:
    """Factor key -> label of these versions, the newest one's where they differ."""
    versions = ScorecardVersion.objects.filter(pk__in=version_ids).order_by("pk") if version_ids else []
    return {factor.key: factor.label for version in versions for factor in scorecards.card_of(version).factors}


def as_moved(row: tuple[Any, ...], labels: Mapping[str, str]) -> Moved:
    account, name, old, new, band, past, now, past_version, version = row
    then = Past(past_version, old, health_news.stored(json.loads(past)))
    parts = change(then, Past(version, new, health_news.stored(json.loads(now))), labels)
    return Moved(account, name, old, new, band, parts)


def next_renewals(user: User, *, at: datetime, team: bool = False, limit: int = 3) -> QuerySet[Account]:
    """The accounts of the book that renew next, with their state."""
    today = clock.local_day(at, user.zone)
    return book(user, team=team).filter(state__renewal_on__gte=today).select_related("state").order_by("state__renewal_on", "pk")[:limit]
