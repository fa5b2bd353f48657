"""Measures: numbers about an account that scorecard factors weigh. Reading them from a document, and evaluation in memory."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from customers.conditions.amounts import Number, age_days, change_pct, days_since, days_until, field_number, quantity, usage
from customers.conditions.asof import AsOf
from customers.conditions.errors import ConditionError, nearest
from customers.conditions.evaluate import judge
from customers.conditions.facts import AccountFacts
from customers.conditions.nodes import (
    AgeDays,
    ChangePct,
    ConditionValue,
    DaysSince,
    DaysUntil,
    FieldValue,
    Measure,
    Quantity,
    Usage,
    events_of,
)
from customers.conditions.parse import QUANTITY_KEYS, Parsing, read_contrast, read_node, read_quantity, read_usage, refuse_offset
from customers.conditions.reader import Reader, describe, name
from customers.conditions.values import Known, Unknown, rounded


def parse_measure(doc: object, *, trait_types: Mapping[str, str] | None = None) -> Measure:
    """The measure in `doc`. Raises ConditionError with all problems."""
    state = Parsing(trait_types=trait_types)
    measure = _read(Reader(doc, (), state.problems), state) if isinstance(doc, dict) else None
    if not isinstance(doc, dict):
        Reader(doc, (), state.problems)
    if state.problems or measure is None:
        raise ConditionError(state.problems)
    return measure


def _read(reader: Reader, state: Parsing) -> Measure | None:
    present = [key for key in reader.doc if key in READERS]
    if len(present) == 1:
        return READERS[present[0]](reader, state)
    if present:
        reader.problem("several_nodes", "", f"one measure has several kinds: {', '.join(present)}.")
    for key in () if present else reader.doc or [""]:
        reader.problem("unknown_key", str(key), f"{describe(key)} is no measure.", nearest(key, READERS))
    return None


def _field(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(("field",))
    path = reader.take("field", name)
    if path and state.trait_types and state.trait_types.get(path, "number") not in ("number", "boolean", "money"):
        reader.problem("wrong_type", "field", f"the trait is of type {state.trait_types[path]}, not a number.")
    return FieldValue(path) if path else None


def _quantity(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(QUANTITY_KEYS)
    of = read_quantity(reader)
    refuse_offset(reader, of)
    return of


def _change_pct(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(("change_pct",))
    inner = reader.child("change_pct")
    inner.only(("metric", "agg", "window", "to", "baseline", "min_history"))
    of, baseline = read_contrast(inner), inner.cmp("baseline")
    return ChangePct(of, baseline) if of else None


def _usage(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(("usage_of",))
    inner = reader.child("usage_of")
    inner.only(("metric", "allowance", "window", "forecast"))
    return read_usage(inner)


def _days_since(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(("days_since", "where", "never"))
    event, where = reader.take("days_since", name), reader.where()
    never = reader.choice("never", ("counts_from_start", "unknown"), "counts_from_start")
    return DaysSince(event, where, never) if event else None


def _days_until(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(("days_until",))
    path = reader.take("days_until", name)
    return DaysUntil(path) if path else None


def _age_days(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(("age_days",))
    if reader.doc["age_days"] is not True:
        reader.problem("bad_value", "age_days", "age_days is written age_days: true.")
    return AgeDays()


def _condition(reader: Reader, state: Parsing) -> Measure | None:
    reader.only(("condition",))
    node = read_node(reader.doc["condition"], (*reader.path, "condition"), state)
    return ConditionValue(node) if node else None


READERS = {
    "field": _field,
    "metric": _quantity,
    "change_pct": _change_pct,
    "usage_of": _usage,
    "days_since": _days_since,
    "days_until": _days_until,
    "age_days": _age_days,
    "condition": _condition,
}


def evaluate_measure(
    measure: Measure,
    facts: AccountFacts,
    at: datetime,
    *,
    dates_zone: str | None = None,
    stale_metrics: Collection[str] = (),
) -> Known[Decimal] | Unknown:
    """The number as of `at`, rounded half up to six places, or why it is unknown."""
    asof = AsOf(facts, at, dates_zone or facts.setting.zone, facts.setting.stale.union(stale_metrics))
    if not isinstance(measure, ConditionValue) and events_of(measure) & asof.stale:
        return Unknown("stale_feed")
    found = NUMBERS[type(measure)](measure, asof)
    return found if isinstance(found, Unknown) else Known(rounded(found.value))


def _usage_number(measure: Usage, asof: AsOf) -> Number:
    found = usage(measure, asof)
    return found if isinstance(found, Unknown) else Known(found.pct)


def _condition_number(measure: ConditionValue, asof: AsOf) -> Number:
    judged = judge(measure.condition, asof)
    return Unknown(judged.cause) if judged.truth is None else Known(Fraction(int(judged.truth)))


NUMBERS: dict[type, Callable[..., Number]] = {
    FieldValue: field_number,
    Quantity: quantity,
    ChangePct: change_pct,
    Usage: _usage_number,
    DaysSince: days_since,
    DaysUntil: days_until,
    AgeDays: age_days,
    ConditionValue: _condition_number,
}
