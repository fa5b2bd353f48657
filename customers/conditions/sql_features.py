"""The FROM clause of a statement over accounts: one aggregated subquery per event name over its daily counts, one over its
events where only they can tell, and one per trait, each joined by account_id.

Daily counts hold what is known now. Days with events that were not yet known at the instant are counted again from the
events; the partial index on late events keeps that set small. Everything is inline, nothing is a CTE.
"""

# ruff: noqa: S608  values are bound, only names of columns and placeholders are put in

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from customers.conditions.durations import day_start
from customers.conditions.nodes import PropTest
from customers.conditions.spans import LIFETIME, Clock
from customers.conditions.sql_values import JsonValue, Params, where_sql
from customers.conditions.windows import BEGINNING, Edge, Span, raw_edge, span

DAY_COLUMNS = {
    "count": "sum(d.n) filter (where {})",
    "total": "sum(d.total) filter (where {})",
    "low": "min(d.min) filter (where {})",
    "high": "max(d.max) filter (where {})",
    "last": "(array_agg(d.last order by d.last_at desc) filter (where {}))[1]",
    "last_at": "max(d.last_at) filter (where {})",
    "days": "count(*) filter (where {})",
}
EVENT_COLUMNS = {
    "count": "count(*) filter (where {})",
    "total": "sum(e.quantity) filter (where {})",
    "low": "min(e.quantity) filter (where {})",
    "high": "max(e.quantity) filter (where {})",
    "last": "(array_agg(e.quantity order by e.occurred_at desc, e.id desc) filter (where {}))[1]",
    "last_at": "max(e.occurred_at) filter (where {})",
    "days": "count(distinct (e.occurred_at at time zone {zone})::date) filter (where {})",
    "contacts": "count(distinct e.contact_id) filter (where e.contact_id <> 0 and {})",
}


@dataclass
class Source:
    """One subquery: its columns (expression to name) and the stretches of time that it must read."""

    alias: str
    columns: dict[str, str] = field(default_factory=dict)
    days: list[tuple[date | None, date]] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    periods: list[Span] = field(default_factory=list)
    by_period: bool = False

    def column(self, expression: str) -> str:
        """The column of an expression, added once."""
        name = self.columns.setdefault(expression, f"f{len(self.columns)}")
        return f"{self.alias}.{name}"

    @property
    def selected(self) -> str:
        return ", ".join(f"{expression} as {name}" for expression, name in self.columns.items())


@dataclass
class Features:
    """Collects what a statement reads; hands out column expressions and, at the end, the FROM clause.

    `probing`: whether something ever happened is looked up per account by index instead of counted over all days.
    """

    clock: Clock
    params: Params
    probing: bool = True
    counts: dict[str, Source] = field(default_factory=dict)
    events: dict[str, Source] = field(default_factory=dict)
    traits: dict[str, str] = field(default_factory=dict)

    # Expressions

    def trait(self, path: str) -> JsonValue:
        """A trait's value as of the instant."""
        alias = self.traits.setdefault(path, f"t{len(self.traits)}")
        return JsonValue(f"{alias}.value", self.clock.dates_zone, self.params)

    def trait_day(self, path: str) -> str:
        """The local day of the instant since when the trait has its value."""
        return f"({self.traits[path]}.occurred_at at time zone {self.zone})::date"

    @property
    def zone(self) -> str:
        return self.params.text(self.clock.zone)

    def read(self, what: str, event: str, covered: Span, where: tuple[PropTest, ...] = (), *, raw: bool = False) -> str:
        """One amount (`count`, `total`, `low`, `high`, `last`, `last_at`, `days`, `contacts`) of an event over a span."""
        if raw or where:
            return self._zero(what, self._event_column(what, event, covered, where, whole=True))
        parts = []
        if covered.first is None or covered.first < covered.until or covered.from_period:
            parts.append(("d", self._day_column(what, event, covered)))
        if covered.edges:
            parts.append(("e", self._event_column(what, event, covered, where, whole=False)))
        if what == "last" and len(parts) > 1:
            return self._latest(event, covered, parts[0][1], parts[1][1])
        return self._joined(what, [column for _, column in parts])

    def ever(self, event: str) -> str:
        """Whether the account had the event at all, up to now."""
        if not self.probing:
            return f"({self.read('count', event, self._lifetime)} > 0)"
        known = f"exists (select from {self._own_events(event)})"
        return f"(case when exists (select from {self._own_days(event)}) then true when {self._any_day(event)} then {known} else false end)"

    def last(self, event: str) -> str:
        """The instant of the account's last event, NULL without one."""
        if not self.probing:
            return self.read("last_at", event, self._lifetime)
        complete = f"(select d.last_at from {self._own_days(event)} order by d.day desc limit 1)"
        later = f"(select max(e.occurred_at) from {self._own_events(event)} and e.occurred_at > coalesce({complete}, '-infinity'))"
        return f"(case when {self._any_day(event)} then greatest({complete}, {later}) end)"

    @property
    def _lifetime(self) -> Span:
        return span(LIFETIME, self.clock.anchor, self.clock.zone)

    def _any_day(self, event: str) -> str:
        """Whether there are counts at all, known at the instant or not: spares most accounts the look at events."""
        own = f"d.account_id = a.account_id and d.name = {self.params.text(event)}"
        return f"exists (select from customers_activityday d where {own} and d.day <= {self.params.day(self.clock.anchor.day)})"

    def _own_days(self, event: str) -> str:
        """The account's complete days whose events were all known at the instant."""
        name, day = self.params.text(event), f"(x.occurred_at at time zone {self.zone})::date = d.day"
        late = f"x.account_id = d.account_id and x.name = {name} and x.late and (x.known_at > {self.at} or x.attributed_at > {self.at})"
        near = "x.occurred_at >= (d.day - 1)::timestamp at time zone 'UTC' and x.occurred_at < (d.day + 2)::timestamp at time zone 'UTC'"
        return (
            f"customers_activityday d where d.account_id = a.account_id and d.name = {name}"
            f" and d.day < {self.params.day(self.clock.anchor.day)}"
            f" and not exists (select from customers_event x where {late} and {near} and {day})"
        )

    def _own_events(self, event: str) -> str:
        """The account's events that were known at the instant."""
        own = f"e.account_id = a.account_id and e.name = {self.params.text(event)}"
        return f"customers_event e where {own} and e.occurred_at <= {self.at} and {self.known('e')}"

    def _joined(self, what: str, columns: list[str]) -> str:
        """Days and edges together."""
        if what in ("count", "total", "days"):
            return "(" + (" + ".join(f"coalesce({column}, 0)" for column in columns) or "0") + ")"
        function = "least" if what == "low" else "greatest"
        return f"{function}({', '.join(columns)})" if columns else "null::numeric"

    def _zero(self, what: str, column: str) -> str:
        return f"coalesce({column}, 0)" if what in ("count", "total", "days", "contacts") else column

    def _latest(self, event: str, covered: Span, day: str, edge: str) -> str:
        """The last quantity: of the edges when they hold a later event than the days."""
        day_at = self._day_column("last_at", event, covered)
        edge_at = self._event_column("last_at", event, covered, (), whole=False)
        return f"(case when {edge_at} >= coalesce({day_at}, '-infinity') then {edge} else {day} end)"

    def _day_column(self, what: str, event: str, covered: Span) -> str:
        source = self.counts.setdefault(event, Source(f"d{len(self.counts)}"))
        source.days.append((covered.first, covered.until))
        tests = [f"d.day < {self.params.day(covered.until)}"]
        if covered.from_period:
            source.by_period = True
            tests.append(f"d.day >= {self._period(covered)}")
        elif covered.first:
            tests.append(f"d.day >= {self.params.day(covered.first)}")
        return source.column(DAY_COLUMNS[what].format(" and ".join(tests)))

    def _event_column(self, what: str, event: str, covered: Span, where: tuple[PropTest, ...], *, whole: bool) -> str:
        source = self.events.setdefault(event, Source(f"e{len(self.events)}"))
        edges = (raw_edge(covered, self.clock.zone),) if whole else covered.edges
        if whole and covered.from_period:
            edges = (Edge(BEGINNING, edges[0].upto),)
            source.periods.append(covered)
        else:
            source.edges.extend(edges)
        tests = ["(" + " or ".join(self._within(edge) for edge in edges) + ")"]
        if covered.from_period:
            source.by_period = True
            day = f"(e.occurred_at at time zone {self.zone})::date" if whole else self.params.day(covered.until)
            tests.append(f"{day} >= {self._period(covered)}")
        if where:
            tests.append(where_sql(where, "e.props", self.clock.zone, self.params))
        return source.column(EVENT_COLUMNS[what].replace("{zone}", self.zone).format(" and ".join(tests)))

    def _within(self, edge: Edge) -> str:
        upto = f"e.occurred_at <= {self.params.instant(edge.upto)}"
        return f"(e.occurred_at > {self.params.instant(edge.after)} and {upto})" if edge.after > BEGINNING else f"({upto})"

    def _period(self, covered: Span) -> str:
        return f"coalesce(p.first, {self.params.day(covered.beginning)})"

    def period_day(self, path: str) -> str:
        """The local day of a period trait in the zone of days, NULL without one."""
        return JsonValue(self.trait(path).sql, self.clock.zone, self.params).as_day

    # FROM

    def from_sql(self, account_ids: Collection[int] | None) -> str:
        """`customers_accountstate a` with all subqueries joined; only these accounts when ids are given."""
        ids = None if account_ids is None else self.params.bind(sorted(account_ids), "bigint[]")
        joins = [
            f"left join {self._trait_sql(path, ids)} {alias} on {alias}.account_id = a.account_id" for path, alias in self.traits.items()
        ]
        joins += [
            f"left join ({self._days_sql(name, source, ids)}) {source.alias} on {source.alias}.account_id = a.account_id"
            for name, source in self.counts.items()
        ]
        joins += [
            f"left join ({self._events_sql(name, source, ids)}) {source.alias} on {source.alias}.account_id = a.account_id"
            for name, source in self.events.items()
        ]
        base = "customers_accountstate a" if ids is None else f"(select * from customers_accountstate where account_id = any({ids})) a"
        return "\n".join([base, *joins])

    @property
    def at(self) -> str:
        return self.params.instant(self.clock.at)

    def known(self, alias: str) -> str:
        """Whether an event was known here at the instant."""
        return f"{alias}.known_at <= {self.at} and ({alias}.attributed_at is null or {alias}.attributed_at <= {self.at})"

    def _trait_sql(self, path: str, ids: str | None) -> str:
        """The trait as it is, where that was known at the instant, else the newest change that was."""
        own = f"t.contact_id = 0 and t.path = {self.params.text(path)}" + only(ids, "t")
        known = f"t.occurred_at <= {self.at} and t.known_at <= {self.at}"
        past = f"c.contact_id = 0 and c.path = {self.params.text(path)} and c.occurred_at <= {self.at} and c.known_at <= {self.at}"
        return f"""(
  select t.account_id, nullif(t.value, 'null'::jsonb) as value, t.occurred_at from customers_trait t where {own} and {known}
  union all
  select * from (
    select distinct on (c.account_id) c.account_id, nullif(c.new, 'null'::jsonb), c.occurred_at
    from customers_trait t join customers_traitchange c on c.account_id = t.account_id
    where {own} and not ({known}) and {past}
    order by c.account_id, c.occurred_at desc, c.key collate "C" desc, c.id desc) h)"""

    def _period_join(self, source: Source, alias: str, ids: str | None) -> str:
        if not source.by_period:
            return ""
        first = JsonValue("p.value", self.clock.zone, self.params).as_day
        return (
            f" left join (select p.account_id, {first} as first from {self._trait_sql('period_start', ids)} p offset 0) p"
            f" on p.account_id = {alias}.account_id"
        )

    def _days_sql(self, event: str, source: Source, ids: str | None) -> str:
        rows = self.day_rows(event, source, ids)
        return f"select d.account_id, {source.selected} from ({rows}) d{self._period_join(source, 'd', ids)} group by d.account_id"

    def day_rows(self, event: str, source: Source, ids: str | None) -> str:
        """Rows of daily counts as they were known at the instant."""
        name = self.params.text(event)
        late = self._late_days(name, source, ids)
        day = f"(e.occurred_at at time zone {self.zone})::date = l.day"
        return f"""
  select d.account_id, d.day, d.n, d.total, d.min, d.max, d.last, d.last_at from customers_activityday d
  where d.name = {name} and {self._day_ranges(source, ids)}{only(ids, "d")}
    and not exists (select from ({late}) l where l.account_id = d.account_id and l.day = d.day)
  union all
  select e.account_id, l.day, count(*), sum(e.quantity), min(e.quantity), max(e.quantity),
    (array_agg(e.quantity order by e.occurred_at desc, e.id desc))[1], max(e.occurred_at)
  from ({late}) l join customers_event e on e.account_id = l.account_id
  where e.name = {name} and e.occurred_at >= (l.day - 1)::timestamp at time zone 'UTC' and {self._day_bounds(source, "e")}
    and e.occurred_at < (l.day + 2)::timestamp at time zone 'UTC' and {day} and {self.known("e")}
  group by e.account_id, l.day"""

    def _day_ranges(self, source: Source, ids: str | None) -> str:
        """The days to read: from the earliest window's first on, or from the earliest billing period's."""
        first, until = earliest(source.days), max(until for _, until in source.days)
        below = f"d.day < {self.params.day(until)}"
        if first and source.by_period:
            return f"{below} and d.day >= least({self.params.day(first)}, {self._first_period(ids)})"
        return f"{below} and d.day >= {self.params.day(first)}" if first else below

    def _first_period(self, ids: str | None) -> str:
        """The earliest start of a billing period that any account has, read once per statement."""
        first = JsonValue("p.value", self.clock.zone, self.params).as_day
        return f"(select min({first}) from {self._trait_sql('period_start', ids)} p)"

    def _late_days(self, name: str, source: Source, ids: str | None) -> str:
        """Account and day of events that were not known yet at the instant."""
        return (
            f"select distinct x.account_id, (x.occurred_at at time zone {self.zone})::date as day from customers_event x"
            f" where x.late and x.name = {name} and (x.known_at > {self.at} or x.attributed_at > {self.at})"
            f" and {self._day_bounds(source, 'x')}{only(ids, 'x')}"
        )

    def _day_bounds(self, source: Source, alias: str) -> str:
        """The instants of the days that are read, so that other months' partitions are left alone."""
        until = self.params.instant(day_start(max(until for _, until in source.days), self.clock.zone))
        first = None if source.by_period else earliest(source.days)
        since = f" and {alias}.occurred_at >= {self.params.instant(day_start(first, self.clock.zone))}" if first else ""
        return f"{alias}.occurred_at < {until}{since}"

    def stretches(self, source: Source, ids: str | None = None) -> str:
        """The instants at which events must be read."""
        tests = [self._within(edge) for edge in merge(source.edges)]
        if source.periods:
            first = f"least({self.params.day(source.periods[0].beginning)}, {self._first_period(ids)})::timestamp at time zone {self.zone}"
            tests.append(f"(e.occurred_at >= {first} and e.occurred_at <= {self.at})")
        return "(" + " or ".join(tests) + ")"

    def _events_sql(self, event: str, source: Source, ids: str | None) -> str:
        return (
            f"select e.account_id, {source.selected} from customers_accountstate s join customers_event e on e.account_id = s.account_id"
            f"{self._period_join(source, 'e', ids)}"
            f" where e.name = {self.params.text(event)} and {self.stretches(source, ids)} and {self.known('e')}{only(ids, 's')} group by e.account_id"
        )


def only(ids: str | None, alias: str) -> str:
    """Restricts a subquery to the accounts asked for."""
    return f" and {alias}.account_id = any({ids})" if ids else ""


def earliest(ranges: list[tuple[date | None, date]]) -> date | None:
    """The first day of all, None for the beginning."""
    firsts = [first for first, _ in ranges]
    return None if None in firsts else min(first for first in firsts if first)


def merge(edges: list[Edge]) -> list[Edge]:
    """The same instants in as few stretches as possible."""
    merged: list[Edge] = []
    for edge in sorted(edges, key=lambda each: each.after):
        if merged and edge.after <= merged[-1].upto:
            merged[-1] = Edge(merged[-1].after, max(merged[-1].upto, edge.upto))
        else:
            merged.append(edge)
    return merged
