"""Periods of a subscription: anchors, month ends, zones.

Border n is the anchor plus n intervals, clamped to the end of its month and always counted
from the anchor, never from the border before it: 31 January, 28 February, 31 March.
Arithmetic is on local dates; a border's instant is the first moment of that local day.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from billing.engine.facts import DAY, MONTH, QUARTER, WEEK, YEAR, Cycle, Interval, Period, Span

MONTHS_IN = {MONTH: 1, QUARTER: 3, YEAR: 12}
DAYS_IN = {DAY: 1, WEEK: 7}


def schedule(cycle: Cycle, *, since: datetime, until: datetime) -> Iterator[Period]:
    """The periods of `cycle` that overlap [since, until), in order; none when it is empty."""
    if since >= until:
        return
    period = period_containing(cycle, local_day(since, cycle.zone))
    while period.start < until:
        yield period
        period = period_number(cycle, period.number + 1)


def period_containing(cycle: Cycle, day: date) -> Period:
    """The period of `cycle` that the local `day` lies in; days before the anchor have one too."""
    number = estimated_number(cycle, day)
    while border(cycle, number) > day:
        number -= 1
    while border(cycle, number + 1) <= day:
        number += 1
    return period_number(cycle, number)


@lru_cache(maxsize=4096)
def period_number(cycle: Cycle, number: int) -> Period:
    """The `number`-th period counted from the anchor (0 starts on the anchor)."""
    first, end_day = border(cycle, number), border(cycle, number + 1)
    return Period(number, first, end_day, day_start(first, cycle.zone), day_start(end_day, cycle.zone))


def border(cycle: Cycle, number: int) -> date:
    """The local day on which period `number` starts."""
    return plus(cycle.anchor, cycle.interval, number)


def plus(anchor: date, interval: Interval, times: int = 1) -> date:
    """`anchor` plus `times` intervals, clamped to the end of the month it falls in."""
    if interval.unit in DAYS_IN:
        return anchor + timedelta(days=DAYS_IN[interval.unit] * interval.count * times)
    return plus_months(anchor, MONTHS_IN[interval.unit] * interval.count * times)


def plus_months(anchor: date, months: int) -> date:
    year, month0 = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    last = monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(anchor.day, last))


def estimated_number(cycle: Cycle, day: date) -> int:
    """About the number of the period that holds `day`, off by one at most."""
    interval = cycle.interval
    if interval.unit in DAYS_IN:
        return (day - cycle.anchor).days // (DAYS_IN[interval.unit] * interval.count)
    months = (day.year - cycle.anchor.year) * 12 + day.month - cycle.anchor.month
    return months // (MONTHS_IN[interval.unit] * interval.count)


@lru_cache(maxsize=65536)
def day_start(day: date, zone: str) -> datetime:
    """The first instant of a local day, in UTC. A midnight that a clock change skips is the
    moment of the change; one that occurs twice is the first of the two.
    """
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str) -> date:
    """The local calendar day of an aware instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def clip(period: Period, zone: str, since: datetime, until: datetime | None) -> Span:
    """The whole local days of `period` from the day of `since` up to the day of `until`.

    The day of a change belongs to what follows it, so `until` is exclusive by its day.
    """
    first = max(period.first, local_day(since, zone))
    end_day = min(period.end_day, local_day(until, zone)) if until else period.end_day
    end_day = max(first, end_day)
    return Span(first, end_day, day_start(first, zone), day_start(end_day, zone))


def longest(interval: Interval) -> timedelta:
    """No period of this interval is longer; a day more than the longest, for clock changes."""
    if interval.unit in DAYS_IN:
        return timedelta(days=DAYS_IN[interval.unit] * interval.count + 1)
    return timedelta(days=31 * MONTHS_IN[interval.unit] * interval.count + 1)
