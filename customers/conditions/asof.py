"""The facts of one account as they were known at an instant: traits, money, and sums over spans.

Pure arithmetic for evaluate.py; to_sql.py says the same in SQL.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from crm.lib.money import exponent
from customers.conditions.durations import day_start, local_day, shift_months
from customers.conditions.facts import AccountFacts, Change, EventFact, Setting
from customers.conditions.nodes import PropTest
from customers.conditions.spans import Clock, Start, first_instant
from customers.conditions.values import Known, Unknown, as_day, matches
from customers.conditions.windows import BEGINNING, Anchor, Edge, Span, raw_edge


@dataclass(frozen=True, slots=True)
class Reading:
    """What one event name amounts to over a span. `days`: distinct local days with events."""

    count: int = 0
    total: Decimal = Decimal(0)
    low: Decimal | None = None
    high: Decimal | None = None
    last: Decimal | None = None
    last_at: datetime | None = None
    days: int = 0
    contacts: frozenset[int] = frozenset()

    def value(self, agg: str) -> Fraction | None:
        """The aggregate; None for min, max, avg and last of nothing."""
        if agg == "avg":
            return Fraction(self.total) / self.count if self.count else None
        amounts: dict[str, Decimal | int | None] = {
            "sum": self.total,
            "count": self.count,
            "min": self.low,
            "max": self.high,
            "last": self.last,
            "active_days": self.days,
            "distinct": len(self.contacts),
        }
        found = amounts[agg]
        return None if found is None else Fraction(found)


@dataclass(frozen=True)
class AsOf:
    """One account at one instant. `dates_zone` is the zone of durations and dates, the setting's that of days."""

    facts: AccountFacts
    at: datetime
    dates_zone: str
    stale: frozenset[str] = frozenset()
    run_started_at: datetime | None = None

    @property
    def setting(self) -> Setting:
        return self.facts.setting

    @property
    def zone(self) -> str:
        return self.facts.setting.zone

    @property
    def clock(self) -> Clock:
        return Clock(self.at, self.zone, self.dates_zone)

    @property
    def anchor(self) -> Anchor:
        return Anchor.of(self.at, self.zone)

    def trait(self, path: str) -> Known[Change] | Unknown:
        """The newest change with both instants not after `at`; ties by key, then id."""
        changes = self.facts.changes.get(path, ())
        known = [each for each in changes if each.occurred_at <= self.at and each.known_at <= self.at]
        if not known:
            return Unknown("no_history_before" if changes else "no_value")
        newest = max(known, key=lambda each: (each.occurred_at, each.key, each.id))
        return Unknown("no_value") if newest.value is None else Known(newest)

    def rate(self, currency: str, day: date) -> Fraction | None:
        """Units of the reporting currency for one of `currency` on that day."""
        if currency == self.setting.currency:
            return Fraction(1)
        stored = [rate for since, rate in self.setting.rates.get(currency, ()) if since <= day]
        return Fraction(stored[-1]) if stored else None

    def money(self, change: Change, currency: str) -> Fraction | None:
        """A money trait in major units of `currency`, at the rate of the fact's day; None without a rate."""
        stored = change.value
        major: Fraction = Fraction(stored["minor"]) / 10 ** exponent(stored["currency"])
        if stored["currency"] == currency:
            return major
        day = local_day(change.occurred_at, self.zone)
        source, target = self.rate(stored["currency"], day), self.rate(currency, day)
        return None if source is None or target is None else major * source / target

    def period_start(self) -> date:
        """The first local day of the billing period, of the month without one."""
        return self._trait_day("period_start") or self.anchor.day.replace(day=1)

    def period_end(self) -> Known[datetime] | Unknown:
        """The instant at which the billing period ends; the month's end when it has no period traits."""
        if self._trait_day("period_start") is None:
            return self.month_end()
        day = self._trait_day("period_end")
        return Unknown("no_value") if day is None else Known(day_start(day, self.zone))

    def month_end(self) -> Known[datetime]:
        """The first instant of the next local month."""
        return Known(day_start(shift_months(self.anchor.day.replace(day=1), 1), self.zone))

    def _trait_day(self, path: str) -> date | None:
        found = self.trait(path)
        return as_day(found.value.value, self.zone) if isinstance(found, Known) else None

    def started_by(self, border: Start) -> bool:
        """Whether the account had started on that day, or by that instant."""
        start = self.facts.started_at
        if start is None:
            return False
        if border.instant:
            return start <= border.instant
        return border.day is not None and local_day(start, self.zone) <= border.day

    def gone(self, span: Span, *, raw: bool) -> bool:
        """Whether events that are needed one by one may have been pruned."""
        since, start = self.setting.events_since, self.facts.started_at
        first = first_instant(self.concrete(span), self.zone, raw=raw)
        return since is not None and first is not None and first < since and (start is None or start < since)

    def concrete(self, span: Span) -> Span:
        """The span with the account's own billing period put in."""
        if not span.from_period:
            return span
        first = self.period_start()
        return Span(first, span.until, span.edges if first <= span.until else ())

    def read(self, event: str, span: Span, where: tuple[PropTest, ...] = (), *, raw: bool = False) -> Reading:
        """The event's amounts over the span; `raw` when only the events can tell (where, distinct)."""
        covered = self.concrete(span)
        if covered.first and covered.first > covered.until:
            return Reading()
        if raw or where:
            return summed(self._days_of(self.events(event, raw_edge(covered, self.zone), where)))
        parts = [each for each in self._days(event) if (covered.first or date.min) <= each[0] < covered.until]
        for edge in covered.edges:
            parts += self._days_of(self.events(event, edge))
        return summed(parts)

    def last_at(self, event: str, where: tuple[PropTest, ...] = ()) -> datetime | None:
        """When the last matching event happened, of all that are at hand."""
        found = [each.occurred_at for each in self.events(event, Edge(BEGINNING, self.at), where)]
        if not where:
            found += [day.last_at for day in self.facts.days.get(event, ()) if day.day < self.anchor.day]
        return max(found, default=None)

    def events(self, event: str, edge: Edge, where: tuple[PropTest, ...] = ()) -> list[EventFact]:
        """Known matching events in (after, upto], oldest first."""
        found = (each for each in self.facts.events if each.name == event and edge.after < each.occurred_at <= edge.upto)
        return sorted((e for e in found if e.known(self.at) and matches(where, e.props, self.zone)), key=lambda e: (e.occurred_at, e.id))

    def _days(self, event: str) -> list[tuple[date, Reading]]:
        if event not in self.facts.days:
            return self._days_of(self.events(event, raw_edge(Span(None, self.anchor.day), self.zone)))
        return [
            (day.day, Reading(day.count, day.total, day.low, day.high, day.last, day.last_at, 1))
            for day in self.facts.days[event]
            if day.count
        ]

    def _days_of(self, events: Iterable[EventFact]) -> list[tuple[date, Reading]]:
        return list(_by_day(events, self.zone))


def _by_day(events: Iterable[EventFact], zone: str) -> Iterator[tuple[date, Reading]]:
    """Readings of one event each, with its local day."""
    for each in events:
        amount, contacts = each.quantity, frozenset({each.contact_id} - {0})
        yield local_day(each.occurred_at, zone), Reading(1, amount, amount, amount, amount, each.occurred_at, 1, contacts)


def summed(parts: list[tuple[date, Reading]]) -> Reading:
    """The sum of readings of days and of single events."""
    if not parts:
        return Reading()
    readings = [reading for _, reading in parts]
    newest = max(reversed(readings), key=lambda each: each.last_at or BEGINNING)
    return Reading(
        count=sum(each.count for each in readings),
        total=sum((each.total for each in readings), Decimal(0)),
        low=min((each.low for each in readings if each.low is not None), default=None),
        high=max((each.high for each in readings if each.high is not None), default=None),
        last=newest.last,
        last_at=newest.last_at,
        days=len({day for day, _ in parts}),
        contacts=frozenset().union(*(each.contacts for each in readings)),
    )
