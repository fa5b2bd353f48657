"""The demo: the same story for the same seed, played through the public doors, resumable, with health, tasks and invoices from the engine."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.models import Invoice
from crm.demo import cast, fill, story
from crm.models import Installation
from customers import heartbeat, sources
from customers.models import Account, Delivery, Event, QuarantinedItem, Score, Source, SourceHour
from playbooks.versions import install_library

UNTIL = datetime(2026, 11, 22, 18, tzinfo=UTC)


def messages(n: int, seed: int = 7) -> list[dict]:
    companies = cast.companies(seed)
    day = story.Day(n, cast.first_day(UNTIL.date()) + timedelta(days=n), seed)
    return story.product_messages(companies, day) + story.status_messages(companies, day)


def test_the_same_seed_tells_the_same_story_and_another_another():
    assert cast.companies(7) == cast.companies(7)
    assert messages(200) == messages(200)
    assert messages(200) != messages(200, seed=8)


def test_there_are_at_least_200_companies_with_different_names_and_at_most_150_000_messages():
    companies = cast.companies(7)
    assert len({c.name for c in companies}) == len(companies) >= 200
    sample = sum(len(messages(n)) for n in range(0, cast.DAYS, 13)) / len(range(0, cast.DAYS, 13))
    assert 100_000 < sample * cast.DAYS < 150_000


def test_who_leaves_comes_less_before():
    leavers = [c for c in cast.companies(7) if c.temper == "fading" and c.leaves and c.leaves < cast.DAYS]
    assert leavers
    assert all(story.phase(c, c.leaves - 5) < 0.3 < story.phase(c, c.fades - 1) for c in leavers)


def test_one_delivery_an_evening_is_never_taken_for_a_silent_feed(db):
    source = sources.create_source("Product", at=UNTIL)
    Source.objects.update(names=["login"])
    evenings = [datetime.combine(UNTIL.date() - timedelta(days=n), fill.EVENING, UTC) for n in range(60)]
    SourceHour.objects.bulk_create(SourceHour(source_id=source.pk, hour=evening, items=600) for evening in evenings[1:])
    for hours in range(24):
        assert heartbeat.stale_events(evenings[0] + timedelta(hours=hours)) == frozenset()


@pytest.fixture
def stage(db):
    from customers import catalogue, scorecards

    catalogue.install()
    scorecards.install_default(at=UNTIL)
    install_library(at=UNTIL)
    fill.prepare(seed=7, at=UNTIL)
    return fill.set_stage()


def days(stage, first, last):
    start = date.fromisoformat(Installation.load().demo["first"])
    for n in range(first, last):
        fill.play(stage, story.Day(n, start.fromordinal(start.toordinal() + n), 7), UNTIL)


def test_days_pass_through_the_doors_and_the_engine_answers(stage):
    days(stage, 0, 3)
    assert Account.objects.count() >= cast.FOUNDERS
    assert not Delivery.objects.exclude(state="applied").exists()
    assert not QuarantinedItem.objects.exists()
    assert Invoice.objects.filter(status__in=["open", "paid"]).count() >= cast.FOUNDERS
    assert Score.objects.count() >= 2 * cast.FOUNDERS
    assert Installation.load().demo["n"] == 3


def test_a_day_that_was_cut_off_is_played_again_without_doubling_anything(stage):
    days(stage, 0, 2)
    before = Event.objects.filter(source_id__gt=0).count(), Invoice.objects.count()
    days(stage, 1, 2)
    assert (Event.objects.filter(source_id__gt=0).count(), Invoice.objects.count()) == before


def test_preparing_twice_changes_nothing(stage):
    fill.prepare(seed=9, at=UNTIL)
    assert Installation.load().demo["seed"] == 7
