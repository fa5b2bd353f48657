"""When all accounts are looked at: once per local day, a little after midnight, because time alone changes windows and dates."""

from datetime import datetime, timedelta

from customers.conditions.durations import day_start, local_day
from playbooks.models import Sweep

KIND = "daily"
GRACE = timedelta(minutes=10)
MOST_MISSED = 31


def due(at: datetime, zone: str) -> tuple[list[datetime], datetime | None]:
    """(looks that were missed, oldest first; the newest one if it has not been finished). One query."""
    newest = newest_before(at, zone)
    last = Sweep.objects.filter(kind=KIND, zone=zone, finished_at__isnull=False).order_by("-logical_at").first()
    if last is None:
        return [], newest
    if last.logical_at >= newest:
        return [], None
    return missed_between(last.logical_at, newest, zone), newest


def newest_before(at: datetime, zone: str) -> datetime:
    """The newest daily instant not after `at`."""
    return day_start(local_day(at - GRACE, zone), zone) + GRACE


def missed_between(last: datetime, newest: datetime, zone: str) -> list[datetime]:
    """The daily instants between the two, both excluded; at most the 31 newest."""
    found: list[datetime] = []
    instant = newest_before(newest - GRACE * 2, zone)
    while instant > last and len(found) < MOST_MISSED:
        found.append(instant)
        instant = newest_before(instant - GRACE * 2, zone)
    return found[::-1]


def begin(logical_at: datetime, *, zone: str, at: datetime) -> None:
    """Note that the look was begun; one that was not finished is made again."""
    Sweep.objects.get_or_create(kind=KIND, zone=zone, slice=0, logical_at=logical_at, defaults={"started_at": at})


def finish(logical_at: datetime, *, zone: str, at: datetime, counts: dict[str, int]) -> None:
    Sweep.objects.filter(kind=KIND, zone=zone, slice=0, logical_at=logical_at).update(finished_at=at, counts=counts)
