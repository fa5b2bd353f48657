"""Known and unknown values, three-valued logic, and the comparison of stored values with limits."""

import math
import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from customers.conditions.nodes import Cmp, Limit, PropTest, ValueTest

DAY_SHAPE = "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
INSTANT_SHAPE = DAY_SHAPE + "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
DAY, INSTANT = re.compile(DAY_SHAPE), re.compile(INSTANT_SHAPE)
T = TypeVar("T")
OPERATORS = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}
PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class Unknown:
    cause: str


def both(truths: Iterable[bool | None]) -> bool | None:
    """Kleene's and: false decides, then unknown."""
    found = set(truths)
    return False if False in found else None if None in found else True


def either(truths: Iterable[bool | None]) -> bool | None:
    """Kleene's or: true decides, then unknown."""
    found = set(truths)
    return True if True in found else None if None in found else False


def inverse(truth: bool | None) -> bool | None:  # noqa: FBT001
    """Kleene's not."""
    return None if truth is None else not truth


def compare(op: str, left: Any, right: Any) -> bool:
    """One ordering or equality of two values of the same type."""
    return bool(OPERATORS[op](left, right))


def holds(cmp: Cmp, value: Fraction) -> bool:
    """Whether a number satisfies all comparisons; limits are inclusive for gte, lte and between."""
    return all(_holds(op, limits, value) for op, limits in cmp.tests)


def _holds(op: str, limits: tuple[Decimal, ...], value: Fraction) -> bool:
    if op == "between":
        return Fraction(limits[0]) <= value <= Fraction(limits[1])
    return compare(op, value, Fraction(limits[0]))


def rounded(value: Fraction) -> Decimal:
    """To at most six places, halves away from zero: the exactness of measures."""
    scaled = value * 10**6
    magnitude = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return (Decimal(magnitude if value >= 0 else -magnitude) * PLACES).normalize() + 0


def as_number(value: object) -> Fraction | None:
    """A JSON number exactly; booleans are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return None
    return Fraction(str(value))


def as_day(value: object, zone: str) -> date | None:
    """The local day that a stored date (2026-02-28) or instant (2026-02-28T10:00:00Z) means."""
    if not isinstance(value, str):
        return None
    try:
        if INSTANT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(ZoneInfo(zone)).date()
        return date.fromisoformat(value) if DAY.fullmatch(value) else None
    except ValueError:
        return None


def kind_of(value: object) -> str:
    """The kind of a JSON value, in the words of Limit.kind; money, list and object besides."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict):
        return "money" if is_money(value) else "object"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "number" if as_number(value) is not None else "other"


def is_money(value: dict[str, Any]) -> bool:
    """{minor, currency} with a whole number of minor units."""
    minor = value.get("minor")
    return isinstance(minor, int) and not isinstance(minor, bool) and isinstance(value.get("currency"), str)


def test_holds(test: ValueTest, value: object, zone: str) -> bool | None:
    """A test on a stored value other than `exists` and money: None when it is of another type than the limit."""
    if test.op == "contains":
        return _contains(value, test.limits[0])
    if test.op == "starts_with":
        return value.startswith(str(test.limits[0].value)) if isinstance(value, str) else None
    if test.op in ("in", "not_in"):
        if kind_of(value) != test.limits[0].kind:
            return None
        found = any(_same(value, limit) for limit in test.limits)
        return found == (test.op == "in")
    return _ordered(test.op, value, test.limits[0], zone)


def _ordered(op: str, value: object, limit: Limit, zone: str) -> bool | None:
    if limit.kind == "date":
        day = as_day(value, zone)
        return None if day is None else compare(op, day, date.fromisoformat(str(limit.value)))
    if kind_of(value) != limit.kind:
        return None
    if limit.kind == "number":
        return compare(op, as_number(value), Fraction(limit.number))
    return compare(op, value, limit.value)


def _same(value: object, limit: Limit) -> bool:
    return as_number(value) == Fraction(limit.number) if limit.kind == "number" else value == limit.value


def _contains(value: object, limit: Limit) -> bool | None:
    if isinstance(value, str):
        return str(limit.value) in value
    return limit.value in value if isinstance(value, list) else None


def matches(where: tuple[PropTest, ...], props: object, zone: str) -> bool:
    """Whether an event's properties pass all tests. A missing property, or one of another type, passes none but `exists`."""
    values = props if isinstance(props, dict) else {}
    return all(_prop_holds(each.test, values.get(each.prop), zone) for each in where)


def _prop_holds(test: ValueTest, value: object, zone: str) -> bool:
    if test.op == "exists":
        return (value is not None) == test.limits[0].value
    if test.limits[0].kind == "null":
        return (value is None) == (test.op == "eq")
    return value is not None and test_holds(test, value, zone) is True


def half_up(value: Decimal, places: int = 0) -> Decimal:
    """For people: halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
