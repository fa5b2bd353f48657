"""Conditions and measures as SQL over all accounts at once, with the same meaning as in memory.

    compiler = Compiler(at=at, zone="UTC", currency="USD")
    truth, number = compiler.condition(tree), compiler.measure(measure)
    sql = f"select a.account_id, {truth}, {number} from {compiler.from_sql()}"
    cursor.execute(sql, compiler.params)

One statement, whatever the number of accounts. Unknown is NULL. Needs no Django: it only writes text. What is read is
collected in sql_features.py, stored values are compared in sql_values.py.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from customers.conditions.durations import day_start, shift_months
from customers.conditions.evaluate import GROWING, LOWER, UPPER
from customers.conditions.nodes import (
    AT_LEAST_ONE,
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
    Measure,
    Metric,
    Node,
    Not,
    Quantity,
    SinceRunStart,
    Tag,
    Usage,
    UsageOf,
    ValueTest,
    events_of,
)
from customers.conditions.spans import (
    LIFETIME,
    Clock,
    Start,
    absent_cutoff,
    baseline_spans,
    current_span,
    date_border,
    first_instant,
    needs_events,
    required_start,
    run_span,
    span_after,
)
from customers.conditions.sql_features import Features
from customers.conditions.sql_values import UNKNOWN, JsonValue, MoneyValue, Params, Ratio, cmp_sql
from customers.conditions.windows import Span, span

COLUMNS = {"sum": "total", "count": "count", "min": "low", "max": "high", "last": "last", "active_days": "days", "distinct": "contacts"}


class Compiler:
    """Compiles for one instant. `condition()` and `measure()` first, then `from_sql()`, then read `params`.

    `zone` and `currency` are the installation's, `dates_zone` that of durations and dates. `prefix` keeps the parameters
    of two compilers in one statement apart. `probing` off: everything is read by joins, for load.py.
    """

    def __init__(
        self,
        *,
        at: datetime,
        zone: str,
        currency: str = "USD",
        dates_zone: str | None = None,
        stale_metrics: Collection[str] = (),
        events_since: datetime | None = None,
        run_started_at: datetime | None = None,
        prefix: str = "c",
        probing: bool = True,
    ) -> None:
        self.clock = Clock(at, zone, dates_zone or zone)
        self.currency = currency
        self.stale = frozenset(stale_metrics)
        self.events_since = events_since
        self.run_started_at = run_started_at
        self.bound = Params(prefix)
        self.features = Features(self.clock, self.bound, probing)

    @property
    def params(self) -> Mapping[str, object]:
        """The named parameters of everything handed out so far."""
        return self.bound.values

    def from_sql(self, account_ids: Collection[int] | None = None) -> str:
        """`customers_accountstate a` and the joins that the fragments need; for these accounts only, when given."""
        return self.features.from_sql(account_ids)

    def condition(self, node: Node) -> str:
        """A boolean expression, NULL where unknown."""
        return CONDITIONS[type(node)](self, node)

    def measure(self, measure: Measure) -> str:
        """A numeric expression of at most six places, NULL where unknown."""
        if not isinstance(measure, ConditionValue) and events_of(measure) & self.stale:
            return "null::numeric"
        return f"round({MEASURES[type(measure)](self, measure)}, 6)"

    # Conditions

    def group(self, node: All | Any) -> str:
        word = " and " if isinstance(node, All) else " or "
        return "(" + word.join(self.condition(part) for part in node.parts) + ")"

    def inverse(self, node: Not) -> str:
        return f"(not {self.condition(node.part)})"

    def field(self, node: Field) -> str:
        value = self.features.trait(node.path)
        return "(" + " and ".join(self._field_test(node, test, value) for test in node.tests) + ")"

    def _field_test(self, node: Field, test: ValueTest, value: JsonValue) -> str:
        if test.op == "exists":
            return f"({value.sql} is {'not ' if test.limits[0].value else ''}null)"
        plain = UNKNOWN if node.currency else value.test(test)
        if test.limits[0].kind != "number":
            return plain
        money = self._money(value, node.path).test(test, node.currency or self.currency)
        return f"(case when {value.is_money} then {money} else {plain} end)"

    def _money(self, value: JsonValue, path: str) -> MoneyValue:
        return MoneyValue(value, self.features.trait_day(path), self.currency)

    def metric(self, node: Metric | Happened) -> str:
        limit = node.limit or AT_LEAST_ONE
        at_all = limit == AT_LEAST_ONE and node.of == Quantity(node.of.event, LIFETIME, "count")
        truth = self.features.ever(node.of.event) if at_all else cmp_sql(limit, self.quantity(node.of), self.bound)
        return self._fresh(node.of.event, truth, limit, node.of.agg, LOWER)

    def _fresh(self, event: str, truth: str, limit: Cmp, agg: str, side: set[str]) -> str:
        """Under a stale feed only a truth that more events confirm is known."""
        if event not in self.stale:
            return truth
        settled = agg in GROWING and {op for op, _ in limit.tests} <= side
        return f"(case when {truth} then true end)" if settled else UNKNOWN

    def compare(self, node: Compare) -> str:
        of, bound = node.of, self.bound
        now, before = self._over(of.of, current_span(of.of, self.clock)), self._baseline(of)
        parts = [cmp_sql(node.baseline, before, bound)] if node.baseline else []
        changes = (
            (node.current, now, LOWER),
            (node.drop_pct, _percent(before, now, -1), UPPER),
            (node.rise_pct, _percent(before, now, 1), LOWER),
            (node.change_abs, _difference(now, before), LOWER),
        )
        parts += [self._fresh(of.of.event, cmp_sql(limit, value, bound), limit, of.of.agg, side) for limit, value, side in changes if limit]
        return f"(case when {self._started_by(required_start(of, self.clock))} then {' and '.join(parts)} end)"

    def usage_of(self, node: UsageOf) -> str:
        truth = cmp_sql(node.limit, self.usage(node.of), self.bound)
        return self._fresh(node.of.event, truth, node.limit, "sum", LOWER)

    def absent(self, node: Absent) -> str:
        border = absent_cutoff(node, self.clock)
        covered = span_after(border, self.clock)
        count = self.features.read("count", node.event, covered, node.where)
        never = UNKNOWN if node.event in self.stale else self._never(node, border)
        truth = f"(case when {count} > 0 then false else {never} end)"
        return self._kept(truth, covered, raw=bool(node.where))

    def _never(self, node: Absent, border: datetime) -> str:
        if node.never == "matches":
            return "true"
        if node.never == "counts_from_start":
            return f"a.started_at <= {self.bound.instant(border)}"
        if not node.where:
            return f"nullif({self.features.ever(node.event)}, false)"
        seen = self.quantity(Quantity(node.event, LIFETIME, "count", None, node.where))
        return f"(case when {seen.number} > 0 then true end)"

    def date(self, node: DateIs) -> str:
        day, border = self.features.trait(node.path).as_day, self.bound.day(date_border(node, self.clock))
        if node.side == "overdue":
            return f"({day} <= {border})"
        return f"({day} between {self.bound.day(self.clock.date)} and {border})"

    def tag(self, node: Tag) -> str:
        return f"coalesce({self.features.trait(f'tag.{node.name}').sql} <> 'false'::jsonb, false)"

    def since_run_start(self, node: SinceRunStart) -> str:
        covered = run_span(node, self.run_started_at, self.clock)
        count = self.features.read("count", node.event, covered, node.where, raw=True)
        return cmp_sql(node.limit or AT_LEAST_ONE, Ratio(count), self.bound)

    # Numbers

    def quantity(self, of: Quantity) -> Ratio:
        """An aggregate over its window."""
        value = self._over(of, current_span(of, self.clock))
        if of.missing == "zero":
            return value
        had = f"{value.number} <> 0 or {self.features.ever(of.event)}"  # whoever had it in the window needs no look-up
        return Ratio(f"(case when {had} then {value.number} end)", value.over)

    def _over(self, of: Quantity, covered: Span) -> Ratio:
        raw, read = needs_events(of), self.features.read
        if of.agg == "avg":
            count = read("count", of.event, covered, of.where, raw=raw)
            total = read("total", of.event, covered, of.where, raw=raw)
            return Ratio(self._kept(total, covered, raw=raw), f"nullif({count}, 0)")
        return Ratio(self._kept(read(COLUMNS[of.agg], of.event, covered, of.where, raw=raw), covered, raw=raw))

    def _kept(self, value: str, covered: Span, *, raw: bool) -> str:
        """The value, NULL when events that it needs may have been pruned."""
        first = first_instant(covered, self.clock.zone, raw=raw)
        if self.events_since is None or first is None:
            return value
        since = self.bound.instant(self.events_since)
        if covered.from_period and raw:
            start = self._instant(f"coalesce({self.features.period_day('period_start')}, {self.bound.day(covered.beginning)})")
            return f"(case when {start} - interval '1 microsecond' >= {since} or a.started_at >= {since} then {value} end)"
        return value if first >= self.events_since else f"(case when a.started_at >= {since} then {value} end)"

    def _baseline(self, of: Contrast) -> Ratio:
        values = [self._over(of.of, each) for each in baseline_spans(of, self.clock)]
        if len(values) == 1:
            return values[0]
        if values[0].over is None:
            return Ratio("(" + " + ".join(value.number for value in values) + ")", str(len(values)))
        whole = " * ".join(f"({value.over})" for value in values)
        parts = [" * ".join([value.number, *(f"({o.over})" for o in values if o is not value)]) for value in values]
        return Ratio(f"({' + '.join(parts)})", f"{len(values)} * {whole}")

    def _started_by(self, border: Start) -> str:
        if border.instant or border.day is None:
            return f"a.started_at <= {self.bound.instant(border.instant or self.clock.at)}"
        return f"a.started_at < {self.bound.instant(day_start(border.day + timedelta(days=1), self.clock.zone))}"

    def usage(self, of: Usage) -> Ratio:
        """Percent of an allowance."""
        allowance = f"nullif(greatest({self.features.trait(of.allowance).as_number}, 0), 0)"
        used = self.quantity(Quantity(of.event, of.window)).number
        if not of.forecast:
            return Ratio(f"{used} * 100", allowance)
        elapsed, whole = self._elapsed(of)
        enough = f"{elapsed} > 0 and {elapsed} * 10 >= {whole}"
        return Ratio(f"(case when {enough} then {used} * 100 * greatest({whole}, {elapsed}) end)", f"{allowance} * nullif({elapsed}, 0)")

    def _elapsed(self, of: Usage) -> tuple[str, str]:
        """Elapsed and whole seconds of the period."""
        month = self.clock.anchor.day.replace(day=1)
        start = self.bound.instant(day_start(month, self.clock.zone))
        end = self.bound.instant(day_start(shift_months(month, 1), self.clock.zone))
        if of.window.name == "billing_period":
            first, last = self.features.period_day("period_start"), self.features.period_day("period_end")
            start, end = (
                f"coalesce({self._instant(first)}, {start})",
                f"(case when {first} is null then {end} else {self._instant(last)} end)",
            )
        at = self.bound.instant(self.clock.at)
        return f"extract(epoch from {at} - {start})", f"extract(epoch from {end} - {start})"

    def _instant(self, day: str) -> str:
        """The first instant of a local day."""
        return f"(({day})::timestamp at time zone {self.bound.text(self.clock.zone)})"

    # Measures

    def field_number(self, measure: FieldValue) -> str:
        value = self.features.trait(measure.path)
        money = self._money(value, measure.path).reported()
        truth = f"case when {value.kind} = 'boolean' then {value.as_text}::boolean::int::numeric else {value.as_number} end"
        return f"(case when {value.is_money} then {money} else {truth} end)"

    def quantity_number(self, measure: Quantity) -> str:
        return self.quantity(measure).whole

    def usage_number(self, measure: Usage) -> str:
        return self.usage(measure).whole

    def change_pct(self, measure: ChangePct) -> str:
        before = self._baseline(measure.of)
        value = _percent(before, self._over(measure.of.of, current_span(measure.of.of, self.clock)), 1).whole
        tests = [self._started_by(required_start(measure.of, self.clock))]
        tests += [cmp_sql(measure.baseline, before, self.bound)] if measure.baseline else []
        return f"(case when {' and '.join(tests)} then {value} end)"

    def days_since(self, measure: DaysSince) -> str:
        covered = span(LIFETIME, self.clock.anchor, self.clock.zone)
        where, event = measure.where, measure.event
        last = self._days_passed(self.features.read("last_at", event, covered, where) if where else self.features.last(event))
        value = last if measure.never == "unknown" else f"coalesce({last}, {self.age_days(AgeDays())})"
        return self._kept(value, covered, raw=bool(measure.where))

    def age_days(self, _: AgeDays) -> str:
        return f"(case when a.started_at <= {self.bound.instant(self.clock.at)} then {self._days_passed('a.started_at')} end)"

    def _days_passed(self, instant: str) -> str:
        today = self.bound.day(self.clock.anchor.day)
        return f"({today} - ({instant} at time zone {self.bound.text(self.clock.zone)})::date)::numeric"

    def days_until(self, measure: DaysUntil) -> str:
        return f"({self.features.trait(measure.path).as_day} - {self.bound.day(self.clock.date)})::numeric"

    def condition_number(self, measure: ConditionValue) -> str:
        return f"({self.condition(measure.condition)})::int::numeric"


def _difference(left: Ratio, right: Ratio) -> Ratio:
    """left - right."""
    if not left.over and not right.over:
        return Ratio(f"({left.number} - {right.number})")
    crossed = f"({left.number} * ({right.over or 1}) - {right.number} * ({left.over or 1}))"
    return Ratio(crossed, f"({left.over or 1}) * ({right.over or 1})")


def _percent(before: Ratio, now: Ratio, sign: int) -> Ratio:
    """The change in percent of `before`; NULL when that is zero. A negative one turns the sign of the numerator."""
    change = _difference(now, before) if sign > 0 else _difference(before, now)
    base = f"({before.number} * ({now.over or 1}))"
    return Ratio(f"{change.number} * 100 * sign(({base})::numeric)", f"nullif(abs({base}), 0)")


CONDITIONS: dict[type, Callable[..., str]] = {
    All: Compiler.group,
    Any: Compiler.group,
    Not: Compiler.inverse,
    Field: Compiler.field,
    Metric: Compiler.metric,
    Happened: Compiler.metric,
    Compare: Compiler.compare,
    UsageOf: Compiler.usage_of,
    Absent: Compiler.absent,
    DateIs: Compiler.date,
    Tag: Compiler.tag,
    SinceRunStart: Compiler.since_run_start,
}
MEASURES: dict[type, Callable[..., str]] = {
    FieldValue: Compiler.field_number,
    Quantity: Compiler.quantity_number,
    Usage: Compiler.usage_number,
    ChangePct: Compiler.change_pct,
    DaysSince: Compiler.days_since,
    DaysUntil: Compiler.days_until,
    AgeDays: Compiler.age_days,
    ConditionValue: Compiler.condition_number,
}
