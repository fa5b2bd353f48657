"""Durations and local time: what "3d" and "2bd" mean in a zone, across changes of the clock.

`m` and `h` are exact. `d` and `w` mean the same wall time so many local days later: a wall time that does not
exist becomes the first valid instant after the gap, a repeated one means the first. `bd` counts the days from
Monday to Friday. Windows are in windows.py.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHAPE = re.compile(r"([1-9][0-9]{0,3})(m|h|d|bd|w)")
EXACT = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
WORDS = {"m": "minute", "h": "hour", "d": "day", "w": "week", "bd": "business day"}
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Duration:
    """`count` of `unit` (m, h, d, w, bd)."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def is_exact(self) -> bool:
        """Whether it is a fixed number of seconds, whatever the zone."""
        return self.unit in EXACT

    @property
    def exact(self) -> timedelta:
        """Its length; only for `m` and `h`."""
        return self.count * EXACT[self.unit]

    @property
    def days(self) -> int:
        """Local days; only for `d` and `w`."""
        return self.count * (7 if self.unit == "w" else 1)

    @property
    def words(self) -> str:
        """`14 days`, `1 business day`."""
        return f"{self.count} {WORDS[self.unit]}{'' if self.count == 1 else 's'}"


def parse_duration(text: object) -> Duration | None:
    """`"14d"` to a Duration, None when it is not written like one."""
    match = SHAPE.fullmatch(text) if isinstance(text, str) else None
    return Duration(int(match[1]), match[2]) if match else None


def local(at: datetime, zone: str) -> datetime:
    """The naive wall time of `at` in `zone`."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def local_day(at: datetime, zone: str) -> date:
    """The calendar day of `at` in `zone`."""
    return at.astimezone(ZoneInfo(zone)).date()


def resolve(wall: datetime, zone: str) -> datetime:
    """The instant (UTC) of a naive wall time: the first of two, or the first valid one after a gap."""
    instant = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    if local(instant, zone) == wall:
        return instant
    return _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: str) -> datetime:
    """The instant at which the clock jumps over `wall`, found by halving the span around it."""
    before = wall.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    low, high = min(before, after) - TICK, max(before, after)
    while high - low > TICK:
        middle = low + (high - low) // 2
        low, high = (low, middle) if local(middle, zone) >= wall else (middle, high)
    return high


def day_start(day: date, zone: str) -> datetime:
    """The first instant of a local day, in UTC."""
    return resolve(datetime.combine(day, time.min), zone)


def add(at: datetime, duration: Duration, zone: str) -> datetime:
    """The instant one duration after `at`."""
    if duration.is_exact:
        return at + duration.exact
    wall = local(at, zone)
    return resolve(datetime.combine(shift_day(wall.date(), duration), wall.time()), zone)


def back(at: datetime, duration: Duration, zone: str) -> datetime:
    """The instant one duration before `at`, by the wall clock for days and weeks."""
    if duration.is_exact:
        return at - duration.exact
    wall = local(at, zone)
    return resolve(datetime.combine(shift_day(wall.date(), duration, -1), wall.time()), zone)


def shift_day(day: date, duration: Duration, sign: int = 1) -> date:
    """The local day one duration (`d`, `w` or `bd`) after `day`; before it when `sign` is -1."""
    if duration.unit != "bd":
        return day + timedelta(days=sign * duration.days)
    left = duration.count
    while left:
        day += timedelta(days=sign)
        left -= day.weekday() < 5
    return day


def shift_months(day: date, months: int) -> date:
    """The same day so many months on; 31 becomes the last day of a shorter month, 29 February becomes 28."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def cutoff(at: datetime, durations: tuple[Duration, ...], zone: str) -> datetime:
    """The last instant such that it, and all before it, lie at least `durations` (added in order) before `at`.

    So "nothing happened for 14 days" is "nothing happened after the cutoff".
    """
    for duration in reversed(durations):
        at = at - duration.exact if duration.is_exact else _day_cutoff(at, duration, zone)
    return at


def _day_cutoff(at: datetime, duration: Duration, zone: str) -> datetime:
    wall = _latest_wall(at, zone)
    day = shift_day(wall.date(), duration, -1) - timedelta(days=4)
    while shift_day(day, duration) < wall.date():
        day += timedelta(days=1)
    if shift_day(day, duration) > wall.date():
        return day_start(day, zone) - TICK
    start = datetime.combine(day, wall.time())
    instant = resolve(start, zone)
    return instant if local(instant, zone) == start else instant - TICK


def _latest_wall(at: datetime, zone: str) -> datetime:
    """The latest wall time whose (first) instant is not after `at`: later than the clock in a repeated hour."""
    low = local(at, zone)
    if resolve(low + TICK, zone) > at:
        return low
    high = low + timedelta(days=1)
    while high - low > TICK:
        middle = low + (high - low) // 2
        low, high = (low, middle) if resolve(middle, zone) > at else (middle, high)
    return low
