"""Lengths of time as people write them: `30m` and `12h` are exact, `7d`, `4w` and `2bd` keep the wall time.

`nd` means the same local wall time n days later: a local time that does not exist becomes the
first valid instant after the gap, a repeated one means the first. `nbd` counts Monday to Friday.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SHAPE = re.compile(r"^([1-9][0-9]{0,3})(m|h|d|bd|w)$")
_EXACT = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
_WORDS = {"m": "minute", "h": "hour", "d": "day", "bd": "business day", "w": "week"}
_SATURDAY = 5


@dataclass(frozen=True)
class Duration:
    """`count` times `unit` (m, h, d, bd or w)."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """`7d` and the like. Raises ValueError for anything else."""
        match = _SHAPE.match(text)
        if not match:
            raise ValueError(f"{text!r} is not a duration")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def words(self) -> str:
        """For people: `7 days`."""
        return f"{self.count} {_WORDS[self.unit]}{'' if self.count == 1 else 's'}"

    def after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The instant this long after `at`, in UTC; days are counted in `zone`."""
        return self._moved(at, zone, 1)

    def before(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The instant this long before `at`, in UTC; days are counted in `zone`."""
        return self._moved(at, zone, -1)

    def _moved(self, at: datetime, zone: ZoneInfo, sign: int) -> datetime:
        if self.unit in _EXACT:
            return at.astimezone(UTC) + sign * self.count * _EXACT[self.unit]
        wall = at.astimezone(zone).replace(tzinfo=None)
        if self.unit == "bd":
            return to_instant(_business_days(wall, self.count, sign), zone)
        days = self.count * (7 if self.unit == "w" else 1)
        return to_instant(wall + timedelta(days=sign * days), zone)


def to_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which clocks in `zone` first show `wall` or pass it."""
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early
    return _end_of_gap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), early, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant in (before, after] with the new offset, to the second."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def _business_days(wall: datetime, count: int, sign: int) -> datetime:
    while count:
        wall += timedelta(days=sign)
        count -= wall.weekday() < _SATURDAY
    return wall
