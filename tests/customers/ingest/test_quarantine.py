"""Quarantine: groups, replay as a job, discarding; paused sources; history."""

from datetime import timedelta

import pytest

from crm.lib.refused import Refused
from crm.models import Job
from customers import sources
from customers.ingest import apply, quarantine, retention
from customers.models import Delivery, Event, QuarantinedItem, Source, SourceHour
from tests.customers.ingest.sending import message, send, settled
from tests.factories import NOW, make_source

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def large(key: str = "big") -> dict[str, object]:
    return message(key=key, properties={"text": "x" * 40_000})


def rerun(**chosen: object) -> Job:
    job = quarantine.replay(at=LATER, **chosen)
    quarantine.run_replay(job, at=LATER)
    job.refresh_from_db()
    return job


def test_open_items_are_grouped_by_source_and_reason():
    source, other = make_source("App"), make_source("Site")
    settled(source, large("a"), large("b"), message(key="c", event=""))
    settled(other, message(event=""))
    groups = {(g.source_name, g.reason): g.n for g in quarantine.groups()}
    assert groups == {("App", "item_too_large"): 2, ("App", "bad_field"): 1, ("Site", "bad_field"): 1}
    assert all(g.meaning and g.remedy for g in quarantine.groups())


def test_raising_the_limit_and_replaying_applies_what_was_too_large_with_its_own_time():
    source = make_source()
    delivery = settled(source, large(), message(key="small"))
    Source.objects.update(item_bytes=100_000)
    job = rerun(source=source, reason="item_too_large")
    delivery.refresh_from_db()
    assert (job.state, job.done, job.total, job.detail["applied"]) == ("done", 1, 1, 1)
    assert (delivery.state, delivery.applied, delivery.repeated, delivery.quarantined) == ("applied", 2, 0, 0)
    assert {e.received_at for e in Event.objects.all()} == {delivery.received_at}
    assert QuarantinedItem.objects.get().state == "replayed"


def test_replaying_what_was_applied_changes_nothing():
    source = make_source()
    delivery = settled(source, message(), message(key="b"))
    hours, before = list(SourceHour.objects.values()), list(Event.objects.order_by("id").values())
    rerun(delivery_ids=[delivery.pk])
    delivery.refresh_from_db()
    source.refresh_from_db()
    assert list(Event.objects.order_by("id").values()) == before
    assert list(SourceHour.objects.values()) == hours
    assert (delivery.state, delivery.applied, delivery.repeated, source.repeats) == ("applied", 2, 0, 0)


def test_an_item_that_is_still_bad_stays_in_quarantine_once():
    settled(make_source(), message(event=""))
    item = QuarantinedItem.objects.get()
    rerun(item_ids=[item.pk])
    assert QuarantinedItem.objects.get().state == "open"


def test_discarding_needs_a_reason_stays_listed_and_is_not_undone_by_a_replay():
    source = make_source()
    delivery = settled(source, large(), message(key="b"))
    with pytest.raises(Refused):
        quarantine.discard(quarantine.items(), note=" ", at=LATER)
    assert quarantine.discard(quarantine.items(source=source), note="a test of ours", at=LATER) == 1
    assert quarantine.groups() == []
    Source.objects.update(item_bytes=100_000)
    rerun(delivery_ids=[delivery.pk])
    assert Event.objects.count() == 1
    assert QuarantinedItem.objects.get().note == "a test of ours"


def test_a_replay_of_what_is_gone_or_too_old_is_refused():
    delivery = settled(make_source(), message(event=""))
    Delivery.objects.update(body=None)
    with pytest.raises(quarantine.TooOld):
        quarantine.replay(delivery_ids=[delivery.pk], at=LATER)


def test_a_replay_that_was_killed_goes_on_where_it_stopped():
    source = make_source()
    made = [settled(source, large(f"m{n}")) for n in range(3)]
    Source.objects.update(item_bytes=100_000)
    job = quarantine.replay(at=LATER)
    Job.objects.filter(pk=job.pk).update(done=2, state="running")
    job.refresh_from_db()
    quarantine.run_replay(job, at=LATER)
    assert [Delivery.objects.get(pk=d.pk).state for d in made] == ["quarantined", "quarantined", "applied"]


def test_a_paused_source_stores_and_applies_after_it_is_resumed():
    source = make_source()
    sources.pause(source)
    assert settled(source, message()).state == "received"
    sources.resume(source)
    apply.apply_pending(at=NOW)
    assert Event.objects.count() == 1


def test_an_empty_batch_is_ignored_with_a_reason():
    delivery = settled(make_source())
    assert (delivery.state, delivery.reason, delivery.items) == ("ignored", "empty", 0)


def test_a_source_set_to_history_knows_everything_when_it_happened():
    settled(make_source(history=True), message())
    event = Event.objects.get()
    assert (event.known_at, event.historical) == (event.occurred_at, True)


def test_the_source_keeps_its_volume_lag_and_last_message():
    source = make_source()
    settled(source, message(), message(key="b", event=""), at=NOW + timedelta(minutes=5))
    source.refresh_from_db()
    hour = SourceHour.objects.get()
    assert (hour.items, hour.quarantined) == (2, 1)
    assert (source.last_message_at, source.lag_seconds) == (NOW + timedelta(minutes=5), 300)


def test_a_public_write_key_cannot_set_what_people_or_billing_own():
    source = make_source()
    settled(
        source, message("group", groupId="g", traits={"owner": 1, "stage": "won", "arr": {"minor": 1, "currency": "USD"}, "plan": "pro"})
    )
    from customers.models import Account, Trait

    paths = set(Trait.objects.exclude(path="lifecycle").values_list("path", flat=True))
    assert paths == {f"{source.key}.{p}" for p in ("owner", "stage", "arr", "plan")}
    assert (Account.objects.get().owner_id, Account.objects.get().stage) == (None, "")


def test_the_wall_clock_plays_no_part_in_what_is_written():
    past = NOW.replace(year=2025)
    delivery = settled(make_source(), message(at=past), at=past + timedelta(seconds=1))
    event = Event.objects.get()
    assert event.received_at == event.known_at == delivery.received_at == past + timedelta(seconds=1)
    assert send(delivery.source, message(key="b"), at=past).received_at == past


def test_old_bodies_are_forgotten_but_not_those_that_wait():
    source = make_source()
    done, waiting = settled(source, message()), send(source, message(key="b"))
    assert retention.prune(at=NOW + timedelta(days=179)) == 0
    assert retention.prune(at=NOW + timedelta(days=181)) == 1
    assert Delivery.objects.get(pk=done.pk).body is None
    assert Delivery.objects.get(pk=waiting.pk).body is not None
