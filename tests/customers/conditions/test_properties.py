"""What must hold for every condition and every account, whatever the facts."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from customers.conditions.evaluate import evaluate
from customers.conditions.explain import explain, why_sentence
from customers.conditions.facts import AccountFacts
from customers.conditions.parse import parse
from customers.conditions.sentence import sentence
from tests.customers.conditions import worlds
from tests.customers.conditions.worlds import World

docs = st.lists(worlds.conditions, min_size=1, max_size=5)


def known_then(world: World, facts: AccountFacts) -> AccountFacts:
    """The account without everything that was learnt after the instant."""
    changes = {path: tuple(c for c in found if c.known_at <= world.at) for path, found in facts.changes.items()}
    return replace(facts, changes=changes, events=tuple(event for event in facts.events if event.known(world.at)))


@settings(max_examples=60, deadline=None)
@given(worlds.worlds(), docs)
def test_what_is_learnt_later_changes_no_truth(world: World, docs: list[dict]) -> None:
    for tree in [parse(doc, run_scope=True) for doc in docs]:
        for facts in world.accounts:
            now = evaluate(tree, facts, world.at, run_started_at=world.at)
            assert evaluate(tree, known_then(world, facts), world.at, run_started_at=world.at).truth is now.truth


@settings(max_examples=60, deadline=None)
@given(worlds.worlds(), worlds.quantities(), worlds.numbers, worlds.numbers)
def test_raising_a_lower_limit_adds_no_truth(world: World, quantity: dict, one: float, other: float) -> None:
    low, high = sorted([one, other])
    for facts in world.accounts:
        if evaluate(parse({**quantity, "is": {"gte": high}}), facts, world.at).truth:
            assert evaluate(parse({**quantity, "is": {"gte": low}}), facts, world.at).truth


@settings(max_examples=60, deadline=None)
@given(worlds.worlds(), docs)
def test_a_stale_feed_only_takes_truths_away(world: World, docs: list[dict]) -> None:
    for tree in [parse(doc, run_scope=True) for doc in docs]:
        for facts in world.accounts:
            fresh = evaluate(tree, facts, world.at, run_started_at=world.at).truth
            assert evaluate(tree, facts, world.at, stale_metrics=worlds.NAMES, run_started_at=world.at).truth in (fresh, None)


@settings(max_examples=60, deadline=None)
@given(worlds.worlds(), docs)
def test_everything_can_be_said_and_explained(world: World, docs: list[dict]) -> None:
    for tree in [parse(doc, run_scope=True) for doc in docs]:
        assert sentence(tree)
        for facts in world.accounts:
            verdict = evaluate(tree, facts, world.at, run_started_at=world.at)
            found = explain(tree, facts, world.at, run_started_at=world.at)
            assert (found["truth"], found.get("cause", "")) == (verdict.truth, verdict.cause)
            assert why_sentence(found)
