"""What a condition or a measure says, in English, without any account."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from customers.conditions.nodes import (
    AT_LEAST_ONE,
    Absent,
    AgeDays,
    All,
    Any,
    ChangePct,
    Compare,
    ConditionValue,
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
)
from customers.conditions.phrases import (
    AFTER,
    Labels,
    against,
    during,
    earlier,
    field_name,
    in_words,
    limits,
    many,
    one,
    over,
    where,
)

NO_LABELS: Mapping[str, str] = MappingProxyType({})
AGGS = {
    "min": "the smallest {}",
    "max": "the largest {}",
    "avg": "the average {}",
    "last": "the latest {}",
}


def sentence(node: Node | Measure, labels: Labels = NO_LABELS) -> str:
    """The tree in English. `labels` names events and traits better than their keys do (singular)."""
    return SENTENCES[type(node)](node, labels)


def _group(word: str) -> Callable[[All | Any, Labels], str]:
    def say(node: All | Any, labels: Labels) -> str:
        if len(node.parts) == 1:
            return sentence(node.parts[0], labels)
        return f" {word} ".join(_bracketed(part, labels) for part in node.parts)

    return say


def _bracketed(part: Node, labels: Labels) -> str:
    text = sentence(part, labels)
    return f"({text})" if isinstance(part, All | Any) and len(part.parts) > 1 else text


def _not(node: Not, labels: Labels) -> str:
    if isinstance(node.part, Tag):
        return f"does not have the tag {node.part.name}"
    if isinstance(node.part, Happened) and node.part.limit is None:
        return f"no {one(node.part.of.event, labels)}{where(node.part.of.where)} {during(node.part.of.window)}".replace(" ever", " so far")
    return f"not ({sentence(node.part, labels)})"


def _field(node: Field, labels: Labels) -> str:
    return f"{field_name(node.path, labels)} {' and '.join(in_words(test, node.currency) for test in node.tests)}"


def subject(of: Quantity, labels: Labels) -> str:
    """What is counted, for the head of a sentence: `logins`, `days with logins`, `the average order`."""
    if of.agg in AGGS:
        return AGGS[of.agg].format(one(of.event, labels))
    return {"active_days": "days with ", "distinct": "people with "}.get(of.agg, "") + many(of.event, labels)


def _metric(node: Metric, labels: Labels) -> str:
    of = node.of
    tail = f"{where(of.where)} {during(of.window)}{earlier(of.offset)}"
    if of.agg in AGGS:
        return f"{subject(of, labels)}{tail} is {limits(node.limit)}"
    return f"{limits(node.limit)} {subject(of, labels)}{tail}".replace("less than", "fewer than")


def _happened(node: Happened, labels: Labels) -> str:
    if node.limit is None:
        return f"at least one {one(node.of.event, labels)}{where(node.of.where)} {during(node.of.window)}"
    return _metric(Metric(node.of, node.limit), labels)


def _compare(node: Compare, labels: Labels) -> str:
    of = node.of.of
    verbs = [(node.drop_pct, "fell", " %"), (node.rise_pct, "rose", " %"), (node.change_abs, "changed by", "")]
    changes = [f"{verb} {limits(limit, unit, AFTER)}" for limit, verb, unit in verbs if limit]
    head = f"{subject(of, labels)} {' and '.join(changes) or 'are counted'} {over(of.window)} {against(node.of.to, of.window)}"
    sides = [f"{limits(limit)} {when}" for limit, when in ((node.baseline, "before"), (node.current, "now")) if limit]
    return f"{head} ({', '.join(sides)})" if sides else head


def _usage_of(node: UsageOf, labels: Labels) -> str:
    verb = "is on course for" if node.of.forecast else "is at"
    limit = limits(node.limit, " %", AFTER)
    return f"{one(node.of.event, labels)} usage {during(node.of.window)} {verb} {limit} of {field_name(node.of.allowance, labels)}"


def _absent(node: Absent, labels: Labels) -> str:
    grace = f" and {node.grace.words} of grace" if node.grace else ""
    never = {"matches": " or never", "unknown": " since the last one"}.get(node.never, "")
    return f"no {one(node.event, labels)}{where(node.where)} for {node.duration.words}{grace}{never}"


def _date(node: DateIs, labels: Labels) -> str:
    name = field_name(node.path, labels)
    if node.side == "within":
        return f"{name} is within the next {node.duration.words}"
    return f"{name} passed {node.duration.words} ago or more"


def _since_run_start(node: SinceRunStart, labels: Labels) -> str:
    limit = limits(node.limit or AT_LEAST_ONE)
    noun = many(node.event, labels) if node.limit else one(node.event, labels)
    return f"{limit} {noun}{where(node.where)} since the run started"


def _quantity(of: Quantity, labels: Labels) -> str:
    return f"{subject(of, labels)}{where(of.where)} {during(of.window)}{earlier(of.offset)}"


def _change_pct(measure: ChangePct, labels: Labels) -> str:
    of = measure.of.of
    side = f" ({limits(measure.baseline)} before)" if measure.baseline else ""
    return f"change of {subject(of, labels)} in percent {over(of.window)} {against(measure.of.to, of.window)}{side}"


def _usage(of: Usage, labels: Labels) -> str:
    forecast = " forecast for its end" if of.forecast else ""
    return f"{one(of.event, labels)} usage {during(of.window)}{forecast} in percent of {field_name(of.allowance, labels)}"


def _days_since(of: DaysSince, labels: Labels) -> str:
    return f"days since the last {one(of.event, labels)}{where(of.where)}"


SENTENCES: dict[type, Callable[..., str]] = {
    All: _group("and"),
    Any: _group("or"),
    Not: _not,
    Field: _field,
    Metric: _metric,
    Happened: _happened,
    Compare: _compare,
    UsageOf: _usage_of,
    Absent: _absent,
    DateIs: _date,
    Tag: lambda node, _: f"has the tag {node.name}",
    SinceRunStart: _since_run_start,
    FieldValue: lambda of, labels: field_name(of.path, labels),
    Quantity: _quantity,
    ChangePct: _change_pct,
    Usage: _usage,
    DaysSince: _days_since,
    DaysUntil: lambda of, labels: f"days until {field_name(of.path, labels)}",
    AgeDays: lambda *_: "days since the account started",
    ConditionValue: lambda of, labels: f"whether this holds: {sentence(of.condition, labels)}",
}
