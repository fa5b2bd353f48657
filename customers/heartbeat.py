"""Whether feeds are alive: an account that stops is not the same as a feed that stops.

A feed is judged against the same hours of the previous four weeks, and silence only with 14 days of history and a median
of 10 items an hour. While a feed is silent, whatever reads "activity fell" is held back. Also: which sources are in the
middle of sending, so that half a batch is never judged.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.conf import settings
from django.db.models import OuterRef, Subquery

from customers.models import Delivery, Source, SourceHour

HOUR = timedelta(hours=1)
WEEKS = 4
NEEDED_HISTORY = timedelta(days=14)
NEEDED_MEDIAN = 10
QUIET_SHARE, SILENT_SHARE = 0.5, 0.2
ALARM_ITEMS, ALARM_SHARE = 20, 0.01
LIVE, QUIET, SILENT, PAUSED, OFF, NEW = "live", "quiet", "silent", "paused", "off", "new"


@dataclass(frozen=True, slots=True)
class Feed:
    """The state of one feed: live, quiet, silent, paused, off, or new (nothing ever came).

    `hour_items`: items of the last full hour; `normal`: median of the same hours of four weeks, None when not judged yet;
    `since`: when a quiet or silent feed was last heard.
    """

    source_id: int
    name: str
    state: str
    last_message_at: datetime | None
    hour_items: int
    normal: float | None
    since: datetime | None


def feed_states(at: datetime) -> dict[int, Feed]:
    """The state of every feed as of `at`. Three queries."""
    volumes = volumes_until(at)
    started = first_hours()
    return {s.pk: feed_of(s, at, volumes.get(s.pk, {}), started.get(s.pk)) for s in Source.objects.order_by("pk")}


def silent_sources(at: datetime) -> list[Feed]:
    """The feeds that are silent as of `at`: hold back what reads "activity fell", marked with `since`."""
    return [feed for feed in feed_states(at).values() if feed.state == SILENT]


def feed_of(source: Source, at: datetime, volume: dict[datetime, int], started: datetime | None) -> Feed:
    hour = floor(at) - HOUR
    items = volume.get(hour, 0)
    judged = started is not None and hour - started >= NEEDED_HISTORY
    normal = median(volume.get(hour - timedelta(weeks=w), 0) for w in range(1, weeks_known(started, hour) + 1)) if judged else None
    state = state_of(source, items, normal, started)
    last = max((h for h, n in volume.items() if n), default=None)
    heard = min(source.last_message_at, at) if source.last_message_at else last
    return Feed(source.pk, source.name, state, source.last_message_at, items, normal, heard if state in {QUIET, SILENT} else None)


def weeks_known(started: datetime | None, hour: datetime) -> int:
    return min(WEEKS, (hour - started).days // 7) if started else 0


def state_of(source: Source, items: int, normal: float | None, started: datetime | None) -> str:
    if source.state == Source.State.PAUSED:
        return PAUSED
    if source.state == Source.State.OFF:
        return OFF
    if started is None:
        return NEW
    if normal is None or normal < NEEDED_MEDIAN:
        return LIVE
    if items < SILENT_SHARE * normal:
        return SILENT
    return QUIET if items < QUIET_SHARE * normal else LIVE


def volumes_until(at: datetime) -> dict[int, dict[datetime, int]]:
    """source id -> {hour: items} for the last full hour and the same hours of the weeks before it, and for the last day."""
    hour = floor(at) - HOUR
    wanted = {hour - timedelta(weeks=w) for w in range(WEEKS + 1)} | {hour - n * HOUR for n in range(24)}
    found: dict[int, dict[datetime, int]] = defaultdict(dict)
    for source, when, items in SourceHour.objects.filter(hour__in=wanted).values_list("source_id", "hour", "items"):
        found[source][when] = items
    return found


def first_hours() -> dict[int, datetime]:
    """source id -> its first hour ever with anything in it; one look into the primary key a source."""
    first = SourceHour.objects.filter(source_id=OuterRef("pk")).order_by("hour").values("hour")[:1]
    return dict(Source.objects.annotate(first=Subquery(first)).exclude(first=None).values_list("pk", "first"))


def last_hours(at: datetime, n: int) -> dict[int, list[int]]:
    """source id -> items in each of the last `n` hours, oldest first; the present hour is the last."""
    newest = floor(at)
    hours = [newest - HOUR * i for i in reversed(range(n))]
    found: dict[int, list[int]] = {}
    rows = SourceHour.objects.filter(hour__gte=hours[0], hour__lte=newest).values_list("source_id", "hour", "items")
    for source, hour, items in rows:
        found.setdefault(source, [0] * n)[int((hour - hours[0]) / HOUR)] = items
    return found


def floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Alarm:
    """More than 1 % of a source's items of an hour (at least 20) were quarantined; its owner should know."""

    source: Source
    hour: datetime
    items: int
    quarantined: int


def alarms(at: datetime) -> list[Alarm]:
    """Alarms of the present and the last full hour."""
    hours = [floor(at) - HOUR, floor(at)]
    rows = SourceHour.objects.filter(hour__in=hours, quarantined__gte=ALARM_ITEMS).order_by("source_id", "hour")
    bad = [r for r in rows if r.quarantined > ALARM_SHARE * r.items]
    sources = Source.objects.select_related("owner").in_bulk([r.source_id for r in bad])
    return [Alarm(sources[r.source_id], r.hour, r.items, r.quarantined) for r in bad]


def unquiet_sources(at: datetime) -> list[int]:
    """Sources that are in the middle of sending as of `at`: judge no account of theirs yet.

    One is unquiet while a delivery waits to be applied, or while the last came less than 10 seconds ago; at most 60
    seconds after its burst began. Paused sources never hold anything up.
    """
    quiet, limit = (timedelta(seconds=settings.INGEST[name]) for name in ("QUIET_SECONDS", "QUIET_LIMIT_SECONDS"))
    recent = Delivery.objects.filter(received_at__gt=at - limit - quiet, received_at__lte=at).exclude(source__state=Source.State.PAUSED)
    times: dict[int, list[datetime]] = defaultdict(list)
    waiting = set()
    for source, received, state in recent.order_by("received_at").values_list("source_id", "received_at", "state"):
        times[source].append(received)
        if state == Delivery.State.RECEIVED and received > at - limit:
            waiting.add(source)
    sending = {s for s, seen in times.items() if seen[-1] > at - quiet and at - burst_start(seen, quiet) < limit}
    return sorted(waiting | sending)


def burst_start(seen: list[datetime], quiet: timedelta) -> datetime:
    """Since when messages came without a pause of `quiet`. `seen` in order."""
    start = seen[-1]
    for earlier in reversed(seen[:-1]):
        if start - earlier >= quiet:
            break
        start = earlier
    return start


def is_quiet(at: datetime) -> bool:
    """Whether no source is in the middle of sending."""
    return not unquiet_sources(at)
