"""Totals of an invoice: lines, discounts, tax, credit, amount due, in this order."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Totals:
    """All in minor units. `carried` is what the lines leave in the customer's favour.

    subtotal - discount + tax = total - carried; total - credit = due; none is negative but
    the subtotal.
    """

    subtotal: int
    discount: int
    tax: int
    total: int
    carried: int
    credit: int
    due: int


def total(amounts: Iterable[int], *, credit_available: int = 0, discount: int = 0, tax: int = 0) -> Totals:
    """The totals of an invoice with these line amounts, of which credit pays what it can.

    An invoice is never negative: it stops at zero and the rest is carried to the account.
    """
    subtotal = sum(amounts)
    exact = subtotal - discount + tax
    payable, carried = max(exact, 0), max(-exact, 0)
    credit = min(payable, max(credit_available, 0))
    return Totals(subtotal, discount, tax, payable, carried, credit, payable - credit)
