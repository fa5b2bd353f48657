"""The only place that asks what time it is. Doors (views, jobs, commands) call `now()` once and pass it on as `at`."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251


def local_day(at: datetime, zone: str) -> date:
    """The calendar day of `at` in the IANA zone `zone`."""
    return at.astimezone(ZoneInfo(zone)).date()


def local_midnight(day: date, zone: str) -> datetime:
    """The first instant of `day` in `zone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
