"""Goals and exits: what ends a run before its last step. Checked before every step, and for waiting runs whose account changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.conditions import nodes
from customers.conditions.durations import add
from customers.conditions.evaluate import evaluate
from customers.conditions.facts import AccountFacts
from customers.conditions.parse import parse
from playbooks.active import Active
from playbooks.dsl import templates
from playbooks.dsl.document import Exit
from playbooks.loading import load_facts
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

    @property
    def trees(self) -> list[nodes.Node]:
        exits = [tree for _, tree in self.exits]
        return [self.goal, *exits] if self.goal else exits


def watched(run: Run, active: Active) -> Watched:
    """`run` with its goal and exits, the run's own values put in."""
    values = {"trigger": trigger_values(run), "inputs": active.document.inputs}
    goal = active.document.goal
    tree = _parsed(goal.when, values) if goal and run.goal_at is None else None
    return Watched(run, active, tree, tuple((each, _exit_tree(each, active, values)) for each in active.document.exits))


def endings(runs: Iterable[Watched], at: datetime) -> list[tuple[Watched, Ending]]:
    """The runs that end or reach their goal at `at`. Two queries per playbook version or fewer."""
    listed = [each for each in runs if each.trees]
    if not listed:
        return []
    facts = load_facts({each.run.account_id for each in listed}, [tree for each in listed for tree in each.trees], at)
    found = ((each, _ending(each, facts, at)) for each in listed)
    return [(each, ending) for each, ending in found if ending]


def trigger_values(run: Run) -> dict[str, Any]:
    """What `trigger.*` means in the texts and conditions of a run."""
    return {"key": run.firing.trigger_key.split("|", 1)[-1], **run.firing.facts}


def _ending(each: Watched, facts: Mapping[int, AccountFacts], at: datetime) -> Ending | None:
    if each.goal and _holds(each, each.goal, facts, _goal_instant(each, at)):
        ends = each.active.document.goal.ends_run
        return Ending(Run.Status.GOAL if ends else "", "goal", reached=True)
    for exit_, tree in each.exits:
        if _holds(each, tree, facts, at):
            return Ending(Run.Status.EXITED, exit_.id)
    return None


def _goal_instant(each: Watched, at: datetime) -> datetime:
    """The last instant at which the goal counts: the end of `within`, once that has passed."""
    within = each.active.document.goal.within
    return min(at, add(each.run.started_at, within, each.active.zone)) if within else at


def _holds(each: Watched, tree: nodes.Node, facts: Mapping[int, AccountFacts], at: datetime) -> bool:
    verdict = evaluate(tree, facts[each.run.account_id], at, dates_zone=each.active.zone, run_started_at=each.run.started_at)
    return verdict.truth is True


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
