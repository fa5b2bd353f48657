"""The door for traits: values, history, types, ownership, and independence of the order of arrival."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.conditions.evaluate import evaluate
from customers.conditions.load import load_facts
from customers.conditions.parse import parse
from customers.conditions.to_sql import Compiler
from customers.models import Account, AccountState, Trait, TraitChange, TraitType
from customers.traits import TraitFact, set_traits, set_traits_batch
from tests.factories import NOW, instant, make_account, make_source

pytestmark = pytest.mark.django_db


def history(account, path):
    rows = TraitChange.objects.filter(account_id=account.pk, path=path).order_by("occurred_at", "key", "id")
    return [(r.occurred_at.day, r.new) for r in rows]


def test_a_value_is_written_only_when_it_changed():
    account = make_account()
    assert set_traits(account, {"industry": "ship"}, at=NOW) == 1
    assert set_traits(account, {"industry": "ship"}, at=NOW + timedelta(days=1)) == 0
    assert len(history(account, "industry")) == 1


def test_none_removes_with_history():
    account = make_account()
    set_traits(account, {"industry": "ship"}, at=NOW)
    set_traits(account, {"industry": None}, at=NOW + timedelta(days=1))
    assert Trait.objects.get(account_id=account.pk, path="industry").value is None
    assert [new for _, new in history(account, "industry")] == ["ship", None]


def test_an_older_statement_goes_into_history_at_its_place():
    account = make_account()
    set_traits(account, {"tier": "new"}, at=NOW)
    set_traits(account, {"tier": "old"}, at=NOW - timedelta(days=5))
    assert Trait.objects.get(account_id=account.pk, path="tier").value == "new"
    assert history(account, "tier") == [(15, "old"), (20, "new")]


def test_the_order_of_arrival_does_not_matter():
    days = [(1, "a"), (2, "b"), (3, "b"), (4, "a")]
    seen = set()
    for n, order in enumerate(permutations(days)):
        account = make_account(f"Account {n}")
        for day, value in order:
            set_traits_batch([TraitFact(account.pk, "tier", value, instant(f"2026-01-0{day}"), key=str(day))], at=NOW)
        as_of = tuple(value_at(account, day) for day in (1, 2, 3, 4))
        seen.add((as_of, Trait.objects.get(account_id=account.pk, path="tier").value))
    assert seen == {(("a", "b", "b", "a"), "a")}


def stated(order):
    """The account after these statements (day, value), received an hour apart in this order from 10 January on."""
    account = make_account()
    for n, (day, value) in enumerate(order):
        received = instant(f"2026-01-10T{n:02}:00")
        set_traits_batch(
            [TraitFact(account.pk, "tier", value, instant(f"2026-01-{day:02}"), key=str(day), received_at=received)], at=received
        )
    return account


def test_since_when_it_holds_does_not_depend_on_the_order_of_arrival():
    for order in permutations([(1, "a"), (2, "b"), (3, "b"), (4, "b")]):
        trait = Trait.objects.get(account_id=stated(order).pk, path="tier")
        assert (order, trait.value, trait.occurred_at, trait.confirmed_at) == (order, "b", instant("2026-01-02"), instant("2026-01-04"))


def test_a_value_that_was_left_in_between_holds_since_it_came_back():
    for order in permutations([(1, "b"), (2, "a"), (3, "b")]):
        assert Trait.objects.get(account_id=stated(order).pk, path="tier").occurred_at == instant("2026-01-03")


def test_what_was_known_at_an_instant_does_not_change_when_an_older_statement_comes():
    tree = parse({"field": "tier", "eq": "b"})
    for order in permutations([(2, "b"), (4, "b"), (3, "a"), (1, "a")]):
        account = stated(order)
        for received in range(4):
            at = instant(f"2026-01-10T{received:02}:30")
            expected = max(order[: received + 1])[1] == "b"
            assert evaluate(tree, load_facts([account.pk], [tree], at)[account.pk], at).truth is expected
            assert in_sql(tree, account, at) is expected


def in_sql(tree, account, at):
    compiler = Compiler(at=at, zone="UTC")
    truth = compiler.condition(tree)
    with connection.cursor() as cursor:
        cursor.execute(f"select {truth} from {compiler.from_sql([account.pk])}", dict(compiler.params))
        return cursor.fetchone()[0]


def test_of_a_value_stated_again_and_again_only_the_first_and_the_last_time_are_remembered():
    """So a different value that comes late holds up to the last of them, not to the next."""
    account = stated([(1, "b"), (3, "b"), (5, "b"), (2, "a")])
    assert history(account, "tier") == [(1, "b"), (2, "a"), (5, "b")]


def value_at(account, day):
    changes = TraitChange.objects.filter(account_id=account.pk, path="tier", occurred_at__lte=instant(f"2026-01-0{day}"))
    return changes.order_by("-occurred_at", "-key", "-id").first().new


def test_equal_times_are_decided_by_the_greater_key():
    account = make_account()
    for key, value in (("b", 2), ("a", 1)):
        set_traits_batch([TraitFact(account.pk, "tier", value, NOW, key=key)], at=NOW)
    assert Trait.objects.get(account_id=account.pk, path="tier").value == 2


def test_the_first_writer_fixes_the_type_and_another_is_kept_and_flagged():
    account = make_account()
    set_traits(account, {"size": 10}, at=NOW)
    set_traits(account, {"size": "many"}, at=NOW + timedelta(days=1))
    assert TraitType.objects.get(path="size", subject="account").type == "number"
    assert Trait.objects.get(account_id=account.pk, path="size").value == "many"
    assert TraitChange.objects.get(account_id=account.pk, new="many").flags == ["other_type"]


def test_a_source_cannot_set_what_billing_owns():
    account, source = make_account(), make_source(key="web")
    set_traits(account, {"arr": 1_000_000}, at=NOW, source=source)
    assert not Trait.objects.filter(account_id=account.pk, path="arr").exists()
    kept = TraitChange.objects.get(account_id=account.pk, path="web.arr")
    assert (kept.new, kept.flags) == (1_000_000, ["owned_path"])


def test_columns_follow_their_traits(ada):
    account = make_account()
    set_traits(account, {"name": "Ærø Ship", "owner": ada.pk}, at=NOW + timedelta(days=1))
    set_traits(account, {"mrr": {"minor": 1000, "currency": "USD"}, "arr": {"minor": 12000, "currency": "USD"}}, at=NOW, writer="billing")
    row, state = Account.objects.get(pk=account.pk), AccountState.objects.get(pk=account.pk)
    assert (row.name, row.folded, row.owner) == ("Ærø Ship", "aero ship", ada)
    assert (state.mrr_minor, state.arr_minor, state.arr_base_minor, state.currency) == (1000, 12000, 12000, "USD")


def test_a_batch_costs_the_same_for_1_and_100(django_assert_num_queries):
    account = make_account()
    set_traits_batch([TraitFact(account.pk, f"p{i}", 1, NOW) for i in range(101)], at=NOW)
    with django_assert_num_queries(7):
        set_traits_batch([TraitFact(account.pk, "p0", 2, NOW + timedelta(days=1))], at=NOW)
    with django_assert_num_queries(7):
        set_traits_batch([TraitFact(account.pk, f"p{i}", 2, NOW + timedelta(days=1)) for i in range(1, 101)], at=NOW)


def test_columns_of_the_same_account_are_written_together(ada):
    account = make_account("Old")
    with CaptureQueriesContext(connection) as queries:
        set_traits(account, {"name": "New", "domain": "new.example", "owner": ada.pk, "stage": "live"}, at=NOW + timedelta(days=1))
    assert sum(query["sql"].startswith("update customers_account ") for query in queries) == 1
    row = Account.objects.get(pk=account.pk)
    assert (row.name, row.folded, row.domain, row.owner, row.stage) == ("New", "new", "new.example", ada, "live")
