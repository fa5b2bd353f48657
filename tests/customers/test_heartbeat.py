"""Feeds that live, go quiet and fall silent; and sources in the middle of sending."""

from datetime import timedelta

import pytest

from customers import heartbeat, sources
from customers.ingest import alarms, apply
from customers.models import SourceHour
from tests.customers.ingest.sending import message, send
from tests.factories import NOW, make_source

pytestmark = pytest.mark.django_db


def fill(source, per_hour, *, days=30, until=NOW, silent_hours=0):
    hours = [until - timedelta(hours=n + 1) for n in range(silent_hours, days * 24)]
    SourceHour.objects.bulk_create([SourceHour(source_id=source.pk, hour=h, items=per_hour) for h in hours])


@pytest.mark.parametrize(
    ("last_hour", "days", "per_hour", "state"),
    [
        (100, 30, 100, "live"),
        (49, 30, 100, "quiet"),
        (19, 30, 100, "silent"),
        (0, 13, 100, "live"),
        (0, 30, 9, "live"),
        (0, 15, 100, "silent"),
    ],
)
def test_a_feed_is_judged_against_the_same_hours_of_four_weeks(last_hour, days, per_hour, state):
    source = make_source()
    fill(source, per_hour, days=days, silent_hours=1)
    SourceHour.objects.create(source_id=source.pk, hour=NOW - timedelta(hours=1), items=last_hour)
    assert heartbeat.feed_states(NOW)[source.pk].state == state
    assert [f.source_id for f in heartbeat.silent_sources(NOW)] == ([source.pk] if state == "silent" else [])


def test_a_paused_feed_is_paused_and_a_feed_that_never_spoke_is_new():
    silent, new = make_source(), make_source()
    fill(silent, 100, silent_hours=5)
    sources.pause(silent)
    states = heartbeat.feed_states(NOW)
    assert (states[silent.pk].state, states[new.pk].state) == ("paused", "new")


def test_a_source_is_unquiet_while_something_waits_and_for_ten_seconds_after():
    source = make_source()
    send(source, message(), at=NOW)
    assert heartbeat.unquiet_sources(NOW + timedelta(seconds=20)) == [source.pk]
    apply.apply_pending(at=NOW)
    assert heartbeat.unquiet_sources(NOW + timedelta(seconds=9)) == [source.pk]
    assert heartbeat.is_quiet(NOW + timedelta(seconds=10))


def test_a_source_that_never_stops_sending_holds_up_for_sixty_seconds_only():
    source = make_source()
    for second in range(0, 90, 5):
        send(source, message(key=f"m{second}"), at=NOW + timedelta(seconds=second))
    apply.apply_pending(at=NOW)
    assert heartbeat.unquiet_sources(NOW + timedelta(seconds=59)) == [source.pk]
    assert heartbeat.is_quiet(NOW + timedelta(seconds=85))


def test_an_hour_with_many_bad_items_raises_an_alarm():
    source = make_source()
    SourceHour.objects.create(source_id=source.pk, hour=NOW, items=1000, quarantined=20)
    assert [(a.source, a.quarantined) for a in heartbeat.alarms(NOW)] == [(source, 20)]
    SourceHour.objects.update(quarantined=19)
    assert heartbeat.alarms(NOW) == []


def test_the_owner_of_an_alarming_source_is_told_once_an_hour(ada, mailoutbox):
    source = make_source("App", owner=ada)
    SourceHour.objects.create(source_id=source.pk, hour=NOW, items=100, quarantined=50)
    assert [alarms.tell_owners(at=NOW + timedelta(minutes=n)) for n in range(3)] == [1, 0, 0]
    assert (mailoutbox[0].to, mailoutbox[0].subject) == ([ada.email], "App: 50 of 100 items in quarantine")


def test_the_owner_of_a_silent_source_is_told_once(ada, mailoutbox):
    fill(make_source("App", owner=ada, last_message_at=NOW - timedelta(hours=1)), 100, silent_hours=1)
    assert [alarms.tell_owners(at=NOW + timedelta(minutes=n)) for n in range(3)] == [1, 0, 0]
    assert alarms.tell_owners(at=NOW + timedelta(hours=2)) == 0
    assert (mailoutbox[0].to, mailoutbox[0].subject) == ([ada.email], "App is silent")
    assert "0 items in the hours judged, 100 are normal" in mailoutbox[0].body


def test_the_source_list_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    for _ in range(5):
        send(make_source(), message(), at=NOW)
    with django_assert_num_queries(5):
        rows = sources.listing(NOW)
    assert [r.waiting for r in rows] == [1] * 5
    assert len(rows[0].hours) == 24


def test_a_source_remembers_the_event_names_that_it_sends():
    source = make_source()
    send(source, message(), message("identify", key="m-2"), at=NOW)
    apply.apply_pending(at=NOW)
    send(source, message(key="m-3", event="Login"), message(key="m-4"), at=NOW)
    apply.apply_pending(at=NOW)
    source.refresh_from_db()
    assert source.names == ["Report Opened", "Login"]


def speaking(*names, per_hour=100, silent_hours=0):
    source = make_source(names=list(names))
    fill(source, per_hour, silent_hours=silent_hours)
    return source


def test_what_a_silent_feed_alone_sends_is_stale():
    speaking("login", "export", silent_hours=1)
    assert heartbeat.stale_events(NOW) == {"login", "export"}
    assert heartbeat.stale_events(NOW - timedelta(hours=1)) == frozenset()
    speaking("login")
    assert heartbeat.stale_events(NOW) == {"export"}


def test_a_silent_feed_that_is_paused_goes_on_holding_and_one_switched_off_does_not():
    source = speaking("login", silent_hours=1)
    sources.pause(source)
    assert heartbeat.stale_events(NOW) == {"login"}
    sources.switch_off(source)
    assert heartbeat.stale_events(NOW) == frozenset()


def test_a_feed_that_fell_silent_by_day_is_silent_by_night_too_until_it_speaks_again():
    source = make_source(names=["login"])
    day = NOW.replace(hour=0)
    hours = [day - timedelta(days=n) + timedelta(hours=h) for n in range(30) for h in range(8, 18)]
    SourceHour.objects.bulk_create(SourceHour(source_id=source.pk, hour=h, items=100) for h in hours if h < day + timedelta(hours=14))
    assert heartbeat.stale_events(day + timedelta(hours=14, minutes=5)) == frozenset()
    assert heartbeat.stale_events(day + timedelta(hours=15, minutes=5)) == {"login"}
    night = day + timedelta(days=1, minutes=10)
    assert heartbeat.stale_events(night) == {"login"}
    SourceHour.objects.create(source_id=source.pk, hour=night.replace(minute=0), items=40)
    assert heartbeat.stale_events(night + timedelta(hours=1)) == frozenset()


def test_a_feed_that_delivers_once_a_day_is_not_silent_in_between():
    source = make_source(names=["login"])
    evenings = [NOW.replace(hour=20) - timedelta(days=n) for n in range(1, 40)]
    SourceHour.objects.bulk_create([SourceHour(source_id=source.pk, hour=h, items=600) for h in evenings])
    assert heartbeat.stale_events(NOW.replace(hour=20)) == frozenset()
    assert heartbeat.stale_events(NOW.replace(hour=23)) == frozenset()


def test_asking_what_is_stale_costs_one_query(django_assert_num_queries):
    for _ in range(3):
        speaking("login", silent_hours=1)
    with django_assert_num_queries(1):
        assert heartbeat.stale_events(NOW) == {"login"}
