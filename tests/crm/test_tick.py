import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_q.models import Schedule

from crm import schedules
from crm.lib import clock
from crm.models import Heartbeat, Installation, Job
from customers import inbox
from customers.models import Cursor, Delivery, FactLog, SourceHour, Task
from tests.customers.ingest.sending import message, send
from tests.factories import make_account, make_source

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = ("deliveries", "alarms", "billing", "health", "tasks", "playbooks", "retention")


@pytest.fixture
def called(monkeypatch):
    """Replaces what the apps do by a list of what was asked for: the order and the rules of time are what is tested here."""
    calls = []
    for name in schedules.PARTS:
        monkeypatch.setitem(schedules.PARTS, name, lambda *, at, seconds, name=name: calls.append((name, at)) or {"done": 2, "failed": 0})
    return calls


@pytest.mark.django_db
class TestTick:
    def test_performs_every_part_in_order(self, called):
        done = schedules.tick(at=NOON)
        assert called == [(name, NOON) for name in ALL]
        assert str(done) == "; ".join(f"{name}: 2 done" for name in ALL)

    def test_keeps_the_last_instant_and_a_heartbeat(self, called):
        schedules.tick(at=NOON)
        assert Installation.load().last_tick_at == NOON
        assert Heartbeat.objects.get(part="tick").detail["billing"]["done"] == 2

    def test_at_an_earlier_instant_only_applies_deliveries(self, called):
        schedules.tick(at=NOON)
        called.clear()
        schedules.tick(at=NOON - timedelta(hours=1))
        assert called == [("deliveries", NOON - timedelta(hours=1))]
        assert Installation.load().last_tick_at == NOON

    def test_begins_no_further_part_when_its_time_is_over(self, called):
        assert schedules.tick(at=NOON, seconds=-1).counts == {}
        assert called == []

    def test_costs_a_handful_of_queries(self, called, django_assert_max_num_queries):
        Installation.load()
        with django_assert_max_num_queries(6):
            schedules.tick(at=NOON)

    def test_command_prints_one_line_of_counts(self, called, capsys):
        call_command("tick", at=NOON)
        assert capsys.readouterr().out == f"2026-03-01T12:00:00+00:00 {'; '.join(f'{name}: 2 done' for name in ALL)}\n"

    def test_command_reads_instants_and_refuses_what_is_none(self, called, capsys):
        call_command("tick", "--at", "2026-03-01T13:00:00+01:00")
        assert called[0] == ("deliveries", NOON)
        with pytest.raises(CommandError, match="no ISO 8601 instant"):
            call_command("tick", "--at", "tomorrow")

    def test_command_waits_for_a_demo_that_is_told_and_gives_up_on_one_that_stands_still(self, called, monkeypatch):
        Installation.objects.filter(pk=Installation.load().pk).update(demo={"state": "filling"})
        monkeypatch.setattr("crm.management.commands.tick.STUCK_SECONDS", 1)
        with pytest.raises(CommandError, match="half told"):
            call_command("tick")
        schedules.minute()
        assert called == []
        assert Heartbeat.objects.filter(part="worker").exists()

    def test_installing_twice_leaves_one_schedule(self):
        Schedule.objects.create(func="nobody.knows", minutes=0)
        schedules.install(at=NOON)
        schedules.install(at=NOON)
        assert [row.func for row in Schedule.objects.all()] == ["crm.schedules.minute"]


@pytest.mark.django_db
class TestHalfABatch:
    """The minute's tick judges nobody while a source is in the middle of sending, and never holds back twice in a row."""

    def names(self, called):
        found = [name for name, _ in called]
        called.clear()
        return found

    def test_the_minute_waits_with_judging_once(self, called):
        send(make_source(), message(), at=clock.now())
        schedules.minute()
        assert self.names(called) == [name for name in ALL if name not in ("health", "playbooks")]
        schedules.minute()
        assert self.names(called) == list(ALL)

    def test_a_quiet_minute_judges(self, called):
        send(make_source(), message(), at=clock.now() - timedelta(minutes=2))
        schedules.minute()
        assert self.names(called) == list(ALL)

    def test_a_tick_by_hand_judges_at_once(self, called):
        send(make_source(), message(), at=NOON)
        schedules.tick(at=NOON)
        assert self.names(called) == list(ALL)


@pytest.mark.django_db
def test_snoozed_tasks_come_back_by_the_tick(ada):
    task = inbox.create_task(account=make_account("Acme", at=NOON - timedelta(days=9)), title="Call", assignee=ada, at=NOON)
    inbox.snooze(task, until=NOON + timedelta(days=2), reason="away", by=ada, at=NOON)
    schedules.tick(at=NOON + timedelta(days=1))
    assert Task.objects.get().status == "snoozed"
    assert schedules.tick(at=NOON + timedelta(days=2)).counts["tasks"] == {"woken": 1}
    assert Task.objects.get().status == "open"


@pytest.mark.django_db
def test_owners_of_alarming_sources_are_told_by_the_tick(ada, mailoutbox):
    SourceHour.objects.create(source_id=make_source("App", owner=ada).pk, hour=NOON, items=100, quarantined=50)
    assert schedules.tick(at=NOON).counts["alarms"] == {"mails": 1}
    assert [mail.to for mail in mailoutbox] == [[ada.email]]


@pytest.mark.django_db(transaction=True)
def test_what_is_old_is_forgotten_once_a_day_but_never_what_somebody_has_yet_to_read():
    FactLog.objects.create(at=NOON - timedelta(days=40), xid=5)
    unread = FactLog.objects.create(at=NOON - timedelta(days=40), xid=7)
    Cursor.objects.create(consumer="health", xid=6)
    Cursor.objects.create(consumer="playbooks", xid=9)
    source = make_source()
    for n in (200, 100):
        send(source, message(key=str(n)), at=NOON - timedelta(days=n))
    Delivery.objects.update(state="applied")
    forget(at=NOON)
    assert list(FactLog.objects.filter(xid__lt=9).values_list("pk", flat=True)) == [unread.pk]
    assert [d.body is None for d in Delivery.objects.order_by("received_at")] == [True, False]
    unread.delete()
    FactLog.objects.create(at=NOON - timedelta(days=40), xid=1)
    assert forget(at=NOON + timedelta(hours=11)) == {}
    assert forget(at=NOON + timedelta(hours=13)) == {"forgotten": 1}


def forget(*, at):
    return schedules.retention(at=at, seconds=60)


@pytest.mark.django_db
def test_nothing_due_is_nothing_done_in_a_few_milliseconds():
    """What the apps really do, on an empty installation."""
    schedules.tick(at=NOON)
    began = time.perf_counter()
    done = schedules.tick(at=NOON + timedelta(seconds=1))
    assert str(done) == "; ".join(f"{name}: nothing" for name in ALL)
    assert time.perf_counter() - began < 0.2


@pytest.mark.django_db(transaction=True)
def test_a_part_that_fails_is_reported_and_stops_no_other(called, monkeypatch):
    def broken(*, at: datetime, seconds: float) -> int:
        raise ValueError("no such month")

    monkeypatch.setitem(schedules.PARTS, "billing", broken)
    with pytest.raises(CommandError, match="billing: ValueError: no such month"):
        call_command("tick", at=NOON)
    assert [name for name, _ in called] == [name for name in ALL if name != "billing"]
    assert Job.objects.get().kind == "tick:billing"


@pytest.mark.django_db(transaction=True)
def test_a_second_tick_waits_for_the_first_and_the_scheduler_does_not(called):
    def second() -> None:
        schedules.tick(at=NOON)
        connection.close()

    with schedules.only_one(wait=True):
        thread = threading.Thread(target=second)
        thread.start()
        try_now = threading.Thread(target=lambda: (answers.append(schedules.tick(at=NOON, wait=False)), connection.close()))
        answers: list[schedules.Ticked] = []
        try_now.start()
        try_now.join(10)
        assert not answers[0].ran
        assert called == []
    thread.join(10)
    assert len(called) == len(ALL)
