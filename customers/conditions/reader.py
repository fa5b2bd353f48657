"""Reading one mapping of a document: takes keys, converts values, and collects every mistake instead of stopping.

Knows the shapes that all nodes share (names, durations, windows, comparisons, tests on properties), no node.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from customers.conditions.durations import Duration, parse_duration
from customers.conditions.errors import Path, Problem, nearest
from customers.conditions.nodes import Cmp, Limit, PropTest, ValueTest
from customers.conditions.windows import Window, parse_window

T = TypeVar("T")
NUMBER_OPS = ("eq", "ne", "lt", "lte", "gt", "gte", "between")
ORDER_OPS = ("lt", "lte", "gt", "gte")
FIELD_OPS = ("eq", "ne", *ORDER_OPS, "in", "not_in", "exists", "contains")
PROP_OPS = (*FIELD_OPS, "starts_with")
NAME = re.compile(r"[^{}|\x00]{1,200}")
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
DURATION_HINT = "Write a number and m, h, d, w or bd, as in 14d."


class Reader:
    """One mapping of the document at `path`; problems go to the shared list."""

    def __init__(self, doc: object, path: Path, problems: list[Problem]) -> None:
        self.doc: dict[str, object] = doc if isinstance(doc, dict) else {}
        self.path = path
        self.problems = problems
        if not isinstance(doc, dict):
            self.problem("not_a_mapping", "", f"expected keys and values, found {describe(doc)}.")

    def problem(self, code: str, key: str | int, message: str, hint: str = "") -> None:
        """Notes one mistake at `key` of this mapping (empty: the mapping itself)."""
        path = self.path if key == "" else (*self.path, key)
        self.problems.append(Problem(code, path, message, hint))

    def child(self, key: str) -> "Reader":
        """A reader of the mapping under `key`."""
        return Reader(self.doc.get(key), (*self.path, key), self.problems)

    def only(self, keys: Iterable[str]) -> None:
        """Every other key is a mistake."""
        known = list(keys)
        for key in self.doc:
            if key not in known:
                self.problem("unknown_key", str(key), f'"{key}" is not known here.', nearest(key, known))

    def take(self, key: str, convert: "Callable[[Reader, str], T | None]", *, required: bool = False) -> T | None:
        """The converted value of `key`, None when it is absent or wrong (which is noted)."""
        if key in self.doc:
            value = self.doc[key]
            if isinstance(value, dict) and set(value) == {"input"}:
                self.problem("unresolved_input", key, f'input "{value["input"]}" has no value here.')
                return None
            return convert(self, key)
        if required and self.doc:
            self.problem("missing_key", key, f'"{key}" is missing.')
        return None

    def choice(self, key: str, options: tuple[str, ...], default: str) -> str:
        """One of the options."""
        value = self.doc.get(key, default)
        if value in options:
            return str(value)
        self.problem("bad_value", key, f"{describe(value)} is not possible.", nearest(value, options))
        return default

    def cmp(self, key: str, *, required: bool = False) -> Cmp | None:
        """The comparison under `key`."""
        return self.take(key, comparison, required=required)

    def where(self) -> tuple[PropTest, ...]:
        """The tests on properties under `where`."""
        return self.take("where", prop_tests) or ()


def describe(value: object) -> str:
    """A value for a message: `the text "abc"`, `a list`."""
    if isinstance(value, str):
        return f'"{value}"'
    if value is None:
        return "nothing"
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)


def name(reader: Reader, key: str) -> str | None:
    """An event name, a trait path or a tag."""
    value = reader.doc[key]
    if isinstance(value, str) and NAME.fullmatch(value) and value.strip():
        return value
    reader.problem("bad_name", key, f"expected a name, found {describe(value)}.")
    return None


def duration(reader: Reader, key: str) -> Duration | None:
    """A duration."""
    found = parse_duration(reader.doc[key])
    if found is None:
        reader.problem("bad_duration", key, f"{describe(reader.doc[key])} is no duration.", DURATION_HINT)
    return found


def window(reader: Reader, key: str) -> Window | None:
    """A window."""
    found = parse_window(reader.doc[key])
    if found is None:
        hint = "Write 30d, 2w, 720h, calendar_month, calendar_quarter, calendar_month_to_date, billing_period or lifetime."
        reader.problem("bad_window", key, f"{describe(reader.doc[key])} is no window.", hint)
    return found


def number(value: object) -> Decimal | None:
    """An exact number; booleans are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact if exact.is_finite() else None


def comparison(reader: Reader, key: str) -> Cmp | None:
    """`{gte: 8}`, `{between: [1, 3]}`."""
    inner = reader.child(key)
    inner.only(NUMBER_OPS)
    if isinstance(reader.doc[key], dict) and not inner.doc:
        inner.problem("empty", "", "at least one comparison is needed.", nearest("", NUMBER_OPS))
    tests = [(op, limits) for op in inner.doc if op in NUMBER_OPS and (limits := inner.take(op, _number_limits))]
    return Cmp(tuple(tests)) if tests else None


def _number_limits(reader: Reader, op: str) -> tuple[Decimal, ...] | None:
    value = reader.doc[op]
    values = value if op == "between" and isinstance(value, list) else [value]
    limits = [limit for each in values if (limit := number(each)) is not None]
    if len(limits) == len(values) == (2 if op == "between" else 1):
        return tuple(limits)
    reader.problem("bad_number", op, f"expected {'two numbers' if op == 'between' else 'a number'}, found {describe(value)}.")
    return None


def prop_tests(reader: Reader, key: str) -> tuple[PropTest, ...] | None:
    """`{severity: sev1, minutes: {gte: 30}}`."""
    inner = reader.child(key)
    for prop in inner.doc:
        if not isinstance(prop, str) or "\x00" in prop:
            inner.problem("bad_name", str(prop), f"expected the name of a property, found {describe(prop)}.")
    return tuple(PropTest(prop, test) for prop in inner.doc for test in _prop(inner, prop))


def _prop(reader: Reader, prop: str) -> list[ValueTest]:
    value = reader.doc[prop]
    if not isinstance(value, dict):
        limit = limit_of(value)
        if limit is None:
            reader.problem("bad_value", prop, f"{describe(value)} cannot be compared with.")
        return [ValueTest("eq", (limit,))] if limit else []
    if set(value) == {"input"}:
        reader.take(prop, lambda *_: None)
        return []
    inner = reader.child(prop)
    inner.only(PROP_OPS)
    if not value:
        inner.problem("empty", "", "at least one test is needed.")
    return read_tests(inner, PROP_OPS)


def read_tests(reader: Reader, ops: tuple[str, ...]) -> list[ValueTest]:
    """The tests among the keys of the mapping."""
    return [test for op in reader.doc if op in ops and (test := reader.take(op, _test)) is not None]


def _test(reader: Reader, op: str) -> ValueTest | None:
    value = reader.doc[op]
    values = value if op in ("in", "not_in") and isinstance(value, list) else [value]
    limits = [limit_of(each, ordered=op in ORDER_OPS) for each in values]
    problem = _mismatch(op, value, limits)
    if problem:
        reader.problem("bad_value", op, problem)
        return None
    return ValueTest(op, tuple(limit for limit in limits if limit))


def _mismatch(op: str, value: object, limits: list[Limit | None]) -> str:
    """What is wrong with the limits of one operator, empty when nothing is."""
    kinds = {limit.kind if limit else "" for limit in limits}
    if op in ("in", "not_in"):
        return (
            "" if isinstance(value, list) and len(kinds) == 1 and kinds <= {"number", "text"} else "expected a list of numbers or of texts."
        )
    expected = {"exists": {"boolean"}, "contains": {"text"}, "starts_with": {"text"}}.get(op)
    expected = expected or ({"number", "date"} if op in ORDER_OPS else {"number", "text", "boolean"})
    wanted = {"exists": "true or false", "contains": "a text", "starts_with": "a text"}.get(
        op, "a number or a date" if op in ORDER_OPS else "a value"
    )
    return "" if kinds <= expected else f"expected {wanted}, found {describe(value)}."


def limit_of(value: object, *, ordered: bool = False) -> Limit | None:
    """A scalar as a limit; a text that is a day is a date where order matters."""
    exact = number(value)
    if exact is not None:
        return Limit("number", exact)
    if isinstance(value, date):
        value = value.date().isoformat() if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, bool) or value is None:
        return Limit("null" if value is None else "boolean", value)
    if isinstance(value, str) and "\x00" not in value:
        return Limit("date" if ordered and is_day(value) else "text", value)
    return None


def is_day(text: str) -> bool:
    """Whether the text is an existing day, 2026-02-28."""
    if not ISO_DAY.fullmatch(text):
        return False
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
