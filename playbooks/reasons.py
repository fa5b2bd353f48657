"""The reason that travels with a firing: its facts, its sentence, its explained conditions and what would close it. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from customers.conditions.explain import why_sentence
from customers.conditions.parse import parse
from customers.conditions.sentence import sentence
from playbooks.active import Active, Edge, Listener

Explained = dict[str, Any]
MAX_PROPS = 30


def edge_why(active: Active, edge: Edge, explained: Explained) -> dict[str, Any]:
    """Why an edge fired. `explained` is its condition's tree at that instant."""
    text = why_sentence(explained)
    return _why(active, edge.trigger.id, text[:1].upper() + text[1:], edge_facts(explained), explained, _edge_closes(active, edge))


def event_why(active: Active, listener: Listener, key: Any, props: dict[str, Any], occurred_at: datetime) -> dict[str, Any]:
    """Why an event fired. The facts are its key and its plain properties."""
    facts = {"key": key, "occurred_at": occurred_at.isoformat(), "props": plain_props(props)}
    tested = [f"{name} {props.get(name)}" for name in listener.trigger.where]
    text = f"{listener.trigger.event} on {occurred_at:%-d %B %Y}" + (f" with {', '.join(tested)}" if tested else "")
    return _why(active, listener.trigger.id, text, facts, {}, goal_sentence(active))


def _why(active: Active, trigger: str, text: str, facts: dict[str, Any], conditions: Explained, closes: str) -> dict[str, Any]:
    return {
        "playbook": active.document.key,
        "name": active.document.name,
        "version": active.version.n,
        "trigger": trigger,
        "sentence": text,
        "facts": facts,
        "conditions": conditions,
        "closes_when": closes,
    }


def edge_facts(explained: Explained) -> dict[str, Any]:
    """The values of the tree's leaves by plain names: baseline, current, drop_pct, pct, used, allowance, date, days …

    The first leaf with a name wins; values of traits stand under their path.
    """
    facts: dict[str, Any] = {}
    for leaf in leaves(explained):
        for name, value in leaf_facts(leaf).items():
            facts.setdefault(name, value)
    return facts


def leaf_facts(leaf: Explained) -> dict[str, Any]:
    """The values of one leaf under the names that texts use."""
    values = dict(leaf.get("value") or {})
    kind, limit = leaf["kind"], leaf.get("limit") or {}
    if kind == "compare" and "change_pct" in values:
        change = values["change_pct"]
        values |= {"drop_pct": max(-change, 0), "rise_pct": max(change, 0)}
    if kind == "usage_of" and "value" in values:
        values["pct"] = values.pop("value")
    if kind == "date" and "value" in values:
        values["date"] = values.pop("value")
    if kind == "field" and "value" in values:
        return {limit.get("field", "value"): values["value"]}
    return values


def leaves(explained: Explained) -> Iterator[Explained]:
    """The tree's leaves from left to right."""
    parts = explained.get("parts")
    if not parts:
        yield from [explained] if "kind" in explained else []
        return
    for part in parts:
        yield from leaves(part)


def plain_props(props: dict[str, Any]) -> dict[str, Any]:
    """At most 30 properties whose values are plain."""
    plain = {name: value for name, value in props.items() if isinstance(value, (str, int, float, bool)) and len(str(value)) <= 300}
    return dict(list(plain.items())[:MAX_PROPS])


def goal_sentence(active: Active) -> str:
    """What the playbook wants to happen, in words; empty without a goal."""
    goal = active.document.goal
    return sentence(parse(goal.when, run_scope=True)) if goal else ""


def _edge_closes(active: Active, edge: Edge) -> str:
    if active.document.goal:
        return goal_sentence(active)
    return sentence(edge.rearm_when) if edge.rearm_when else f"not: {sentence(edge.condition)}"
