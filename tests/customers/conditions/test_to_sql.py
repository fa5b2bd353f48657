"""Memory and SQL say the same about every node, measure, account and instant."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import ExchangeRate
from customers.conditions.evaluate import evaluate
from customers.conditions.facts import AccountFacts, Change, EventFact, Setting
from customers.conditions.load import load_facts
from customers.conditions.measures import evaluate_measure, parse_measure
from customers.conditions.nodes import Measure, Node
from customers.conditions.parse import parse
from customers.conditions.to_sql import Compiler
from customers.conditions.values import Known
from customers.models import AccountState, ActivityDay, Event, Trait, TraitChange
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


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
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


AT = datetime(2023, 5, 31, 6, tzinfo=UTC)
EVERYTHING = [
    {"all": [{"field": "arr", "gte": 1000}, {"tag": "vip"}]},
    {"compare": {"metric": "login", "window": "30d", "to": "previous", "baseline": {"gte": 8}, "drop_pct": {"gte": 60}}},
    {"usage_of": {"metric": "api_call", "allowance": "plan.allowance.api_call", "pct": {"gte": 90}}},
    {"absent": "login", "for": "14d", "where": {"plan": "pro"}},
    {"happened": "login", "window": "720h", "count": {"gte": 3}},
]


def stored_accounts(count: int, **changes: tuple[Change, ...]) -> World:
    events = tuple(
        EventFact("api_call", AT - timedelta(days=days), AT - timedelta(days=days), Decimal(10), id=str(UUID(int=days)))
        for days in range(60)
    )
    setting = Setting()
    accounts = tuple(
        AccountFacts(
            number,
            AT - timedelta(days=900),
            changes,
            tuple(replace(e, id=str(UUID(int=number * 1000 + i))) for i, e in enumerate(events)),
            {},
            setting,
        )
        for number in range(1, count + 1)
    )
    world = World(AT, accounts, setting)
    worlds.store(world)
    return world


def test_the_number_of_statements_does_not_depend_on_the_number_of_accounts(django_assert_num_queries) -> None:
    trees = [parse(doc) for doc in EVERYTHING]
    stored_accounts(20)
    for count in (1, 20):
        compiler = Compiler(at=AT, zone="UTC")
        truths = [compiler.condition(tree) for tree in trees]
        with django_assert_num_queries(1), connection.cursor() as cursor:
            cursor.execute(f"select a.account_id, {', '.join(truths)} from {compiler.from_sql(range(1, count + 1))}", compiler.params)
            assert len(cursor.fetchall()) == count
        with django_assert_num_queries(4):
            assert len(load_facts(range(1, count + 1), trees, AT, setting=Setting())) == count


@pytest.mark.parametrize(
    ("start", "used"), [("2023-05-20", 120), ("2023-03-20", 600), ("2023-05-31", 10), ("2023-06-01", 0), ("soon", 310)]
)
def test_usage_begins_at_each_accounts_own_period(start: str, used: int) -> None:
    change = Change(start, AT - timedelta(days=100), AT - timedelta(days=100))
    allowance = Change(100, AT - timedelta(days=100), AT - timedelta(days=100))
    world = stored_accounts(2, **{"period_start": (change,), "plan.allowance.api_call": (allowance,)})
    measures = [
        parse_measure({"usage_of": {"metric": "api_call", "allowance": "plan.allowance.api_call"}}),
        parse_measure({"metric": "api_call", "window": "billing_period", "where": {"x": None}}),
    ]
    found = in_sql(Compiler(at=AT, zone="UTC"), [], measures)
    assert found == in_memory(world, {}, [], measures) == {1: [used, used], 2: [used, used]}


def test_a_statement_can_be_put_together_with_other_parameters_and_inserts() -> None:
    stored_accounts(2)
    compiler = Compiler(at=AT, zone="UTC", prefix="x")
    truth = compiler.condition(parse({"happened": "api_call", "window": "30d"}))
    with connection.cursor() as cursor:
        cursor.execute("create temporary table found (account_id bigint, truth boolean, label text) on commit drop")
        sql = f"insert into found select a.account_id, {truth}, %(label)s from {compiler.from_sql()} where a.account_id > %(least)s"
        cursor.execute(sql, {**compiler.params, "label": "100 %", "least": 1})
        cursor.execute("select * from found")
        assert cursor.fetchall() == [(2, True, "100 %")]


def test_the_tables_named_in_the_sql_are_those_of_the_models() -> None:
    named = {model._meta.db_table for model in (AccountState, ActivityDay, Event, ExchangeRate, Trait, TraitChange)}
    compiler = Compiler(at=AT, zone="UTC")
    for doc in EVERYTHING:
        compiler.condition(parse(doc))
    text = compiler.condition(parse({"field": "arr", "gte": 1})) + compiler.from_sql()
    assert set(re.findall(r"(?:customers|crm)_[a-z]+", text)) == named
