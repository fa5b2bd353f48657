"""Memory and SQL say the same about every node, measure, account and instant."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.conditions.evaluate import evaluate
from customers.conditions.facts import AccountFacts
from customers.conditions.load import load_facts
from customers.conditions.measures import evaluate_measure, parse_measure
from customers.conditions.nodes import Measure, Node
from customers.conditions.parse import parse
from customers.conditions.to_sql import Compiler
from customers.conditions.values import Known
from tests.customers.conditions import worlds
from tests.customers.conditions.worlds import World

pytestmark = pytest.mark.django_db
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


def in_sql(compiler: Compiler, trees: list[Node], numbers: list[Measure]) -> dict[int, list[object]]:
    """account -> truths and numbers."""
    columns = [*map(compiler.condition, trees), *map(compiler.measure, numbers)]
    sql = f"select a.account_id, {', '.join(columns)} from {compiler.from_sql()}"
    with connection.cursor() as cursor:
        cursor.execute(sql, compiler.params)
        return {row[0]: list(row[1:]) for row in cursor.fetchall()}


def in_memory(world: World, options: dict, trees: list[Node], numbers: list[Measure]) -> dict[int, list[object]]:
    found: dict[int, list[object]] = {}
    for facts in world.accounts:
        truths = [evaluate(tree, facts, world.at, **options).truth for tree in trees]
        scope = {key: value for key, value in options.items() if key != "run_started_at"}
        values = [evaluate_measure(number, facts, world.at, **scope) for number in numbers]
        found[facts.account_id] = truths + [value.value if isinstance(value, Known) else None for value in values]
    return found


@settings(max_examples=220, deadline=None, suppress_health_check=SLOW)
@given(
    world=worlds.worlds(),
    docs=st.lists(worlds.conditions, min_size=6, max_size=10),
    number_docs=st.lists(worlds.measures(), min_size=3, max_size=6),
    stale=st.sampled_from([(), (), (), (), (), ("login",)]),
    dates_zone=st.sampled_from([None, None, "Pacific/Kiritimati"]),
    run=st.integers(0, 3000),
)
def test_memory_and_sql_agree_on_everything(world, docs, number_docs, stale, dates_zone, run) -> None:
    trees, numbers = [parse(doc, run_scope=True) for doc in docs], [parse_measure(doc) for doc in number_docs]
    options = {"stale_metrics": stale, "dates_zone": dates_zone, "run_started_at": world.at - timedelta(minutes=run)}
    compiler = Compiler(at=world.at, zone=world.setting.zone, events_since=world.setting.events_since, **options)
    with transaction.atomic():
        worlds.store(world)
        stored = in_sql(compiler, trees, numbers)
        loaded = tuple(load(world, options, [*trees, *numbers]).values())
        transaction.set_rollback(True)
    expected = in_memory(world, options, trees, numbers)
    for account_id, values in expected.items():
        for doc, value, found in zip([*docs, *number_docs], values, stored[account_id], strict=True):
            assert same(value, found), f"{doc}: memory {value}, SQL {found}"
    assert in_memory(replace(world, accounts=loaded), options, trees, numbers) == expected


def load(world: World, options: dict, trees: list[Node | Measure]) -> dict[int, AccountFacts]:
    scope = {key: value for key, value in options.items() if key != "stale_metrics"}
    return load_facts([facts.account_id for facts in world.accounts], trees, world.at, setting=world.setting, **scope)


def same(left: object, right: object) -> bool:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left == right
    return left is right
