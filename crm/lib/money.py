"""Money as integer minor units with a currency. No floats, ever."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents, yen, fils) of an ISO 4217 `currency`."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return display(self.minor, self.currency)

    @property
    def major(self) -> Decimal:
        return to_major(self.minor, self.currency)


def exponent(currency: str) -> int:
    """Decimals of a currency by ISO 4217: USD 2, JPY 0, KWD 3."""
    return get_currency_precision(currency)


def to_minor(amount: Decimal | int | str, currency: str) -> int:
    """Major units to minor units, half-up. Takes Decimal, int or text, never a float."""
    if isinstance(amount, float):
        raise TypeError("money is never a float")
    return round_half_up(Decimal(amount).scaleb(exponent(currency)))


def to_major(minor: int, currency: str) -> Decimal:
    """Minor units to major units, exactly."""
    return Decimal(minor).scaleb(-exponent(currency))


def round_half_up(amount: Decimal | Fraction) -> int:
    """To the nearest integer, halves away from zero."""
    if isinstance(amount, Fraction):
        magnitude = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
        return magnitude if amount >= 0 else -magnitude
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def display(minor: int, currency: str, locale: str = "en", *, whole: bool = False) -> str:
    """For people: 350000 EUR -> "€3,500.00"; whole=True drops the decimals."""
    amount = to_major(minor, currency)
    if whole:
        return format_currency(round_half_up(amount), currency, locale=locale, format="¤#,##0", currency_digits=False)
    return format_currency(amount, currency, locale=locale)


def is_currency(code: str) -> bool:
    """Whether `code` is a currency that exists."""
    return code in get_global("all_currencies")
