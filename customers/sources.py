"""Sources: making them, rotating their keys, pausing, switching off, limiting; and the list that the Sources page and the API show."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.utils.text import slugify

from crm.lib.refused import Refused
from crm.models import User
from customers import heartbeat
from customers.ingest import keys
from customers.models import Delivery, QuarantinedItem, Source

KINDS = ("segment", "rudder")


class UnknownKind(Refused):
    code = "unknown_kind"


def create_source(name: str, *, at: datetime, kind: str = "segment", owner: User | None = None, history: bool = False) -> Source:
    """Make a source with a fresh write key. Its `key`, which names it in identifiers and trait paths, follows from the name."""
    if kind not in KINDS:
        raise UnknownKind(f"There is no kind of source called {kind!r}; known: {', '.join(KINDS)}.")
    return Source.objects.create(
        name=name[:80], key=free_key(name), kind=kind, write_key=new_write_key(), owner=owner, history=history, created_at=at
    )


def free_key(name: str) -> str:
    base = slugify(name)[:50] or "source"
    taken = set(Source.objects.filter(key__startswith=base).values_list("key", flat=True))
    return next(key for n in range(1, len(taken) + 2) if (key := base if n == 1 else f"{base}-{n}") not in taken)


def new_write_key() -> str:
    """190 random bits in letters and digits that survive every header and query."""
    return secrets.token_hex(24)


def rotate(source: Source, *, at: datetime, overlap: timedelta = timedelta(days=7)) -> str:
    """Give the source a new write key; the present one stays valid for `overlap`. Returns the new key."""
    source.old_write_key, source.old_key_until = source.write_key, at + overlap
    source.write_key = new_write_key()
    source.save(update_fields=["write_key", "old_write_key", "old_key_until"])
    keys.forget()
    return source.write_key


def pause(source: Source) -> None:
    """Go on storing deliveries, stop applying them."""
    set_state(source, Source.State.PAUSED)


def resume(source: Source) -> None:
    """Accept and apply again; what was stored meanwhile is applied by the next run."""
    set_state(source, Source.State.LIVE)


def switch_off(source: Source) -> None:
    """Refuse everything with 401 (within ten seconds in all processes)."""
    set_state(source, Source.State.OFF)


def set_state(source: Source, state: str) -> None:
    Source.objects.filter(pk=source.pk).update(state=state)
    source.state = state
    keys.forget()


def configure(source: Source, settings: dict[str, Any]) -> Source:
    """Set some settings (columns of Source that people decide); counters stay. Returns the source as it stands."""
    if settings:
        Source.objects.filter(pk=source.pk).update(**settings)
        keys.forget()
    return Source.objects.get(pk=source.pk)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the source list. `hours`: items of each of the last 24 hours, oldest first; `waiting`: deliveries not applied yet."""

    source: Source
    feed: heartbeat.Feed
    hours: list[int]
    waiting: int
    waiting_since: datetime | None
    quarantined: int

    @property
    def lag_seconds(self) -> float | None:
        """Received minus occurred, of the last message."""
        return self.source.lag_seconds


def listing(at: datetime, sources: Sequence[Source] | None = None) -> list[Row]:
    """All sources by name, with state, volume, lag and quarantine. A constant number of queries."""
    found = list(Source.objects.select_related("owner").order_by("name", "pk")) if sources is None else list(sources)
    feeds = heartbeat.feed_states(at)
    hours = heartbeat.last_hours(at, 24)
    waiting = waiting_deliveries()
    open_items = QuarantinedItem.objects.filter(state=QuarantinedItem.State.OPEN)
    bad = dict(open_items.values_list("source_id").annotate(n=Count("pk")))
    return [Row(s, feeds[s.pk], hours.get(s.pk, [0] * 24), *waiting.get(s.pk, (0, None)), bad.get(s.pk, 0)) for s in found]


def waiting_deliveries() -> dict[int, tuple[int, datetime]]:
    """source id -> (deliveries not applied yet, since when)."""
    rows = Delivery.objects.filter(state=Delivery.State.RECEIVED).values_list("source_id")
    return {pk: (n, since) for pk, n, since in rows.annotate(n=Count("pk"), since=Min("received_at"))}
