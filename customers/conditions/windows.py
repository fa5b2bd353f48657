"""Windows: which local days and which instants one covers, seen from an instant.

A span is a run of complete local days, read from the daily counts, and up to two edges, read from the events
themselves. Whether a fact was known at the instant is the reader's business.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from customers.conditions.durations import (
    TICK,
    Duration,
    back,
    day_start,
    local,
    local_day,
    parse_duration,
    resolve,
    shift_day,
    shift_months,
)

NAMED = ("billing_period", "calendar_month", "calendar_month_to_date", "calendar_quarter", "lifetime")
BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)
MONTHS = {"calendar_month": 1, "calendar_month_to_date": 1, "calendar_quarter": 3}


@dataclass(frozen=True, slots=True)
class Window:
    """`length` for rolling windows (30d, 720h), else `name` (one of NAMED)."""

    name: str = ""
    length: Duration | None = None

    def __str__(self) -> str:
        return self.name or str(self.length)


@dataclass(frozen=True, slots=True)
class Edge:
    """The instants in (after, upto]."""

    after: datetime
    upto: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The complete local days [first, until) and the edges. `first` None: from the beginning.

    `from_period`: the days begin at the account's billing period instead, `first` stands in where it has none.
    """

    first: date | None
    until: date
    edges: tuple[Edge, ...] = ()
    from_period: bool = False

    @property
    def beginning(self) -> date:
        """The first day; for a span that has one, or long before anything."""
        return self.first or BEGINNING.date()


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a window is seen from: the instant and its local day."""

    at: datetime
    day: date

    @classmethod
    def of(cls, at: datetime, zone: str) -> "Anchor":
        return cls(at, local_day(at, zone))

    def back(self, duration: Duration, zone: str) -> "Anchor":
        """The anchor one duration earlier."""
        at = back(self.at, duration, zone)
        return Anchor(at, local_day(at, zone) if duration.is_exact else shift_day(self.day, duration, -1))

    def back_months(self, months: int, zone: str) -> "Anchor":
        """The anchor at the same wall time so many months earlier."""
        day = shift_months(self.day, -months)
        return Anchor(resolve(datetime.combine(day, local(self.at, zone).time()), zone), day)


def parse_window(text: object) -> Window | None:
    """`"30d"`, `"720h"` or a name to a Window; None for anything else. Business days are no window."""
    if isinstance(text, str) and text in NAMED:
        return Window(name=text)
    length = parse_duration(text)
    return Window(length=length) if length and length.unit != "bd" else None


def span(window: Window, anchor: Anchor, zone: str) -> Span:
    """What the window covers at the anchor."""
    if window.length and window.length.is_exact:
        return exact_span(anchor.at - window.length.exact, anchor.at, zone)
    if window.length:
        return Span(anchor.day - timedelta(days=window.length.days), anchor.day)
    return _named_span(window.name, anchor, zone)


def _named_span(name: str, anchor: Anchor, zone: str) -> Span:
    month = anchor.day.replace(day=1)
    if name == "calendar_month":
        return Span(shift_months(month, -1), month)
    if name == "calendar_quarter":
        quarter = shift_months(month, -((month.month - 1) % 3))
        return Span(shift_months(quarter, -3), quarter)
    first = None if name == "lifetime" else month
    today = (Edge(day_start(anchor.day, zone) - TICK, anchor.at),)
    return Span(first, anchor.day, today, from_period=name == "billing_period")


def exact_span(after: datetime, upto: datetime, zone: str) -> Span:
    """The instants in (after, upto] as complete days between two edges."""
    first, last = local_day(after, zone) + timedelta(days=1), local_day(upto, zone)
    if first > last:
        return Span(last, last, (Edge(after, upto),))
    head = Edge(after, day_start(first, zone) - TICK)
    tail = Edge(day_start(last, zone) - TICK, upto)
    return Span(first, last, tuple(edge for edge in (head, tail) if edge.after < edge.upto))


def raw_edge(covered: Span, zone: str) -> Edge:
    """The whole span as instants, for what only the events can answer."""
    after = day_start(covered.first, zone) - TICK if covered.first else BEGINNING
    upto = day_start(covered.until, zone) - TICK
    return Edge(min([after, *(edge.after for edge in covered.edges)]), max([upto, *(edge.upto for edge in covered.edges)]))


def previous(window: Window, anchor: Anchor, zone: str, times: int = 1) -> Anchor:
    """The anchor from which the window is the one just before (`times` windows before)."""
    if window.length:
        return anchor.back(replace(window.length, count=window.length.count * times), zone)
    return anchor.back_months(MONTHS[window.name] * times, zone)


def baselines(to: str, window: Window, anchor: Anchor, zone: str) -> tuple[Span, ...]:
    """The spans that the current window is compared with."""
    if to == "same_period_last_year":
        return (span(window, anchor.back_months(12, zone), zone),)
    count = 3 if to == "average_of_previous_3" else 1
    return tuple(span(window, previous(window, anchor, zone, times), zone) for times in range(1, count + 1))
