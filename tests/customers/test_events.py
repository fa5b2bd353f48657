"""The door for events: recording once, counting, the timeline and the fact log."""

from datetime import timedelta

import pytest

from crm.models import Installation
from customers.attribution import move
from customers.events import Fact, record, record_batch
from customers.models import AccountState, ActivityDay, ContactDay, Event, EventType, FactLog, TimelineEntry
from tests.factories import NOW, instant, make_account, make_contact, make_source

pytestmark = pytest.mark.django_db


def test_an_event_is_recorded_once_by_its_key():
    account, source = make_account(), make_source()
    first = record(account=account, name="login", at=NOW, source=source, key="m1")
    assert first is not None
    assert record(account=account, name="login", at=NOW, source=source, key="m1") is None
    assert Event.objects.filter(account_id=account.pk).count() == 1
    assert ActivityDay.objects.get(account_id=account.pk, name="login").n == 1


def test_events_without_key_are_all_recorded():
    account = make_account()
    record(account=account, name="login", at=NOW)
    record(account=account, name="login", at=NOW)
    assert ActivityDay.objects.get(account_id=account.pk).n == 2


def test_days_are_local_days_of_the_installation():
    Installation.objects.update_or_create(pk=1, defaults={"zone": "Pacific/Kiritimati"})
    account = make_account()
    record(account=account, name="login", at=instant("2026-11-20T11:00"))
    assert str(ActivityDay.objects.get(account_id=account.pk).day) == "2026-11-21"


def test_a_day_keeps_count_total_extremes_last_and_people():
    account, source = make_account(), make_source()
    people = [make_contact(f"P{i}") for i in range(3)]
    facts = [
        Fact(account.pk, "api_call", NOW + timedelta(minutes=i), people[i % 3].pk, source.pk, f"k{i}", quantity=q)
        for i, q in enumerate([5, 1, 9, 4])
    ]
    record_batch(facts[:2], at=NOW)
    record_batch(facts[2:], at=NOW)
    day = ActivityDay.objects.get(account_id=account.pk)
    assert (day.n, day.total, day.min, day.max, day.last) == (4, 19, 1, 9, 4)
    assert sorted(day.contact_ids) == sorted(p.pk for p in people)
    assert ContactDay.objects.get(account_id=account.pk, contact_id=people[0].pk).events == 2


def test_catalogue_entries_stand_on_the_timeline_with_their_title_filled():
    EventType.objects.update_or_create(
        name="invoice.paid", defaults={"label": "Invoice paid", "timeline": "entry", "title": "Invoice {number} paid"}
    )
    account = make_account()
    event = record(account=account, name="invoice.paid", at=NOW, props={"number": "INV-1"})
    entry = TimelineEntry.objects.get(account_id=account.pk)
    assert (entry.title, entry.id) == ("Invoice INV-1 paid", event)


def test_unattributed_events_are_kept_but_not_counted():
    record(account=0, name="login", at=NOW)
    assert Event.objects.filter(account_id=0).count() == 1
    assert not ActivityDay.objects.exists()


def test_the_account_starts_at_its_earliest_event_unless_created_at_says_otherwise():
    source = make_source()
    plain, dated = make_account("Plain"), make_account("Dated", created_at="2024-01-01T00:00:00Z")
    for account in (plain, dated):
        record(account=account, name="login", at=instant("2023-05-01"), source=source, received_at=NOW)
    assert AccountState.objects.get(pk=plain.pk).started_at == instant("2023-05-01")
    assert AccountState.objects.get(pk=dated.pk).started_at == instant("2024-01-01")


def test_an_event_known_on_a_later_day_is_late_and_a_historical_one_is_not():
    account, source = make_account(), make_source()
    record(account=account, name="a", at=NOW - timedelta(days=3), source=source, received_at=NOW)
    record(account=account, name="b", at=NOW - timedelta(days=3), source=source, received_at=NOW, historical=True)
    assert list(Event.objects.filter(account_id=account.pk).order_by("name").values_list("late", flat=True)) == [True, False]


def test_the_fact_log_names_what_a_transaction_touched():
    account = make_account()
    record(account=account, name="login", at=NOW)
    row = FactLog.objects.filter(kind="events").latest("id")
    assert (row.account_ids, row.names, row.from_at) == ([account.pk], ["login"], NOW)
    assert row.xid > 0


def test_very_old_events_find_a_partition():
    account = make_account()
    record(account=account, name="login", at=instant("2001-02-03"))
    record(account=account, name="login", at=instant("2031-02-03"))
    assert Event.objects.filter(account_id=account.pk).count() == 2


def test_a_moved_event_keeps_id_and_known_at_and_counts_for_its_new_account():
    source, old, new = make_source(), make_account("Old"), make_account("New")
    event = record(account=old, name="login", at=NOW, source=source, key="m1")
    later = NOW + timedelta(days=2)
    assert move([(old.pk, NOW, event, new.pk, 0)], at=later) == 1
    moved = Event.objects.get(id=event)
    assert (moved.account_id, moved.known_at, moved.attributed_at, moved.late) == (new.pk, NOW, later, True)
    assert not ActivityDay.objects.filter(account_id=old.pk).exists()
    assert ActivityDay.objects.get(account_id=new.pk).n == 1
    assert FactLog.objects.latest("id").kind == "moved"


def test_recording_costs_the_same_number_of_statements_for_1_and_200(django_assert_num_queries):
    account, source = make_account(), make_source()
    record(account=account, name="warm", at=NOW, source=source)
    with django_assert_num_queries(12):
        record_batch([Fact(account.pk, "login", NOW, 0, source.pk, "one")], at=NOW)
    with django_assert_num_queries(12):
        record_batch([Fact(account.pk, "login", NOW, 0, source.pk, f"k{i}") for i in range(200)], at=NOW)
