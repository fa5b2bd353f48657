"""The facts of some accounts for judging conditions in memory, read from the database."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from crm.models import ExchangeRate, Installation
from customers.conditions.facts import AccountFacts, Change, EventFact, Setting
from customers.conditions.nodes import Node, events_of, paths_of
from customers.models import AccountState
from customers.traits import load


def load_facts(account_ids: Collection[int], trees: Iterable[Node], at: datetime) -> dict[int, AccountFacts]:
    """Account id to its facts, as far as `trees` read them and they were known at `at`. Five queries."""
    trees, ids = list(trees), sorted(account_ids)
    paths = sorted({path for tree in trees for path in paths_of(tree)})
    names = sorted({name for tree in trees for name in events_of(tree)})
    started = dict(AccountState.objects.filter(pk__in=ids).values_list("pk", "started_at"))
    changes, events, setting = load_changes(ids, paths, at), load_events(ids, names, at), load_setting()
    return {pk: AccountFacts(pk, started.get(pk), changes.get(pk, {}), tuple(events.get(pk, ())), setting=setting) for pk in ids}


def load_setting() -> Setting:
    installation = Installation.load()
    rates: dict[str, list[Any]] = {}
    for rate in ExchangeRate.objects.order_by("day"):
        rates.setdefault(rate.currency, []).append((rate.day, rate.rate))
    return Setting(installation.zone, installation.currency, {currency: tuple(found) for currency, found in rates.items()})


def load_changes(ids: list[int], paths: list[str], at: datetime) -> dict[int, dict[str, tuple[Change, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select account_id, path, new, occurred_at, known_at, key, id from customers_traitchange"
            " where account_id = any(%s) and contact_id = 0 and path = any(%s) and known_at <= %s",
            [ids, paths, at],
        )
        found: dict[int, dict[str, tuple[Change, ...]]] = {}
        for account_id, path, new, *rest in cursor.fetchall():
            places = found.setdefault(account_id, {})
            places[path] = (*places.get(path, ()), Change(load(new), *rest))
        return found


def load_events(ids: list[int], names: list[str], at: datetime) -> dict[int, list[EventFact]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select account_id, name, occurred_at, known_at, quantity, props, contact_id, attributed_at, id::text from customers_event"
            " where account_id = any(%s) and name = any(%s) and occurred_at <= %s and known_at <= %s",
            [ids, names, at, at],
        )
        found: dict[int, list[EventFact]] = {}
        for account_id, name, occurred, known, quantity, props, *rest in cursor.fetchall():
            found.setdefault(account_id, []).append(EventFact(name, occurred, known, quantity, load(props), *rest))
        return found
