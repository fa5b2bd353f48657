"""Whether feeds are alive: an account that stops is not the same as a feed that stops.

A feed is judged against the same hours of the previous four weeks, and silence only with 14 days of history, in hours with
a median of 10 items. By night, when little is normal, the last such hour goes on counting; a feed that speaks in fewer than
six hours of three days (a nightly batch) is never called silent. While a feed is silent, whatever reads "activity fell" is
held back. Also: which sources are in the middle of sending, so that half a batch is never judged.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from django.conf import settings
from django.db.models import JSONField, OuterRef, Subquery
from django.db.models.expressions import RawSQL

from customers.models import Delivery, Source, SourceHour

HOUR = timedelta(hours=1)
WEEKS = 4
NEEDED_HISTORY = timedelta(days=14)
NEEDED_MEDIAN = 10
LOOK_BACK = 72
NEEDED_HOURS = 6
QUIET_SHARE, SILENT_SHARE = 0.5, 0.2
ALARM_ITEMS, ALARM_SHARE = 20, 0.01
LIVE, QUIET, SILENT, PAUSED, OFF, NEW = "live", "quiet", "silent", "paused", "off", "new"


@dataclass(frozen=True, slots=True)
class Feed:
    """The state of one feed: live, quiet, silent, paused, off, or new (nothing ever came).

    `hour_items`: items of the last full hour, and of those before it back to one that can be judged; `normal`: their medians,
    None when not judged yet; `since`: when a quiet or silent feed was last heard.
    """

    source_id: int
    name: str
    state: str
    last_message_at: datetime | None
    hour_items: int
    normal: float | None
    since: datetime | None


def feed_states(at: datetime) -> dict[int, Feed]:
    """The state of every feed as of `at`. One query."""
    return {s.pk: feed_of(s, at, state_of) for s in with_volume(at)}


def silent_sources(at: datetime) -> list[Feed]:
    """The feeds that are silent as of `at`: hold back what reads "activity fell", marked with `since`."""
    return [feed for feed in feed_states(at).values() if feed.state == SILENT]


def stale_feeds(at: datetime) -> dict[str, Feed]:
    """Event name -> the silent feed that sends it, for names that no feed that speaks sends. One query.

    A paused feed that would be silent holds on; one that is switched off is not waited for.
    """
    found = [(s, feed_of(s, at, by_volume)) for s in with_volume(at) if s.names and s.state != Source.State.OFF]
    spoken = {name for s, feed in found if feed.state in {LIVE, QUIET} and s.state == Source.State.LIVE for name in s.names}
    return {name: feed for s, feed in found if feed.state == SILENT for name in s.names if name not in spoken}


def stale_events(at: datetime) -> frozenset[str]:
    """Names of events that do not arrive as of `at` because their feed is silent: what reads them is unknown. One query."""
    return frozenset(stale_feeds(at))


VOLUME = """(
select jsonb_object_agg(extract(epoch from h.hour)::bigint, h.items) from customers_sourcehour h
where h.source_id = customers_source.id and h.hour = any(%s))"""


def with_volume(at: datetime) -> list[Source]:
    """The sources with `started`, their first hour ever, and `volume`: hour (epoch seconds as text) -> items, as far as judging needs it."""
    first = SourceHour.objects.filter(source_id=OuterRef("pk")).order_by("hour").values("hour")[:1]
    hours = [hour - timedelta(weeks=w) for hour in hours_before(at) for w in range(WEEKS + 1)]
    volume = RawSQL(VOLUME, [hours], output_field=JSONField())  # noqa: S611  a constant text, hours are bound
    return list(Source.objects.annotate(started=Subquery(first), volume=volume).order_by("pk"))


def hours_before(at: datetime) -> list[datetime]:
    """The full hours before `at` that are looked at, newest first."""
    return [floor(at) - HOUR * n for n in range(1, LOOK_BACK + 1)]


def feed_of(source: Source, at: datetime, judged: Callable[..., str]) -> Feed:
    volume = {datetime.fromtimestamp(int(hour), UTC): items for hour, items in (source.volume or {}).items()}
    hours = judged_hours(volume, source.started, at) if source.started else []
    items = sum(volume.get(hour, 0) for hour, _ in hours) if hours else volume.get(floor(at) - HOUR, 0)
    normal = sum(each for _, each in hours) if hours else None
    state = judged(source, items, normal)
    last = max((h for h, n in volume.items() if n), default=None)
    heard = min(source.last_message_at, at) if source.last_message_at else last
    return Feed(source.pk, source.name, state, source.last_message_at, items, normal, heard if state in {QUIET, SILENT} else None)


def judged_hours(volume: dict[datetime, int], started: datetime, at: datetime) -> list[tuple[datetime, float]]:
    """The hours by which a feed is judged with what is normal in each: from the last in which it normally speaks. Empty: not judged."""
    normal = [(hour, normal_of(volume, started, hour) or 0) for hour in hours_before(at)]
    speaking = [n for n, (_, each) in enumerate(normal) if each >= NEEDED_MEDIAN]
    return normal[: speaking[0] + 1] if len(speaking) >= NEEDED_HOURS else []


def weeks_known(started: datetime | None, hour: datetime) -> int:
    return min(WEEKS, (hour - started).days // 7) if started else 0


def state_of(source: Source, items: int, normal: float | None) -> str:
    if source.state == Source.State.PAUSED:
        return PAUSED
    return OFF if source.state == Source.State.OFF else by_volume(source, items, normal)


def by_volume(source: Source, items: int, normal: float | None) -> str:
    """What the volume alone says."""
    if source.started is None:
        return NEW
    if normal is None:
        return LIVE
    if items < SILENT_SHARE * normal:
        return SILENT
    return QUIET if items < QUIET_SHARE * normal else LIVE


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


def normal_hours(at: datetime, n: int) -> dict[int, list[float | None]]:
    """source id -> what is normal in each of the last `n` hours, oldest first: the median of the same hours of four weeks.

    None for hours with less than 14 days of history. Two queries.
    """
    hours = [floor(at) - HOUR * i for i in reversed(range(n))]
    wanted = [hour - timedelta(weeks=w) for hour in hours for w in range(1, WEEKS + 1)]
    found: dict[int, dict[datetime, int]] = defaultdict(dict)
    for source, hour, items in SourceHour.objects.filter(hour__in=wanted).values_list("source_id", "hour", "items"):
        found[source][hour] = items
    return {pk: [normal_of(found[pk], started, hour) for hour in hours] for pk, started in first_hours().items()}


def normal_of(volume: dict[datetime, int], started: datetime, hour: datetime) -> float | None:
    if hour - started < NEEDED_HISTORY:
        return None
    return median(volume.get(hour - timedelta(weeks=w), 0) for w in range(1, weeks_known(started, hour) + 1))


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
