"""SQL text for stored values: parameters, days, money, and tests on JSON. The same meaning as values.py.

Everything bound is a named parameter, so fragments can be put together in any order.
"""

# ruff: noqa: S608  values are bound, only names of columns and placeholders are put in

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from babel.core import get_global

from customers.conditions.nodes import Cmp, PropTest, ValueTest
from customers.conditions.values import DAY_SHAPE, INSTANT_SHAPE

OPS = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
UNKNOWN = "null::boolean"


@dataclass
class Params:
    """Named parameters of one statement; equal values of a type share one. `prefix` keeps two compilers apart."""

    prefix: str = "c"
    values: dict[str, object] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def bind(self, value: object, sql_type: str) -> str:
        """The placeholder of a value, cast to its type."""
        key = (sql_type, repr(value))
        if key not in self.names:
            self.names[key] = f"{self.prefix}{len(self.names)}"
            self.values[self.names[key]] = value
        return f"%({self.names[key]})s::{sql_type}"

    def text(self, value: object) -> str:
        return self.bind(str(value), "text")

    def number(self, value: Decimal | int) -> str:
        return self.bind(Decimal(value), "numeric")

    def day(self, value: date) -> str:
        return self.bind(value, "date")

    def instant(self, value: datetime) -> str:
        return self.bind(value, "timestamptz")


@dataclass(frozen=True)
class Ratio:
    """A number as two SQL expressions, so that nothing is divided: `over` is positive, None stands for one."""

    number: str
    over: str | None = None

    @property
    def whole(self) -> str:
        """The divided value, for output."""
        return f"({self.number})::numeric / ({self.over})" if self.over else f"({self.number})::numeric"


def cmp_sql(cmp: Cmp, value: Ratio, params: Params) -> str:
    """All comparisons of a number, by multiplication."""
    return "(" + " and ".join(_cmp(op, limits, value, params) for op, limits in cmp.tests) + ")"


def _cmp(op: str, limits: tuple[Decimal, ...], value: Ratio, params: Params) -> str:
    shown = [params.number(limit) + (f" * ({value.over})" if value.over else "") for limit in limits]
    if op == "between":
        return f"(({value.number}) >= {shown[0]} and ({value.number}) <= {shown[1]})"
    return f"({value.number}) {OPS[op]} {shown[0]}"


@dataclass(frozen=True)
class JsonValue:
    """A jsonb expression (SQL NULL when there is none) whose dates are read in `zone`."""

    sql: str
    zone: str
    params: Params

    @property
    def kind(self) -> str:
        return f"jsonb_typeof({self.sql})"

    @property
    def as_text(self) -> str:
        return f"({self.sql} #>> '{{}}')"

    @property
    def as_number(self) -> str:
        """A JSON number, NULL for anything else."""
        return f"(case when {self.kind} = 'number' then {self.as_text}::numeric end)"

    @property
    def as_day(self) -> str:
        """The local day of a date or instant, NULL for anything else, also for 30 February."""
        text = self.as_text
        first = f"make_date(substr({text}, 1, 4)::int, substr({text}, 6, 2)::int, 1)"
        exists = f"substr({text}, 9, 2)::int <= extract(day from {first} + interval '1 month - 1 day')"
        day, instant = self.params.text(f"^{DAY_SHAPE}$"), self.params.text(f"^{INSTANT_SHAPE}$")
        zone = self.params.text(self.zone)
        read = (
            f"case when {text} ~ {day} then case when {exists} then {text}::date end"
            f" when {text} ~ {instant} then case when {exists} then ({text}::timestamptz at time zone {zone})::date end end"
        )
        return f"(case when {self.kind} = 'string' then {read} end)"

    @property
    def is_money(self) -> str:
        """Whether it is {minor, currency}."""
        sql = self.sql
        whole = f"jsonb_typeof({sql} -> 'minor') = 'number' and ({sql} ->> 'minor') ~ '^-?[0-9]+$'"
        return f"({self.kind} = 'object' and {whole} and jsonb_typeof({sql} -> 'currency') = 'string')"

    def test(self, test: ValueTest) -> str:
        """A test other than `exists` and on money: NULL when the value is of another type."""
        if test.op == "contains":
            needle = self.params.text(test.limits[0].value)
            return (
                f"(case {self.kind} when 'string' then strpos({self.as_text}, {needle}) > 0"
                f" when 'array' then {self.sql} @> to_jsonb({needle}) end)"
            )
        if test.op == "starts_with":
            return self._typed("string", f"starts_with({self.as_text}, {self.params.text(test.limits[0].value)})")
        return self._in(test) if test.op in ("in", "not_in") else self._ordered(test)

    def _typed(self, kind: str, sql: str) -> str:
        return f"(case when {self.kind} = '{kind}' then {sql} end)"

    def _in(self, test: ValueTest) -> str:
        values = [limit.value for limit in test.limits]
        negated = "not " if test.op == "not_in" else ""
        if test.limits[0].kind == "number":
            return self._typed("number", f"{negated}{self.as_text}::numeric = any({self.params.bind(values, 'numeric[]')})")
        return self._typed("string", f"{negated}{self.as_text} = any({self.params.bind(values, 'text[]')})")

    def _ordered(self, test: ValueTest) -> str:
        limit, op = test.limits[0], OPS[test.op]
        if limit.kind == "date":
            return f"({self.as_day} {op} {self.params.day(date.fromisoformat(str(limit.value)))})"
        if limit.kind == "number":
            return f"({self.as_number} {op} {self.params.number(limit.number)})"
        if limit.kind == "boolean":
            return self._typed("boolean", f"{self.as_text}::boolean {op} {self.params.bind(limit.value, 'boolean')}")
        return self._typed("string", f"{self.as_text} {op} {self.params.text(limit.value)}")


def where_sql(tests: Collection[PropTest], props: str, zone: str, params: Params) -> str:
    """All tests on an event's properties; true or not, never NULL where it matters (FILTER, WHERE)."""
    return " and ".join(_prop(each, props, zone, params) for each in tests)


def _prop(each: PropTest, props: str, zone: str, params: Params) -> str:
    value = JsonValue(f"nullif({props} -> {params.text(each.prop)}, 'null'::jsonb)", zone, params)
    test = each.test
    if test.op == "exists":
        return f"({value.sql} is {'not ' if test.limits[0].value else ''}null)"
    if test.limits[0].kind == "null":
        return f"({value.sql} is null)"
    return value.test(test)


@dataclass(frozen=True)
class MoneyValue:
    """A money trait: its JSON and the day of the fact, for conversion at the stored rates."""

    json: JsonValue
    day: str
    reporting: str

    def major(self) -> str:
        """Major units of its own currency."""
        currency = f"({self.json.sql} ->> 'currency')"
        return f"(({self.json.sql} ->> 'minor')::numeric * {scale(currency)})"

    def rate(self, currency: str) -> str:
        """Units of the reporting currency for one of `currency` (SQL text), NULL without a rate."""
        rate = f"(select x.rate from crm_exchangerate x where x.currency = {currency} and x.day <= {self.day} order by x.day desc limit 1)"
        return f"(case when {currency} = {self.json.params.text(self.reporting)} then 1 else {rate} end)"

    def test(self, test: ValueTest, currency: str) -> str:
        """A test against limits in major units of `currency`."""
        own, wanted = f"({self.json.sql} ->> 'currency')", self.json.params.text(currency)
        here = self._against(test, self.major(), "1")
        converted = self._against(test, f"{self.major()} * {self.rate(own)}", self.rate(wanted))
        return f"(case when {own} = {wanted} then {here} else {converted} end)"

    def _against(self, test: ValueTest, amount: str, rate: str) -> str:
        limits = [f"{self.json.params.number(limit.number)} * {rate}" for limit in test.limits]
        if test.op in ("in", "not_in"):
            either = " or ".join(f"{amount} = {limit}" for limit in limits)
            return f"({'not ' if test.op == 'not_in' else ''}({either}))"
        return f"({amount} {OPS[test.op]} {limits[0]})"

    def reported(self) -> str:
        """Major units of the reporting currency."""
        own = f"({self.json.sql} ->> 'currency')"
        return f"({self.major()} * {self.rate(own)})"


def scale(currency: str) -> str:
    """Major units in one minor unit of a currency (SQL text)."""
    groups: dict[int, list[str]] = {}
    for code, (places, *_) in get_global("currency_fractions").items():
        if places != 2 and len(code) == 3:
            groups.setdefault(places, []).append(code)
    cases = [f"when {currency} in ('{listed(codes)}') then {Decimal(1).scaleb(-places)}" for places, codes in groups.items()]
    return f"(case {' '.join(cases)} else 0.01 end)"


def listed(codes: list[str]) -> str:
    """Currency codes for an SQL list, without the outer quotes."""
    return "', '".join(sorted(codes))
