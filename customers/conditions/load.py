"""The facts of some accounts from the database, for evaluation and explanation in memory: the one file that queries.

A constant number of statements whatever the number of accounts. What must be read is learned by compiling the trees, so
memory and SQL read the same rows.
"""

# ruff: noqa: S608  values are bound, only names of columns and placeholders are put in

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from crm.models import ExchangeRate, Installation
from customers.conditions.facts import AccountFacts, Change, DayFact, EventFact, Setting
from customers.conditions.nodes import Absent, Measure, Node, paths_of, walk
from customers.conditions.sql_values import where_sql
from customers.conditions.to_sql import CONDITIONS, MEASURES, Compiler

EVENT = "e.account_id, e.name, e.occurred_at, e.known_at, e.quantity, e.props, e.contact_id, e.attributed_at, e.id::text"


def load_setting(events_since: datetime | None = None) -> Setting:
    """Zone, currency and rates of the installation. Two queries."""
    house = Installation.load()
    rates = defaultdict(list)
    for currency, day, rate in ExchangeRate.objects.order_by("currency", "day").values_list("currency", "day", "rate"):
        rates[currency].append((day, rate))
    return Setting(house.zone, house.currency, {currency: tuple(rows) for currency, rows in rates.items()}, events_since)


def load_facts(
    account_ids: Collection[int],
    trees: Iterable[Node | Measure],
    at: datetime,
    *,
    setting: Setting | None = None,
    dates_zone: str | None = None,
    run_started_at: datetime | None = None,
) -> dict[int, AccountFacts]:
    """account -> the facts that the trees read as of `at`; accounts without a state row are left out.

    `run_started_at`: the earliest start of the runs at hand, for `since_run_start`.
    """
    setting, trees = setting or load_setting(), list(trees)
    compiler = compiled(trees, at, setting, dates_zone, run_started_at)
    ids = sorted(set(account_ids))
    changes = load_changes(ids, {path for tree in trees for path in paths_of(tree)}, at)
    days, events = load_days(compiler, ids), load_events(compiler, trees, ids)
    started = rows("select account_id, started_at from customers_accountstate where account_id = any(%(ids)s)", {"ids": ids})
    counted = compiler.features.counts
    return {
        account_id: AccountFacts(
            account_id,
            started_at,
            {path: tuple(found) for path, found in changes[account_id].items()},
            tuple(events[account_id].values()),
            {name: tuple(days[account_id, name]) for name in counted},
            setting,
        )
        for account_id, started_at in started
    }


def compiled(
    trees: list[Node | Measure], at: datetime, setting: Setting, dates_zone: str | None, run_started_at: datetime | None
) -> Compiler:
    """A compiler that has seen all trees, and so knows what to read."""
    compiler = Compiler(
        at=at, zone=setting.zone, currency=setting.currency, dates_zone=dates_zone, run_started_at=run_started_at, probing=False
    )
    for tree in trees:
        (CONDITIONS.get(type(tree)) or MEASURES[type(tree)])(compiler, tree)
    return compiler


def rows(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def load_changes(ids: list[int], paths: set[str], at: datetime) -> dict[int, dict[str, list[Change]]]:
    """Per account and path the newest change known at the instant, else one of later, to tell that history begins later."""
    sql = """
        select distinct on (account_id, path) account_id, path, new, occurred_at, known_at, key, id from customers_traitchange
        where account_id = any(%(ids)s) and contact_id = 0 and path = any(%(paths)s)
        order by account_id, path, (occurred_at <= %(at)s and known_at <= %(at)s) desc, occurred_at desc, key collate "C" desc, id desc"""
    found: dict[int, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for account_id, path, value, *rest in rows(sql, {"ids": ids, "paths": sorted(paths), "at": at}) if paths else ():
        found[account_id][path].append(Change(as_json(value), *rest))
    return found


def as_json(value: Any) -> Any:
    """A jsonb value as the driver gives it."""
    return json.loads(value) if isinstance(value, str) else value


def load_days(compiler: Compiler, ids: list[int]) -> dict[tuple[int, str], list[DayFact]]:
    """The daily counts as they were known at the instant."""
    features, found = compiler.features, defaultdict(list)
    bound = features.params.bind(ids, "bigint[]")
    parts = [
        f"select d.account_id, {features.params.text(name)}, d.day, d.n, d.total, d.min, d.max, d.last, d.last_at"
        f" from ({features.day_rows(name, source, bound)}) d"
        for name, source in features.counts.items()
    ]
    for account_id, name, *values in rows(" union all ".join(parts), compiler.params) if parts else ():
        found[account_id, name].append(DayFact(*values))
    return found


def load_events(compiler: Compiler, trees: list[Node | Measure], ids: list[int]) -> dict[int, dict[str, EventFact]]:
    """The events that are read one by one, and the last one of every absence."""
    features = compiler.features
    bound = features.params.bind(ids, "bigint[]")
    parts = [
        f"select {EVENT} from customers_event e where e.account_id = any({bound}) and e.name = {features.params.text(name)}"
        f" and {features.stretches(source, bound)} and {features.known('e')}"
        for name, source in features.events.items()
    ]
    parts += [last_event(compiler, node, bound) for tree in trees for node in walk(tree) if isinstance(node, Absent)]
    found: dict[int, dict[str, EventFact]] = defaultdict(dict)
    for account_id, name, occurred, known, quantity, props, contact, moved, key in (
        rows(" union all ".join(parts), compiler.params) if parts else ()
    ):
        found[account_id][key] = EventFact(name, occurred, known, quantity, as_json(props), contact, moved, key)
    return found


def last_event(compiler: Compiler, node: Absent, ids: str) -> str:
    """The last matching event of each account."""
    features = compiler.features
    where = f" and {where_sql(node.where, 'e.props', compiler.clock.zone, features.params)}" if node.where else ""
    return (
        f"select {EVENT} from unnest({ids}) i (account_id) cross join lateral (select * from customers_event e"
        f" where e.account_id = i.account_id and e.name = {features.params.text(node.event)} and e.occurred_at <= {features.at}"
        f" and {features.known('e')}{where} order by e.occurred_at desc limit 1) e"
    )
