"""A tree back to its document, in canonical form: defaults left out, keys in the order of the language."""

from collections.abc import Callable
from decimal import Decimal

from customers.conditions.nodes import (
    COMPARISONS,
    Absent,
    AgeDays,
    All,
    Any,
    ChangePct,
    Cmp,
    Compare,
    ConditionValue,
    Contrast,
    DateIs,
    DaysSince,
    DaysUntil,
    Field,
    FieldValue,
    Happened,
    Limit,
    Measure,
    Metric,
    Node,
    Not,
    PropTest,
    Quantity,
    SinceRunStart,
    Tag,
    Usage,
    UsageOf,
    ValueTest,
)

Doc = dict[str, object]


def render(node: Node | Measure) -> Doc:
    """The document that parses to exactly this tree."""
    return RENDERERS[type(node)](node)


def given(**values: object) -> Doc:
    """The values that are there, keys without their trailing underscore."""
    return {key.rstrip("_"): value for key, value in values.items() if value not in (None, "", {}, ())}


def number(value: Decimal) -> int | float:
    """A number as YAML writes it."""
    return int(value) if value == value.to_integral_value() else float(value)


def comparison(cmp: Cmp | None) -> Doc:
    """`{gte: 8}`."""
    tests = cmp.tests if cmp else ()
    return {op: [number(each) for each in limits] if op == "between" else number(limits[0]) for op, limits in tests}


def scalar(limit: Limit) -> object:
    """A limit's value."""
    return number(limit.value) if isinstance(limit.value, Decimal) else limit.value


def test_doc(test: ValueTest) -> object:
    """What stands behind an operator."""
    return [scalar(limit) for limit in test.limits] if test.op in ("in", "not_in") else scalar(test.limits[0])


def where_doc(where: tuple[PropTest, ...]) -> Doc:
    """`{severity: sev1, minutes: {gte: 30}}`; a property tested once for equality is written short."""
    found: dict[str, dict[str, object]] = {}
    for each in where:
        found.setdefault(each.prop, {})[each.test.op] = test_doc(each.test)
    return {prop: tests["eq"] if set(tests) == {"eq"} else tests for prop, tests in found.items()}


def _quantity(of: Quantity) -> Doc:
    agg, missing = ("" if of.agg == "sum" else of.agg), ("" if of.missing == "zero" else of.missing)
    return given(metric=of.event, agg=agg, window=str(of.window), offset=_text(of.offset), where=where_doc(of.where), missing=missing)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _contrast(of: Contrast) -> Doc:
    return {**_quantity(of.of), "to": of.to, **given(min_history=_text(of.min_history))}


def _compare(node: Compare) -> Doc:
    return {"compare": {**_contrast(node.of), **given(**{key: comparison(getattr(node, key)) for key in COMPARISONS})}}


def _usage(of: Usage) -> Doc:
    window = "" if of.window.name == "billing_period" else str(of.window)
    return given(metric=of.event, allowance=of.allowance, window=window, forecast="period_end_linear" if of.forecast else "")


def _absent(node: Absent) -> Doc:
    never = "" if node.never == "counts_from_start" else node.never
    return given(absent=node.event, for_=str(node.duration), where=where_doc(node.where), never=never, grace=_text(node.grace))


def _days_since(of: DaysSince) -> Doc:
    never = "" if of.never == "counts_from_start" else of.never
    return given(days_since=of.event, where=where_doc(of.where), never=never)


def _happened(node: Happened) -> Doc:
    of = node.of
    return given(happened=of.event, where=where_doc(of.where), window=str(of.window), count=comparison(node.limit))


def _field(node: Field) -> Doc:
    return {"field": node.path, **{test.op: test_doc(test) for test in node.tests}, **given(currency=node.currency)}


def _since_run_start(node: SinceRunStart) -> Doc:
    return {"since_run_start": given(event=node.event, where=where_doc(node.where), count=comparison(node.limit))}


RENDERERS: dict[type, Callable[..., Doc]] = {
    All: lambda node: {"all": [render(part) for part in node.parts]},
    Any: lambda node: {"any": [render(part) for part in node.parts]},
    Not: lambda node: {"not": render(node.part)},
    Field: _field,
    Metric: lambda node: {**_quantity(node.of), "is": comparison(node.limit)},
    Compare: _compare,
    UsageOf: lambda node: {"usage_of": {**_usage(node.of), "pct": comparison(node.limit)}},
    Absent: _absent,
    Happened: _happened,
    DateIs: lambda node: {"date": node.path, node.side: str(node.duration)},
    Tag: lambda node: {"tag": node.name},
    SinceRunStart: _since_run_start,
    FieldValue: lambda of: {"field": of.path},
    Quantity: _quantity,
    ChangePct: lambda of: {"change_pct": {**_contrast(of.of), **given(baseline=comparison(of.baseline))}},
    Usage: lambda of: {"usage_of": _usage(of)},
    DaysSince: _days_since,
    DaysUntil: lambda of: {"days_until": of.path},
    AgeDays: lambda _: {"age_days": True},
    ConditionValue: lambda of: {"condition": render(of.condition)},
}
