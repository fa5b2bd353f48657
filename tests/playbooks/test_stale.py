"""An account that stops is not the same as a feed that stops: while a feed is silent, what reads "activity fell" neither starts nor clears."""

from datetime import date, timedelta

import pytest

from customers.models import Source, SourceHour, Task
from playbooks.explain import as_json, explain
from playbooks.models import TriggerState
from tests.factories import make_account, make_source
from tests.playbooks.test_runner import NOW, ten_logins_then_two
from tests.playbooks.world import days, happen, instant, run_due, tick_daily, turn_on

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = instant("2026-01-01T00:00:00")


@pytest.fixture
def product(db):
    return make_source("Product", names=["login"], last_message_at=NOW - timedelta(hours=1))


def speak(source: Source, *, until, since=NOW - timedelta(days=30), items=100) -> None:
    hours = int((until - since) / timedelta(hours=1))
    rows = [SourceHour(source_id=source.pk, hour=since + timedelta(hours=n), items=items) for n in range(hours)]
    SourceHour.objects.bulk_create(rows, ignore_conflicts=True)


def test_while_its_feed_is_silent_a_drop_starts_nothing_and_after_catch_up_it_does(product):
    playbook = turn_on("login-drop-save", LONG_AGO)
    acme = make_account("Acme", at=NOW)
    ten_logins_then_two(acme, NOW)
    speak(product, until=NOW - timedelta(hours=1))
    run_due(at=NOW)
    answer = explain(playbook, acme, NOW)
    assert not Task.objects.exists()
    assert (answer.reason, as_json(answer)["feed"]) == ("feed_stale", "Product")
    assert answer.sentence.startswith("Did not start on 20 November 2026: its feed Product is silent since 20 November 2026 05:00")
    speak(product, until=NOW + timedelta(days=1), since=NOW)
    tick_daily("2026-11-21", "2026-11-21")
    assert Task.objects.count() == 1


def test_a_silent_feed_does_not_clear_what_had_started(product):
    turn_on("login-drop-save", LONG_AGO)
    acme = make_account("Acme", at=NOW)
    ten_logins_then_two(acme, NOW)
    speak(product, until=NOW)
    run_due(at=NOW)
    tick_daily("2026-11-21", "2026-12-20")
    assert Task.objects.count() == 1
    assert TriggerState.objects.get().truth is True


def test_a_playbook_turned_on_while_the_feed_is_silent_does_not_take_the_silence_for_a_fall(product):
    acme = make_account("Acme", at=NOW - timedelta(days=90))
    happen(acme, "login", *days(date(2026, 10, 10), 10), at=instant("2026-10-25T00:00:00"))
    speak(product, until=NOW - timedelta(hours=1))
    playbook = turn_on("login-drop-save", NOW)
    assert list(TriggerState.objects.filter(playbook=playbook).values_list("truth", flat=True)) == [None]


def test_another_feed_that_sends_the_same_lets_it_be_judged(product):
    turn_on("login-drop-save", LONG_AGO)
    ten_logins_then_two(make_account("Acme", at=NOW), NOW)
    speak(product, until=NOW - timedelta(hours=1))
    speak(make_source("App", names=["login"]), until=NOW)
    run_due(at=NOW)
    assert Task.objects.count() == 1


def test_a_tick_with_nothing_to_do_asks_once_whether_feeds_are_silent(product, django_assert_max_num_queries):
    turn_on("login-drop-save", LONG_AGO)
    run_due(at=NOW)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        run_due(at=NOW)
    assert len([q for q in seen.captured_queries if "sourcehour" in q["sql"]]) == 1
