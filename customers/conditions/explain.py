"""Why a condition is true, false or unknown for one account: the tree with values and limits, and one sentence of it."""

import typing
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from crm.lib.money import display
from customers.conditions.asof import AsOf
from customers.conditions.evaluate import Judged, judge
from customers.conditions.facts import AccountFacts
from customers.conditions.nodes import (
    AT_LEAST_ONE,
    Absent,
    Cmp,
    Compare,
    DateIs,
    Field,
    Happened,
    Metric,
    Node,
    SinceRunStart,
    Tag,
    UsageOf,
)
from customers.conditions.phrases import AFTER, Labels, during, field_name, figure, in_words, limits, many, one, readable
from customers.conditions.render import render
from customers.conditions.sentence import NO_LABELS, sentence, subject
from customers.conditions.values import holds, is_money, rounded

CAUSES = {
    "no_value": "no value is known",
    "wrong_type": "the value is of another type",
    "short_history": "the account is too young",
    "zero_baseline": "there was nothing before",
    "stale_feed": "its feed is behind",
    "no_allowance": "the account has no allowance",
    "beyond_retention": "the events are no longer kept",
    "no_history_before": "its history begins later",
    "no_rate": "there is no exchange rate",
}
KINDS = {Happened: "happened", DateIs: "date", SinceRunStart: "since_run_start", UsageOf: "usage_of"}
Explained = dict[str, typing.Any]


def explain(
    tree: Node,
    facts: AccountFacts,
    at: datetime,
    *,
    dates_zone: str | None = None,
    stale_metrics: Collection[str] = (),
    run_started_at: datetime | None = None,
    labels: Labels = NO_LABELS,
) -> Explained:
    """The tree as JSON-able dictionaries.

    Each has `kind`, `sentence`, `truth` (null: unknown, with `cause`), `value` (what was found), `limit` (the node's
    document) and `why` (a short clause), groups have `parts` instead of value and limit.
    """
    asof = AsOf(facts, at, dates_zone or facts.setting.zone, facts.setting.stale.union(stale_metrics), run_started_at)
    return _explained(judge(tree, asof), labels)


def _explained(judged: Judged, labels: Labels) -> Explained:
    node = judged.node
    head: Explained = {
        "kind": KINDS.get(type(node), type(node).__name__.lower()),
        "sentence": sentence(node, labels),
        "truth": judged.truth,
    }
    if judged.truth is None:
        head["cause"] = judged.cause
    if judged.parts:
        return {**head, "parts": [_explained(part, labels) for part in judged.parts]}
    values = {name: plain(value) for name, value in judged.values.items()}
    return {**head, "value": values, "limit": render(node), "why": _why(judged, labels)}


def plain(value: object) -> object:
    """A value for JSON: numbers as int or float, dates as text."""
    if isinstance(value, Fraction | Decimal):
        exact = rounded(Fraction(value))
        return int(exact) if exact == exact.to_integral_value() else float(exact)
    return value.isoformat() if isinstance(value, date | datetime) else value


def why_sentence(explained: Explained) -> str:
    """The decisive parts in one sentence: "logins fell 10 to 5 (50 %), needs 60 %"."""
    return " and ".join(_decisive(explained))


def _decisive(explained: Explained) -> list[str]:
    parts = explained.get("parts")
    if not isinstance(parts, list):
        return [str(explained["why"])]
    if explained["kind"] == "not":
        return _decisive(parts[0])
    chosen = [part for part in parts if part["truth"] == explained["truth"]]
    only_one = explained["truth"] == (explained["kind"] == "any") or explained["truth"] is None
    return [text for part in (chosen[:1] if only_one else chosen) for text in _decisive(part)]


def _why(judged: Judged, labels: Labels) -> str:
    """One clause for a leaf."""
    if judged.truth is None and not judged.values:
        return f"{_about(judged.node, labels)} unknown: {CAUSES.get(judged.cause, judged.cause)}"
    clause = CLAUSES[type(judged.node)](judged.node, judged, labels)
    return f"{clause} (unknown: {CAUSES.get(judged.cause, judged.cause)})" if judged.truth is None else clause


def _about(node: typing.Any, labels: Labels) -> str:
    """The subject of a leaf."""
    if isinstance(node, Field | DateIs):
        return field_name(node.path, labels)
    if isinstance(node, Tag):
        return f"tag {node.name}"
    if isinstance(node, Compare):
        return subject(node.of.of, labels)
    if isinstance(node, Metric | Happened):
        return subject(node.of, labels)
    event = node.of.event if isinstance(node, UsageOf) else node.event
    return many(event, labels)


def _needs(limit: Cmp | None, unit: str = "") -> str:
    """`needs 60 %`: a lower limit is said by its number alone."""
    cmp = limit or AT_LEAST_ONE
    plain_limit = [each[0] for op, each in cmp.tests if op == "gte"]
    if len(cmp.tests) == 1 and plain_limit:
        return f"needs {figure(plain_limit[0])}{unit}"
    return f"needs {limits(cmp, unit, AFTER)}"


def _field(node: Field, judged: Judged, labels: Labels) -> str:
    values = judged.values
    tests = " and ".join(in_words(test, node.currency) for test in node.tests)
    found = shown(values["value"]) if values else "not known"
    return f"{field_name(node.path, labels)} is {found}" + ("" if judged.truth else f", needs that it {tests}")


def shown(value: object) -> str:
    """A stored value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return figure(Decimal(str(value)))
    if isinstance(value, dict) and is_money(value):
        return display(value["minor"], value["currency"])
    return ", ".join(str(each) for each in value) if isinstance(value, list) else readable(value)


def _metric(node: Metric | Happened, judged: Judged, labels: Labels) -> str:
    value = judged.values["value"]
    window = f"{during(node.of.window)}"
    noun = one(node.of.event, labels) if value == 1 and node.of.agg in ("sum", "count") else subject(node.of, labels)
    head = f"{figure(value)} {noun}" if node.of.agg in ("sum", "count", "active_days", "distinct") else f"{noun} is {figure(value)}"
    return f"{head} {window}, {_needs(node.limit)}"


def _compare(node: Compare, judged: Judged, labels: Labels) -> str:
    values = judged.values
    change, now, before = values.get("change_pct"), values.get("current"), values.get("baseline")
    if now is None or before is None:
        return f"{subject(node.of.of, labels)}: no value"
    verb = "fell" if now < before else "rose" if now > before else "stayed at"
    moved = f"{figure(before)} to {figure(now)}" if now != before else figure(now)
    pct = "" if change is None else f" ({figure(round_pct(abs(change)))} %)"
    return f"{subject(node.of.of, labels)} {verb} {moved}{pct}, {_compare_needs(node, values)}"


def round_pct(value: Fraction) -> Decimal:
    """A percentage to one place, but never up to the limit it has not reached."""
    return Decimal(int(value * 10)) / 10


def _compare_needs(node: Compare, values: Mapping[str, typing.Any]) -> str:
    """The limits of the change, and those of the two sides where they are missed or stand alone."""
    changes = ((node.drop_pct, " %"), (node.rise_pct, " %"), (node.change_abs, ""))
    sides = ((node.baseline, "baseline", " before"), (node.current, "current", " now"))
    said = [_needs(limit, unit) for limit, unit in changes if limit]
    said += [f"needs {limits(limit)}{when}" for limit, key, when in sides if limit and not (said and holds(limit, values[key]))]
    return " and ".join([*said[:1], *(each.removeprefix("needs ") for each in said[1:])])


def _usage_of(node: UsageOf, judged: Judged, labels: Labels) -> str:
    values = judged.values
    noun = many(node.of.event, labels)
    share = f"{figure(values['used'])} of {figure(values['allowance'])} {noun} ({figure(round_pct(values['value']))} %)"
    return f"{share}{' forecast' if node.of.forecast else ''}, {_needs(node.limit, ' %')}"


def _absent(node: Absent, judged: Judged, labels: Labels) -> str:
    last, noun = judged.values["last"], one(node.event, labels)
    since = f"the last {noun} was on {readable(last)}" if isinstance(last, datetime) else f"there was no {noun} yet"
    return f"{since}, needs none for {node.duration.words}"


def _date(node: DateIs, judged: Judged, labels: Labels) -> str:
    wanted = f"within the next {node.duration.words}" if node.side == "within" else f"at least {node.duration.words} ago"
    needs = "" if judged.truth else "needs to be "
    return f"{field_name(node.path, labels)} is {readable(judged.values['value'])}, {needs}{wanted}"


def _tag(node: Tag, judged: Judged, labels: Labels) -> str:
    return f"{'has' if judged.truth else 'does not have'} the tag {node.name}"


def _since_run_start(node: SinceRunStart, judged: Judged, labels: Labels) -> str:
    return f"{figure(judged.values['value'])} {many(node.event, labels)} since the run started, {_needs(node.limit)}"


CLAUSES: dict[type, Callable[..., str]] = {
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
