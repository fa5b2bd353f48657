"""Why a score is what it is, and why it changed: read from stored rows, so that the answer is what was scored then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from crm.lib import clock
from crm.models import Installation
from customers import health_news, heartbeat, scorecards
from customers.conditions.facts import AccountFacts, Setting
from customers.conditions.load import load_facts, load_setting
from customers.conditions.measures import evaluate_measure
from customers.conditions.nodes import (
    AgeDays,
    ChangePct,
    ConditionValue,
    DaysSince,
    DaysUntil,
    Measure,
    Quantity,
    Usage,
    events_of,
    paths_of,
)
from customers.conditions.values import Unknown
from customers.models import Account, Score, ScorecardVersion
from customers.scoring import FULL, Card, Factor, Part, Past, Steps, change, in_words, sentence

CAUSES = {
    "no_value": "no data yet",
    "short_history": "too little history",
    "zero_baseline": "nothing to compare with",
    "low_baseline": "too little to compare with",
    "no_allowance": "no allowance on the plan",
    "no_rate": "no exchange rate",
    "wrong_type": "the value is not a number",
    "beyond_retention": "the events are no longer kept",
    "stale_feed": "the feed is silent",
}
LATER = "not known yet when this was scored"


@dataclass(frozen=True, slots=True)
class FactorWhy:
    """One factor of a score. `value` is the raw number, `text` the same in words; `share` is in percent of `possible`.

    `target` is the value that earns all points, `unit` that of both values: "%", "days", "yes or no" (1 or 0) or empty. `updated_at` is the newest fact behind it. `held_since` is the day of the
    value that `missing: hold` goes on counting.
    """

    key: str
    label: str
    weight: Decimal
    value: Decimal | None
    text: str
    target: Decimal
    share: Decimal | None
    points: int
    possible: int
    known: bool
    cause: str
    missing: str
    updated_at: datetime | None
    held_since: date | None
    unit: str = ""

    @property
    def gap(self) -> int:
        return self.possible - self.points

    @property
    def counts(self) -> bool:
        return self.share is not None


@dataclass(frozen=True, slots=True)
class Change:
    """From an earlier day's score to this one; the points of `parts` add up to `points`."""

    day: date
    from_score: int
    from_band: str
    points: int
    parts: list[Part]
    reconstructed: bool

    @property
    def sentence(self) -> str:
        return sentence(self.parts, most=len(self.parts)) or "nothing changed"

    def total(self, kind: str) -> int:
        """Points by kind: behaviour, configuration or missing."""
        return sum(part.points for part in self.parts if part.kind == kind)


@dataclass(frozen=True, slots=True)
class Why:
    """The score of an account on one day. `factors` come dearest first. `change` is None when there is nothing to compare with."""

    account_id: int
    day: date
    at: datetime
    score: int | None
    band: str
    known: int
    total: int
    version: ScorecardVersion
    oldest_at: datetime | None
    factors: list[FactorWhy]
    change: Change | None

    @property
    def coverage(self) -> str:
        return f"{self.known} of {self.total}"

    @property
    def oldest_days(self) -> int | None:
        """Age of the oldest known input in days."""
        return None if self.oldest_at is None else max((self.at - self.oldest_at).days, 0)


def why(account: Account | int, *, at: datetime, since: date | None = None) -> Why | None:
    """The newest score known at `at`, explained, and its change against the day `since` (default: 30 days before it).

    None when the account was not scored yet. A constant number of queries.
    """
    account_id = account if isinstance(account, int) else account.pk
    zone = Installation.load().zone
    day = clock.local_day(at, zone)
    rows = Score.objects.filter(account_id=account_id, day__lte=day)
    now = rows.order_by("-day").first()
    if now is None:
        return None
    then = earlier(account_id, now, since or now.day - timedelta(days=30))
    versions = ScorecardVersion.objects.select_related("scorecard").in_bulk([now.version_id])
    card = scorecards.card_of(versions[now.version_id])
    fresh = updated(account_id, card, now.at)
    causes = unknown_causes(account_id, [f for f in card.factors if not now.points.get(f.key, {}).get("known")], now.at)
    factors = [explained(factor, now.points.get(factor.key), fresh, causes.get(factor.key, "")) for factor in card.factors]
    factors.sort(key=lambda f: -f.gap * f.weight)
    known = [f.updated_at for f in factors if f.known and f.updated_at]
    found = compared(then, now, card) if then else None
    return Why(
        account_id,
        now.day,
        now.at,
        now.score,
        now.band,
        now.known,
        now.factors,
        versions[now.version_id],
        min(known, default=None),
        factors,
        found,
    )


def earlier(account_id: int, now: Score, day: date) -> Score | None:
    """The known score of `day`, of the last day before it, or else the first one of all."""
    rows = Score.objects.filter(account_id=account_id, day__lt=now.day, score__isnull=False)
    return rows.filter(day__lte=day).order_by("-day").first() or rows.order_by("day").first()


def compared(then: Score, now: Score, card: Card) -> Change | None:
    if now.score is None:
        return None
    labels = {factor.key: factor.label for factor in card.factors}
    parts = change(past(then), past(now), labels)
    return Change(then.day, then.score, then.band, now.score - then.score, parts, then.reconstructed)


def past(row: Score) -> Past:
    return Past(row.version_id, row.score, health_news.stored(row.points))


def unknown_causes(account_id: int, factors: list[Factor], at: datetime) -> dict[str, str]:
    """Why these factors have no value, in words, by key. A constant number of queries, none without such factors."""
    if not factors:
        return {}
    feeds = heartbeat.stale_feeds(at)
    setting = replace(load_setting(), stale=frozenset(feeds))
    facts = load_facts([account_id], [f.measure for f in factors], at, setting=setting).get(account_id, AccountFacts(account_id))
    found = {factor.key: evaluate_measure(factor.measure, facts, at) for factor in factors}
    silent = {f.key: silent_feed([feeds[name] for name in sorted(events_of(f.measure) & feeds.keys())], setting) for f in factors}
    return {key: cause_in_words(value, silent[key]) for key, value in found.items()}


def silent_feed(feeds: list[heartbeat.Feed], setting: Setting) -> str:
    """ "Product is silent since 20 November 2026 10:00", in the zone of the installation; empty without feeds."""
    if not feeds:
        return ""
    since = f" since {feeds[0].since.astimezone(ZoneInfo(setting.zone)):%-d %B %Y %H:%M}" if feeds[0].since else ""
    return f"{feeds[0].name} is silent{since}"


def cause_in_words(value: object, silent: str) -> str:
    if not isinstance(value, Unknown):
        return LATER
    return silent if silent and value.cause == "stale_feed" else CAUSES.get(value.cause, value.cause)


def explained(factor: Factor, stored: Mapping[str, Any] | None, fresh: Mapping[str, datetime], cause: str) -> FactorWhy:
    found = stored or {"value": None, "share": None, "points": 0, "possible": 0, "known": False}
    value = None if found["value"] is None else Decimal(str(found["value"]))
    share = None if found["share"] is None else Decimal(found["share"]) * 100 / FULL
    since = found.get("since")
    times = [fresh[name] for name in {*events_of(factor.measure), *paths_of(factor.measure)} if name in fresh]
    return FactorWhy(
        factor.key,
        factor.label,
        factor.weight,
        value,
        in_words(factor, value),
        target(factor),
        share,
        found["points"],
        found["possible"],
        found["known"],
        cause,
        factor.missing,
        max(times, default=None),
        None if found["known"] or not since else date.fromisoformat(since),
        unit(factor.measure),
    )


def target(factor: Factor) -> Decimal:
    """The value from which on the factor earns the most."""
    if isinstance(factor.shape, Steps):
        return max(factor.shape.steps, key=lambda step: step[1])[0]
    return factor.shape.end


UNITS: dict[type, str] = {ChangePct: "%", Usage: "%", DaysSince: "days", DaysUntil: "days", AgeDays: "days", ConditionValue: "yes or no"}


def unit(measure: Measure) -> str:
    if isinstance(measure, Quantity):
        return "days" if measure.agg == "active_days" else ""
    return UNITS.get(type(measure), "")


FRESH = """
select name, max(last_at) from customers_activityday where account_id = %(account)s and name = any(%(names)s) and last_at <= %(at)s group by name
union all
select path, confirmed_at from customers_trait where account_id = %(account)s and contact_id = 0 and path = any(%(paths)s) and occurred_at <= %(at)s
"""


def updated(account_id: int, card: Card, at: datetime) -> dict[str, datetime]:
    """The newest fact by event name and trait path. One query."""
    names = sorted({name for factor in card.factors for name in events_of(factor.measure)})
    paths = sorted({path for factor in card.factors for path in paths_of(factor.measure)})
    with connection.cursor() as cursor:
        cursor.execute(FRESH, {"account": account_id, "names": names, "paths": paths, "at": at})
        return dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Point:
    """One day of a history. Score None: unknown, or not scored that day. `version` is set on days with a score row."""

    day: date
    score: int | None
    band: str
    version: int | None
    reason: str
    reconstructed: bool


def history(account: Account | int, days: int = 90, *, at: datetime) -> list[Point]:
    """The last `days` days up to `at`, oldest first, one Point a day; days without a score are gaps. Two queries."""
    account_id = account if isinstance(account, int) else account.pk
    last = clock.local_day(at, Installation.load().zone)
    first = last - timedelta(days=days - 1)
    rows = {row.day: row for row in Score.objects.filter(account_id=account_id, day__range=(first, last)).defer("points")}
    return [point(first + timedelta(days=n), rows) for n in range(days)]


def point(day: date, rows: Mapping[date, Score]) -> Point:
    row = rows.get(day)
    if row is None:
        return Point(day, None, "unknown", None, "", False)  # noqa: FBT003
    return Point(day, row.score, row.band, row.version_id, row.reason, row.reconstructed)


def version_marks(points: list[Point]) -> list[tuple[int, int]]:
    """Where the scorecard's version changed: (index, version id), for dashed marks in a chart."""
    scored = [(i, p.version) for i, p in enumerate(points) if p.version is not None]
    return [(i, version) for (_, before), (i, version) in pairwise(scored) if before != version]
