"""Which spans and borders a node reads at an instant: said once, for evaluation in memory and for SQL."""

from dataclasses import dataclass
from datetime import date, datetime

from customers.conditions.durations import back, cutoff, local_day, shift_day
from customers.conditions.nodes import Absent, Contrast, DateIs, Quantity, SinceRunStart
from customers.conditions.windows import Anchor, Span, Window, baselines, exact_span, raw_edge, span

LIFETIME = Window(name="lifetime")


@dataclass(frozen=True, slots=True)
class Clock:
    """The instant of evaluation, the zone of days, and the zone of dates and durations."""

    at: datetime
    zone: str
    dates_zone: str

    @property
    def anchor(self) -> Anchor:
        return Anchor.of(self.at, self.zone)

    @property
    def date(self) -> date:
        """Today, for dates."""
        return local_day(self.at, self.dates_zone)


@dataclass(frozen=True, slots=True)
class Start:
    """By when an account must have started: on that local day, or at that instant."""

    day: date | None = None
    instant: datetime | None = None


def needs_events(of: Quantity) -> bool:
    """Whether daily counts cannot answer it."""
    return bool(of.where) or of.agg == "distinct"


def current_span(of: Quantity, clock: Clock) -> Span:
    """The window now, shifted back by the offset."""
    anchor = clock.anchor.back(of.offset, clock.zone) if of.offset else clock.anchor
    return span(of.window, anchor, clock.zone)


def baseline_spans(of: Contrast, clock: Clock) -> tuple[Span, ...]:
    """The windows that the current one is compared with."""
    return baselines(of.to, of.of.window, clock.anchor, clock.zone)


def required_start(of: Contrast, clock: Clock) -> Start:
    """By when the account must have started for the comparison to mean something."""
    history = of.min_history
    if history:
        if history.is_exact:
            return Start(instant=back(clock.at, history, clock.zone))
        return Start(day=shift_day(clock.anchor.day, history, -1))
    spans = baseline_spans(of, clock)
    length = of.of.window.length
    if length and length.is_exact:
        return Start(instant=min(raw_edge(each, clock.zone).after for each in spans))
    return Start(day=min(each.first for each in spans if each.first))


def absent_cutoff(node: Absent, clock: Clock) -> datetime:
    """The node is true when nothing matching happened after this instant."""
    lengths = (node.duration, node.grace) if node.grace else (node.duration,)
    return cutoff(clock.at, lengths, clock.dates_zone)


def span_after(instant: datetime, clock: Clock) -> Span:
    """Everything from just after `instant` until now."""
    return exact_span(min(instant, clock.at), clock.at, clock.zone)


def run_span(node: SinceRunStart, started_at: datetime | None, clock: Clock) -> Span:
    """Everything since the run started. Raises ValueError without a run."""
    if started_at is None:
        raise ValueError(f"since_run_start of {node.event} needs run_started_at")
    return span_after(started_at, clock)


def date_border(node: DateIs, clock: Clock) -> date:
    """The last day of `within`, or the latest day that is `overdue`."""
    return shift_day(clock.date, node.duration, 1 if node.side == "within" else -1)


def first_instant(covered: Span, zone: str, *, raw: bool) -> datetime | None:
    """From when on events are read one by one, None when daily counts suffice."""
    if raw:
        return raw_edge(covered, zone).after
    return min((edge.after for edge in covered.edges), default=None)
