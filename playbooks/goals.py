"""Goals and exits: what ends a run before its last step. Checked before every step, and for waiting runs whose account changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.conditions import nodes
from customers.conditions.durations import add
from customers.conditions.evaluate import evaluate
from customers.conditions.facts import AccountFacts
from customers.conditions.load import load_facts
from customers.conditions.parse import parse
from playbooks.active import Active
from playbooks.dsl import templates
from playbooks.dsl.document import Exit
from playbooks.models import Run

LEFT_SEGMENT = "left_segment"


@dataclass(frozen=True)
class Ending:
    """What a look at a run found. `reached` without `status`: the goal is reached and the run goes on."""

    status: str = ""
    reason: str = ""
    reached: bool = False


@dataclass(frozen=True)
class Watched:
    """A run with the parsed conditions that may end it."""

    run: Run
    active: Active
    goal: nodes.Node | None
    exits: tuple[tuple[Exit, nodes.Node], ...]


def watched(run: Run, active: Active) -> Watched:
    """`run` with its goal and exits, the run's own values put in."""
    values = {"trigger": trigger_values(run), "inputs": active.document.inputs}
    goal = active.document.goal
    tree = _parsed(goal.when, values) if goal and run.goal_at is None else None
    return Watched(run, active, tree, tuple((each, _exit_tree(each, active, values)) for each in active.document.exits))


def endings(runs: Iterable[Watched], at: datetime) -> list[tuple[Watched, Ending]]:
    """The runs that end or reach their goal at `at`. A constant number of queries for each zone and end of `within`."""
    looks = [look for each in runs for look in looks_of(each, at)]
    groups: dict[tuple[str, datetime], list[Check]] = {}
    for look in looks:
        groups.setdefault((look.of.active.zone, look.at), []).append(look)
    true = {id(look) for (zone, instant), group in groups.items() for look in holding(group, zone, instant)}
    found: dict[int, tuple[Watched, Ending]] = {}
    for look in looks:
        if id(look) in true:
            found.setdefault(look.of.run.pk, (look.of, look.ending))
    return list(found.values())


@dataclass(frozen=True)
class Check:
    """One condition of a run to be judged at one instant, and what it means when it holds."""

    of: Watched
    tree: nodes.Node
    at: datetime
    ending: Ending


def looks_of(each: Watched, at: datetime) -> list[Check]:
    """The goal first, then the exits in their order."""
    checks = [Check(each, tree, at, Ending(Run.Status.EXITED, exit_.id)) for exit_, tree in each.exits]
    if each.goal is None:
        return checks
    ends = each.active.document.goal.ends_run
    return [Check(each, each.goal, goal_instant(each, at), Ending(Run.Status.GOAL if ends else "", "goal", reached=True)), *checks]


def goal_instant(each: Watched, at: datetime) -> datetime:
    """The last instant at which the goal counts: the end of `within`, once that has passed."""
    within = each.active.document.goal.within
    return min(at, add(each.run.started_at, within, each.active.zone)) if within else at


def holding(group: list[Check], zone: str, at: datetime) -> list[Check]:
    """Those of the checks that are true at the instant."""
    earliest = min(look.of.run.started_at for look in group)
    ids, trees = {look.of.run.account_id for look in group}, [look.tree for look in group]
    setting = group[0].of.active.setting
    facts = load_facts(ids, trees, at, setting=setting, dates_zone=zone, run_started_at=earliest)
    return [look for look in group if holds(look, facts, zone)]


def holds(look: Check, facts: Mapping[int, AccountFacts], zone: str) -> bool:
    run = look.of.run
    verdict = evaluate(look.tree, facts[run.account_id], look.at, dates_zone=zone, run_started_at=run.started_at)
    return verdict.truth is True


def trigger_values(run: Run) -> dict[str, Any]:
    """What `trigger.*` means in the texts and conditions of a run."""
    return {"key": run.firing.trigger_key.split("|", 1)[-1], **run.firing.facts}


def _exit_tree(exit_: Exit, active: Active, values: dict[str, Any]) -> nodes.Node:
    if exit_.when == LEFT_SEGMENT:
        return nodes.Not(active.compiled.segment)
    return _parsed(exit_.when, values)


def _parsed(tree: Any, values: dict[str, Any]) -> nodes.Node:
    return parse(filled(tree, values), run_scope=True)


def filled(tree: Any, values: dict[str, Any]) -> Any:
    """A plain condition with every `{{ … }}` in it replaced by its value."""
    if isinstance(tree, dict):
        return {key: filled(item, values) for key, item in tree.items()}
    if isinstance(tree, list):
        return [filled(item, values) for item in tree]
    return templates.resolve(tree, values) if isinstance(tree, str) and "{{" in tree else tree
