"""Price models, parts of periods, rounding and totals as golden tables."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.credits import total
from billing.engine.facts import Cycle, Interval, Proration
from billing.engine.mrr import direction, monthly
from billing.engine.pricing import rate
from billing.engine.proration import prorate
from billing.engine.rounding import half_up, split
from billing.engine.schedule import clip, period_containing
from tests.billing.engine.facts import at, price


@pytest.mark.parametrize(
    ("model", "amount", "quantity", "expected"),
    [
        ("flat", "9900", 1, 9900),
        ("flat", "9900", 25, 9900),
        ("unit", "1500", 12, 18000),
        ("unit", "1500", 0, 0),
        ("unit", "0.0125", 1000, Fraction(25, 2)),
        ("unit", "1000", "2.5", 2500),
    ],
)
def test_rating(model, amount, quantity, expected):
    assert rate(price(amount, model=model), Decimal(quantity)) == expected


def test_only_the_quantity_above_what_was_billed_is_rated():
    assert rate(price("1500", model="unit"), Decimal(2), Decimal(10)) == 3000


@pytest.mark.parametrize(("amount", "rounded"), [("0.5", 1), ("-0.5", -1), ("1.49", 1), ("2.5", 3), ("-7.703", -8), ("0", 0)])
def test_a_half_is_rounded_away_from_zero(amount, rounded):
    assert half_up(Fraction(amount)) == rounded


@given(st.integers(-10_000, 10_000), st.lists(st.integers(0, 50), min_size=1, max_size=9).filter(any))
def test_a_split_sums_to_the_whole_and_each_part_is_off_by_less_than_one(whole, weights):
    parts = split(whole, weights)

    assert sum(parts) == whole
    assert all(abs(part - Fraction(whole) * w / sum(weights)) < 1 for part, w in zip(parts, weights, strict=True))


def test_a_split_by_nothing_is_refused():
    with pytest.raises(ValueError, match="more than zero"):
        split(10, [0, 0])


@pytest.mark.parametrize(
    ("policy", "until", "share"),
    [
        ("day", "2025-03-31T12:00", Fraction(30, 31)),
        ("second", "2025-03-31T12:00", Fraction(30 * 24 - 1, 31 * 24 - 1)),
        ("none", "2025-03-31T12:00", 1),
        ("day", "2025-04-01T00:00", 1),
        ("second", "2025-04-01T00:00", 1),
        ("day", "2025-03-01T10:00", 0),
    ],
)
def test_parts_of_a_month_with_a_clock_change(policy, until, share):
    berlin = "Europe/Berlin"
    period = period_containing(Cycle(at("2025-03-01").date(), Interval("month"), berlin), at("2025-03-10").date())
    span = clip(period, berlin, period.start, at(until, berlin))

    assert prorate(Proration(policy), period, span) == share


@pytest.mark.parametrize(
    ("unit", "every", "expected"),
    [
        ("month", 1, Fraction(1200)),
        ("year", 1, Fraction(100)),
        ("quarter", 1, Fraction(400)),
        ("month", 6, Fraction(200)),
        ("week", 1, Fraction(5200)),
        ("day", 1, Fraction(36500)),
        ("year", 2, Fraction(50)),
    ],
)
def test_recurring_revenue_is_normalised_to_a_month(unit, every, expected):
    assert monthly(price("1200", unit=unit, every=every), Decimal(1)) == expected


def test_a_change_is_named_by_its_recurring_charge():
    assert [direction(Fraction(10), Fraction(after)) for after in (5, 10, 15)] == ["downgraded", "changed", "upgraded"]


@pytest.mark.parametrize(
    ("amounts", "credit", "expected"),
    [
        ([6000, 1500], 0, (7500, 7500, 0, 0, 7500)),
        ([6000], 2500, (6000, 6000, 0, 2500, 3500)),
        ([6000], 9000, (6000, 6000, 0, 6000, 0)),
        ([-2000, 1000], 500, (-1000, 0, 1000, 0, 0)),
        ([0], 100, (0, 0, 0, 0, 0)),
        ([], 0, (0, 0, 0, 0, 0)),
    ],
)
def test_totals(amounts, credit, expected):
    totals = total(amounts, credit_available=credit)

    assert (totals.subtotal, totals.total, totals.carried, totals.credit, totals.due) == expected


@given(st.lists(st.integers(-5000, 5000), max_size=6), st.integers(-100, 9000))
def test_no_invoice_is_negative_and_nothing_is_lost(amounts, available):
    totals = total(amounts, credit_available=available)

    assert min(totals.total, totals.carried, totals.credit, totals.due) >= 0
    assert totals.total - totals.carried == sum(amounts)
    assert totals.credit + totals.due == totals.total
