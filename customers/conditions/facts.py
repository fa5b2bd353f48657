"""What evaluation in memory reads: the facts of one account as plain values. load.py fills them from the database.

Only facts, no judgement: later facts may stand among them, evaluation picks those known at its instant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Rates = Mapping[str, tuple[tuple[date, Decimal], ...]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for the whole installation.

    `zone` sets the borders of days, `currency` is the reporting currency, `rates` its price per currency in order of
    days, `events_since` the instant before which events have been pruned, `stale` the names of events that do not arrive
    because their feed is silent.
    """

    zone: str = "UTC"
    currency: str = "USD"
    rates: Rates = field(default_factory=dict)
    events_since: datetime | None = None
    stale: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """A trait's change: `value` as JSON (None: removed), in force from `occurred_at` on, known from `known_at` on."""

    value: Any
    occurred_at: datetime
    known_at: datetime
    key: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class EventFact:
    """An event of the account. `attributed_at`: when it moved here."""

    name: str
    occurred_at: datetime
    known_at: datetime
    quantity: Decimal = Decimal(1)
    props: Mapping[str, object] = field(default_factory=dict)
    contact_id: int = 0
    attributed_at: datetime | None = None
    id: str = ""

    def known(self, at: datetime) -> bool:
        """Whether it had happened and was known here at `at`."""
        return max(self.occurred_at, self.known_at, self.attributed_at or self.known_at) <= at


@dataclass(frozen=True, slots=True)
class DayFact:
    """All events of one name on one complete local day."""

    day: date
    count: int
    total: Decimal
    low: Decimal
    high: Decimal
    last: Decimal
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The facts of one account.

    `changes`: per trait path. `days`: per event name, only where the loader summed up complete days; other names are
    counted from `events`. Days stand for their events, so a name in `days` needs events for today and edges only.
    """

    account_id: int = 0
    started_at: datetime | None = None
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    events: tuple[EventFact, ...] = ()
    days: Mapping[str, tuple[DayFact, ...]] = field(default_factory=dict)
    setting: Setting = field(default_factory=Setting)
