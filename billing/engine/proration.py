"""Which fraction of a period's price a part of it costs.

A policy is an entry in POLICIES. The default counts whole local days, half-open, against the
actual days of the full period, so a clock change does not alter an amount.
"""

from collections.abc import Callable
from fractions import Fraction

from billing.engine.facts import Period, Proration, Span


def prorate(policy: Proration, period: Period, span: Span) -> Fraction:
    """The share of `period` that `span` takes, 0 to 1. Raises KeyError for an unknown policy."""
    if span.first == period.first and span.end_day == period.end_day:
        return Fraction(1)
    return POLICIES[policy.unit](period, span)


def by_day(period: Period, span: Span) -> Fraction:
    return Fraction((span.end_day - span.first).days, (period.end_day - period.first).days)


def by_second(period: Period, span: Span) -> Fraction:
    """Real seconds above and below the line: a day with a clock change is 23 or 25 hours."""
    return Fraction(
        int((span.end - span.start).total_seconds()),
        int((period.end - period.start).total_seconds()),
    )


def whole_or_nothing(period: Period, span: Span) -> Fraction:
    """No proration: who starts with the period pays it whole, who joins later pays from the next."""
    return Fraction(int(span.first == period.first and span.end_day > span.first))


POLICIES: dict[str, Callable[[Period, Span], Fraction]] = {
    "day": by_day,
    "second": by_second,
    "none": whole_or_nothing,
}
