"""Conditions in memory: true, false or unknown with its cause, for one account as of an instant.

Every node is judged, also where its neighbours have decided already, so that explain.py can show all of them.
"""

import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

from customers.conditions.amounts import contrast, quantity, usage
from customers.conditions.asof import AsOf
from customers.conditions.facts import AccountFacts, Change
from customers.conditions.nodes import (
    AT_LEAST_ONE,
    Absent,
    All,
    Any,
    Cmp,
    Compare,
    DateIs,
    Field,
    Happened,
    Metric,
    Node,
    Not,
    Quantity,
    SinceRunStart,
    Tag,
    UsageOf,
    ValueTest,
)
from customers.conditions.spans import LIFETIME, Start, absent_cutoff, date_border, run_span, span_after
from customers.conditions.values import Known, Unknown, as_day, both, compare, either, holds, inverse, kind_of, test_holds

GROWING = ("sum", "count", "max", "distinct", "active_days")
LOWER, UPPER = {"gt", "gte"}, {"lt", "lte"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """True, false or None for unknown with its cause."""

    truth: bool | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One node judged: its truth, the values found, and its parts."""

    node: Node
    truth: bool | None
    cause: str = ""
    values: Mapping[str, typing.Any] = field(default_factory=dict)
    parts: tuple["Judged", ...] = ()


def evaluate(
    tree: Node,
    facts: AccountFacts,
    at: datetime,
    *,
    dates_zone: str | None = None,
    stale_metrics: Collection[str] = (),
    run_started_at: datetime | None = None,
) -> Verdict:
    """The condition as of `at` (aware). `dates_zone`: zone of durations and dates, the installation's unless given."""
    zone = dates_zone or facts.setting.zone
    judged = judge(tree, AsOf(facts, at, zone, facts.setting.stale.union(stale_metrics), run_started_at))
    return Verdict(judged.truth, judged.cause)


def judge(node: Node, asof: AsOf) -> Judged:
    """One node and everything below it."""
    return JUDGES[type(node)](node, asof)


def unknown(node: Node, cause: str, **values: object) -> Judged:
    """A node whose truth cannot be known."""
    return Judged(node, None, cause, values)


def _group(node: All | Any, asof: AsOf) -> Judged:
    parts = tuple(judge(part, asof) for part in node.parts)
    truth = (both if isinstance(node, All) else either)(part.truth for part in parts)
    return Judged(node, truth, first_cause(parts) if truth is None else "", parts=parts)


def first_cause(parts: tuple[Judged, ...]) -> str:
    """The cause of the first unknown part."""
    return next((part.cause for part in parts if part.truth is None), "")


def _not(node: Not, asof: AsOf) -> Judged:
    part = judge(node.part, asof)
    return Judged(node, inverse(part.truth), part.cause, parts=(part,))


def _field(node: Field, asof: AsOf) -> Judged:
    found = asof.trait(node.path)
    verdicts = [_field_test(node, test, found, asof) for test in node.tests]
    truth = both(verdict.truth for verdict in verdicts)
    cause = next((each.cause for each in verdicts if each.truth is None), "") if truth is None else ""
    values = {"value": found.value.value, "since": found.value.occurred_at} if isinstance(found, Known) else {}
    return Judged(node, truth, cause, values)


def _field_test(node: Field, test: ValueTest, found: Known[Change] | Unknown, asof: AsOf) -> Verdict:
    if test.op == "exists":
        return Verdict(isinstance(found, Known) == test.limits[0].value)
    if isinstance(found, Unknown):
        return Verdict(None, found.cause)
    is_money = kind_of(found.value.value) == "money"
    if is_money and test.limits[0].kind == "number":
        return _money_test(test, found.value, node.currency or asof.setting.currency, asof)
    truth = None if node.currency else test_holds(test, found.value.value, asof.dates_zone)
    return Verdict(truth, "wrong_type" if truth is None else "")


def _money_test(test: ValueTest, change: Change, currency: str, asof: AsOf) -> Verdict:
    amount = asof.money(change, currency)
    if amount is None:
        return Verdict(None, "no_rate")
    limits = [Fraction(limit.number) for limit in test.limits]
    if test.op in ("in", "not_in"):
        return Verdict((amount in limits) == (test.op == "in"))
    return Verdict(compare(test.op, amount, limits[0]))


def _metric(node: Metric | Happened, asof: AsOf) -> Judged:
    limit = node.limit or AT_LEAST_ONE
    found = quantity(node.of, asof)
    if isinstance(found, Unknown):
        return unknown(node, found.cause)
    truth = holds(limit, found.value)
    if node.of.event in asof.stale and not _settled(truth, limit, node.of.agg, LOWER):
        return unknown(node, "stale_feed", value=found.value)
    return Judged(node, truth, "", {"value": found.value})


def _settled(truth: bool, limit: Cmp, agg: str, side: set[str]) -> bool:  # noqa: FBT001
    """Whether events that a stale feed still owes cannot change this truth: it is true, and more can only confirm it."""
    return truth and agg in GROWING and {op for op, _ in limit.tests} <= side


def _compare(node: Compare, asof: AsOf) -> Judged:
    found = contrast(node.of, asof)
    if isinstance(found, Unknown):
        return unknown(node, found.cause)
    tests = (
        _part("baseline", node.baseline, found.baseline, asof, node, stale=False),
        _part("current", node.current, found.current, asof, node),
        _part("drop_pct", node.drop_pct, found.drop_pct, asof, node, side=UPPER),
        _part("rise_pct", node.rise_pct, found.rise_pct, asof, node),
        _part("change_abs", node.change_abs, found.change, asof, node),
    )
    verdicts = [verdict for verdict in tests if verdict]
    truth = both(verdict.truth for verdict in verdicts)
    cause = next((each.cause for each in verdicts if each.truth is None), "") if truth is None else ""
    return Judged(node, truth, cause, found.values())


def _part(
    name: str,
    limit: Cmp | None,
    value: Known[Fraction] | Unknown,
    asof: AsOf,
    node: Compare,
    *,
    side: set[str] = LOWER,
    stale: bool = True,
) -> Verdict | None:
    """One comparison of a compare; the baseline lies in the past and does not go stale."""
    if limit is None:
        return None
    if isinstance(value, Unknown):
        return Verdict(None, value.cause)
    truth = holds(limit, value.value)
    if stale and node.of.of.event in asof.stale and not _settled(truth, limit, node.of.of.agg, side):
        return Verdict(None, "stale_feed")
    return Verdict(truth, name)


def _usage_of(node: UsageOf, asof: AsOf) -> Judged:
    found = usage(node.of, asof)
    if isinstance(found, Unknown):
        return unknown(node, found.cause)
    truth = holds(node.limit, found.pct)
    values = {"value": found.pct, "used": found.used, "allowance": found.allowance}
    if node.of.event in asof.stale and not _settled(truth, node.limit, "sum", LOWER):
        return unknown(node, "stale_feed", **values)
    return Judged(node, truth, "", values)


def _absent(node: Absent, asof: AsOf) -> Judged:
    border = absent_cutoff(node, asof.clock)
    covered, raw = span_after(border, asof.clock), bool(node.where)
    last = asof.last_at(node.event, node.where)
    values = {"last": last or "never", "since": last or asof.facts.started_at}
    if asof.gone(covered, raw=raw):
        return unknown(node, "beyond_retention", **values)
    if asof.read(node.event, covered, node.where).count:
        return Judged(node, truth=False, values=values)
    if node.event in asof.stale:
        return unknown(node, "stale_feed", **values)
    verdict = _never(node, asof, border)
    return Judged(node, verdict.truth, verdict.cause, values)


def _never(node: Absent, asof: AsOf, border: datetime) -> Verdict:
    """The truth when nothing matching happened after the border."""
    if node.never == "matches":
        return Verdict(truth=True)
    if node.never == "counts_from_start":
        if asof.facts.started_at is None:
            return Verdict(None, "short_history")
        return Verdict(asof.started_by(Start(instant=border)))
    seen = quantity(Quantity(node.event, LIFETIME, "count", None, node.where), asof)
    if isinstance(seen, Unknown):
        return Verdict(None, seen.cause)
    return Verdict(True if seen.value else None, "" if seen.value else "no_value")


def _date(node: DateIs, asof: AsOf) -> Judged:
    found = asof.trait(node.path)
    if isinstance(found, Unknown):
        return unknown(node, found.cause)
    day = as_day(found.value.value, asof.dates_zone)
    if day is None:
        return unknown(node, "wrong_type", value=found.value.value)
    border = date_border(node, asof.clock)
    truth = asof.clock.date <= day <= border if node.side == "within" else day <= border
    return Judged(node, truth, "", {"value": day, "days": _days_apart(day, asof.clock.date)})


def _days_apart(day: date, today: date) -> Fraction:
    return Fraction((day - today).days)


def _tag(node: Tag, asof: AsOf) -> Judged:
    found = asof.trait(f"tag.{node.name}")
    return Judged(node, isinstance(found, Known) and found.value.value is not False)


def _since_run_start(node: SinceRunStart, asof: AsOf) -> Judged:
    covered = run_span(node, asof.run_started_at, asof.clock)
    count = Fraction(asof.read(node.event, covered, node.where, raw=True).count)
    return Judged(node, holds(node.limit or AT_LEAST_ONE, count), "", {"value": count})


JUDGES: dict[type, Callable[..., Judged]] = {
    All: _group,
    Any: _group,
    Not: _not,
    Field: _field,
    Metric: _metric,
    Happened: _metric,
    Compare: _compare,
    UsageOf: _usage_of,
    Absent: _absent,
    DateIs: _date,
    Tag: _tag,
    SinceRunStart: _since_run_start,
}
