"""A document (what YAML or JSON gave) to a condition tree, or every mistake in it at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from crm.lib.money import is_currency
from customers.conditions.durations import Duration
from customers.conditions.errors import ConditionError, Path, Problem, nearest
from customers.conditions.nodes import (
    COMPARISONS,
    Absent,
    All,
    Any,
    Cmp,
    Compare,
    Contrast,
    DateIs,
    Field,
    Happened,
    Metric,
    Node,
    Not,
    Quantity,
    SinceRunStart,
    Tag,
    Usage,
    UsageOf,
    ValueTest,
)
from customers.conditions.reader import FIELD_OPS, Reader, describe, duration, name, read_tests, window
from customers.conditions.windows import Window

AGGS = ("sum", "count", "min", "max", "avg", "last", "active_days", "distinct")
TO = ("previous", "same_period_last_year", "average_of_previous_3")
QUANTITY_KEYS = ("metric", "agg", "window", "offset", "where", "missing")
LATER = {"segment": "Segments", "playbook_state": "Conditions on playbooks", "step": "Conditions on steps"}
LIMIT_TYPES = {
    "number": {"number"},
    "money": {"number"},
    "text": {"text"},
    "boolean": {"boolean"},
    "date": {"date", "text"},
    "instant": {"date", "text"},
}
DEEPEST = 30


@dataclass
class Parsing:
    """What the parse of one document carries along."""

    run_scope: bool = False
    trait_types: Mapping[str, str] | None = None
    problems: list[Problem] = field(default_factory=list)


def parse(doc: object, *, run_scope: bool = False, trait_types: Mapping[str, str] | None = None) -> Node:
    """The condition in `doc`.

    `run_scope` allows `since_run_start`. `trait_types` (path to TraitType.type) refuses limits of another type.
    Raises ConditionError with all problems.
    """
    state = Parsing(run_scope, trait_types)
    node = read_node(doc, (), state)
    if state.problems or node is None:
        raise ConditionError(state.problems)
    return node


def substitute(doc: object, inputs: Mapping[str, object]) -> object:
    """The document with each `{input: x}` replaced by the input's value. Raises ConditionError for unknown inputs."""
    problems: list[Problem] = []
    result = _substitute(doc, inputs, (), problems)
    if problems:
        raise ConditionError(problems)
    return result


def _substitute(doc: object, inputs: Mapping[str, object], path: Path, problems: list[Problem]) -> object:
    if isinstance(doc, list):
        return [_substitute(each, inputs, (*path, index), problems) for index, each in enumerate(doc)]
    if not isinstance(doc, dict):
        return doc
    if set(doc) == {"input"}:
        wanted = doc["input"]
        if isinstance(wanted, str) and wanted in inputs:
            return inputs[wanted]
        problems.append(Problem("unknown_input", path, f'there is no input "{wanted}".', nearest(wanted, inputs)))
        return doc
    return {key: _substitute(each, inputs, (*path, key), problems) for key, each in doc.items()}


def read_node(doc: object, path: Path, state: Parsing) -> Node | None:
    """One node; mistakes go to the state."""
    reader = Reader(doc, path, state.problems)
    if not isinstance(doc, dict):
        return None
    if len(path) > 2 * DEEPEST:
        reader.problem("too_deep", "", f"conditions may be nested {DEEPEST} deep.")
        return None
    present = [key for key in doc if key in READERS or key in LATER]
    if len(present) != 1:
        _not_one(reader, present)
        return None
    if present[0] in LATER:
        reader.problem("not_supported_yet", present[0], f"{LATER[present[0]]} are not supported yet.")
        return None
    return READERS[present[0]](reader, state)


def _not_one(reader: Reader, present: list[str]) -> None:
    if present:
        reader.problem("several_nodes", "", f"one condition has several kinds: {', '.join(present)}.", "Combine them with all or any.")
        return
    for key in reader.doc or [""]:
        reader.problem("unknown_key", str(key), f"{describe(key)} is no condition.", nearest(key, READERS))


def _read_parts(key: str, make: Callable[[tuple[Node, ...]], Node]) -> "Callable[[Reader, Parsing], Node | None]":
    def read(reader: Reader, state: Parsing) -> Node | None:
        reader.only((key,))
        docs = reader.doc[key]
        if not isinstance(docs, list) or not docs:
            reader.problem("not_a_list", key, f"expected a list of conditions, found {describe(docs)}.")
            return None
        parts = [read_node(doc, (*reader.path, key, index), state) for index, doc in enumerate(docs)]
        return make(tuple(part for part in parts if part is not None))

    return read


def _read_not(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("not",))
    part = read_node(reader.doc["not"], (*reader.path, "not"), state)
    return Not(part) if part is not None else None


def _read_field(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("field", "currency", *FIELD_OPS))
    path = reader.take("field", name)
    tests = tuple(read_tests(reader, FIELD_OPS))
    if not any(op in reader.doc for op in FIELD_OPS):
        reader.problem("missing_key", "", "a comparison is missing.", nearest("", FIELD_OPS))
    if path and state.trait_types:
        _check_types(reader, state.trait_types.get(path, ""), tests)
    return Field(path, tests, _currency(reader)) if path else None


def _currency(reader: Reader) -> str:
    value = reader.doc.get("currency", "")
    if value and not (isinstance(value, str) and is_currency(value)):
        reader.problem("bad_value", "currency", f"{describe(value)} is no currency.", "Write an ISO 4217 code, as in EUR.")
        return ""
    return str(value)


def _check_types(reader: Reader, trait_type: str, tests: tuple[ValueTest, ...]) -> None:
    allowed = LIMIT_TYPES.get(trait_type)
    for test in tests:
        if allowed and test.op not in ("exists", "contains") and not {limit.kind for limit in test.limits} <= allowed:
            reader.problem("wrong_type", test.op, f"the trait is of type {trait_type}, the limit is not.")


def read_quantity(reader: Reader, *, inner: bool = False) -> Quantity | None:
    """The keys of a metric; `inner` ones (of a compare) have neither offset nor where."""
    event = reader.take("metric", name, required=True)
    covered = reader.take("window", window, required=True)
    agg = reader.choice("agg", AGGS, "sum")
    if event is None or covered is None:
        return None
    if inner:
        return Quantity(event, covered, agg)
    return Quantity(
        event, covered, agg, reader.take("offset", _offset), reader.where(), reader.choice("missing", ("zero", "unknown"), "zero")
    )


def _offset(reader: Reader, key: str) -> Duration | None:
    found = duration(reader, key)
    if found and found.unit == "bd":
        reader.problem("bad_duration", key, "windows are shifted by m, h, d or w.")
    return found


def _read_metric(reader: Reader, state: Parsing) -> Node | None:
    reader.only((*QUANTITY_KEYS, "is"))
    of, limit = read_quantity(reader), reader.cmp("is", required=True)
    refuse_offset(reader, of)
    return Metric(of, limit) if of and limit else None


def refuse_offset(reader: Reader, of: Quantity | None) -> None:
    """Windows whose start is the account's own cannot be shifted."""
    if of and of.offset and of.window.name in ("billing_period", "lifetime"):
        reader.problem("bad_window", "offset", f"{of.window.name} cannot be shifted.")


def read_contrast(reader: Reader) -> Contrast | None:
    """The keys that compare and change_pct share."""
    of = read_quantity(reader, inner=True)
    to = "previous"
    if reader.doc.get("to") == "peers_median":
        reader.problem("not_supported_yet", "to", "peers_median is not supported yet.")
    elif reader.take("to", lambda inner, key: str(inner.doc[key]), required=True):
        to = reader.choice("to", TO, "previous")
    if of and of.window.name in ("billing_period", "lifetime"):
        hint = "Use 30d, calendar_month or calendar_month_to_date."
        reader.problem("bad_window", "window", f"nothing comparable lies before {of.window.name}.", hint)
    return Contrast(of, to, reader.take("min_history", duration)) if of else None


def _read_compare(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("compare",))
    inner = reader.child("compare")
    inner.only(("metric", "agg", "window", "to", "min_history", *COMPARISONS))
    of = read_contrast(inner)
    limits = {key: inner.cmp(key) for key in COMPARISONS}
    if inner.doc and not any(key in inner.doc for key in COMPARISONS):
        inner.problem("missing_key", "", "a comparison is missing.", nearest("", COMPARISONS))
    if "drop_pct" in inner.doc and _is_fall(limits["drop_pct"]) and "baseline" not in inner.doc:
        inner.problem("missing_key", "baseline", "drop_pct needs a baseline: 1 to 0 is a drop of 100 %.", "Add baseline: {gte: 8}.")
    return Compare(of, **limits) if of else None


def _is_fall(limit: Cmp | None) -> bool:
    """Whether only a fall satisfies it; `{lte: 20}`, as in rearm_when, also holds for a rise."""
    return limit is None or any(op in ("gt", "gte", "eq", "between") for op, _ in limit.tests)


def read_usage(inner: Reader) -> Usage | None:
    """The keys of usage_of without its limit."""
    event, allowance = inner.take("metric", name, required=True), inner.take("allowance", name, required=True)
    covered = inner.take("window", window) or Window(name="billing_period")
    forecast = inner.choice("forecast", ("none", "period_end_linear"), "none") != "none"
    if forecast and covered.name not in ("billing_period", "calendar_month_to_date"):
        inner.problem(
            "bad_window", "forecast", "a forecast needs a window with an end to come.", "Use billing_period or calendar_month_to_date."
        )
    return Usage(event, allowance, covered, forecast) if event and allowance else None


def _read_usage_of(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("usage_of",))
    inner = reader.child("usage_of")
    inner.only(("metric", "allowance", "window", "pct", "forecast"))
    of, limit = read_usage(inner), inner.cmp("pct", required=True)
    return UsageOf(of, limit) if of and limit else None


def _read_absent(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("absent", "for", "where", "never", "grace"))
    event, length = reader.take("absent", name), reader.take("for", duration, required=True)
    never = reader.choice("never", ("counts_from_start", "matches", "unknown"), "counts_from_start")
    where, grace = reader.where(), reader.take("grace", duration)
    return Absent(event, length, where, never, grace) if event and length else None


def _read_happened(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("happened", "where", "window", "count"))
    event, covered = reader.take("happened", name), reader.take("window", window, required=True)
    where, limit = reader.where(), reader.cmp("count")
    return Happened(Quantity(event, covered, "count", None, where), limit) if event and covered else None


def _read_date(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("date", "within", "overdue"))
    path, sides = reader.take("date", name), [side for side in ("within", "overdue") if side in reader.doc]
    if len(sides) != 1:
        reader.problem("missing_key", "", "a date needs either within or overdue.")
        return None
    length = reader.take(sides[0], duration)
    if length and length.is_exact:
        reader.problem("bad_duration", sides[0], "dates are compared by the day.", "Use d, w or bd.")
    return DateIs(path, sides[0], length) if path and length else None


def _read_tag(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("tag",))
    tag = reader.take("tag", name)
    return Tag(tag) if tag else None


def _read_since_run_start(reader: Reader, state: Parsing) -> Node | None:
    reader.only(("since_run_start",))
    if not state.run_scope:
        reader.problem("no_run_here", "since_run_start", "since_run_start has a meaning only in a goal, an exit, a branch or a wait.")
        return None
    inner = reader.child("since_run_start")
    inner.only(("event", "where", "count"))
    event, where, limit = inner.take("event", name, required=True), inner.where(), inner.cmp("count")
    return SinceRunStart(event, where, limit) if event else None


READERS: dict[str, Callable[[Reader, Parsing], Node | None]] = {
    "all": _read_parts("all", All),
    "any": _read_parts("any", Any),
    "not": _read_not,
    "field": _read_field,
    "metric": _read_metric,
    "compare": _read_compare,
    "usage_of": _read_usage_of,
    "absent": _read_absent,
    "happened": _read_happened,
    "date": _read_date,
    "tag": _read_tag,
    "since_run_start": _read_since_run_start,
}
