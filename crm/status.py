"""What every page says about the installation: are facts coming in, is the clock set ahead, is the demo still filling."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.models import Installation
from customers import heartbeat
from customers.heartbeat import Feed

LATE = timedelta(hours=24)
MOST_NAMES = 2


@dataclass(frozen=True)
class Status:
    """`state` live, late, silent or none; `last` the newest message, or of silent feeds the oldest;
    `ahead` the instant the clock stands at when ahead of now."""

    state: str
    text: str
    last: datetime | None
    ahead: datetime | None
    demo: dict | None

    @property
    def every(self) -> int:
        """Seconds until a page asks again."""
        return 5 if self.demo else 60


def status(*, at: datetime) -> Status:
    """Two queries, whatever the size of the installation."""
    installation = Installation.load()
    state, text, last = lamp([feed for feed in heartbeat.feed_states(at).values() if feed.state != heartbeat.OFF], at)
    ticked = installation.last_tick_at
    return Status(state, text, last, ticked if ticked and ticked > at + timedelta(minutes=2) else None, filling(installation.demo))


def lamp(feeds: list[Feed], at: datetime) -> tuple[str, str, datetime | None]:
    """State, text and the instant that stands behind it. A silent feed comes before all others."""
    silent = [feed for feed in feeds if feed.state == heartbeat.SILENT]
    if silent:
        return "silent", f"{names(silent)} silent, heard", min((feed.since for feed in silent if feed.since), default=None)
    last = max((feed.last_message_at for feed in feeds if feed.last_message_at), default=None)
    if last is None:
        return "none", "no data yet", None
    return ("late", "last message", last) if at - last > LATE else ("live", "live,", last)


def names(feeds: list[Feed]) -> str:
    """ "App, Product", or how many when that would be too long for the frame."""
    return ", ".join(sorted(feed.name for feed in feeds)) if len(feeds) <= MOST_NAMES else f"{len(feeds)} feeds"


def filling(demo: dict | None) -> dict | None:
    return demo if demo and demo.get("state") in {"filling", "running", "queued"} else None
