"""What every page says about the installation: are facts coming in, is the clock set ahead, is the demo still filling."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from crm.models import Installation
from customers.models import Source

LATE = timedelta(hours=24)


@dataclass(frozen=True)
class Status:
    """`state` live, late or none; `last` the newest message; `ahead` the instant the clock stands at when ahead of now."""

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
    last = Source.objects.exclude(state=Source.State.OFF).aggregate(last=Max("last_message_at"))["last"]
    state, text = lamp(last, at)
    ticked = installation.last_tick_at
    return Status(state, text, last, ticked if ticked and ticked > at + timedelta(minutes=2) else None, filling(installation.demo))


def lamp(last: datetime | None, at: datetime) -> tuple[str, str]:
    if last is None:
        return "none", "no data yet"
    return ("late", "last message") if at - last > LATE else ("live", "live,")


def filling(demo: dict | None) -> dict | None:
    return demo if demo and demo.get("state") in {"filling", "running", "queued"} else None
