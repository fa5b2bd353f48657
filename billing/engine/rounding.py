"""Rounding of money: half up, once per line; splits by largest remainder."""

from collections.abc import Sequence
from fractions import Fraction


def half_up(amount: Fraction) -> int:
    """The nearest integer; a half goes away from zero, so a credit mirrors its charge."""
    if amount < 0:
        return -half_up(-amount)
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def split(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """`total` in parts proportional to `weights` that sum to it exactly.

    What rounding down leaves goes to the largest remainders, the earlier first.
    Raises ValueError when the weights are negative or sum to zero.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative and must sum to more than zero")
    exact = [Fraction(total) * weight / whole for weight in weights]
    parts = [value.numerator // value.denominator for value in exact]
    by_remainder = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in by_remainder[: total - sum(parts)]:
        parts[n] += 1
    return parts
