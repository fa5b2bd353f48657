"""Monthly recurring revenue: normalising a price to a month, and naming a change.

Year / 12, quarter / 3, n months / n, week x 52 / 12, day x 365 / 12. Exact until the caller
rounds, so that ARR is twelve times the exact MRR and not of its rounding.
"""

from decimal import Decimal
from fractions import Fraction

from billing.engine.facts import DAY, MONTH, QUARTER, WEEK, YEAR, PriceFact
from billing.engine.pricing import rate

PER_MONTH = {
    DAY: Fraction(365, 12),
    WEEK: Fraction(52, 12),
    MONTH: Fraction(1),
    QUARTER: Fraction(1, 3),
    YEAR: Fraction(1, 12),
}


def monthly(price: PriceFact, quantity: Decimal) -> Fraction:
    """The exact recurring charge of one item for a month, in minor units."""
    return rate(price, quantity) * PER_MONTH[price.interval.unit] / price.interval.count


def direction(before: Fraction, after: Fraction) -> str:
    """`upgraded` when the recurring charge rises, `downgraded` when it falls, else `changed`."""
    if after == before:
        return "changed"
    return "upgraded" if after > before else "downgraded"
