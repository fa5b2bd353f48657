"""Scores of all accounts: ten logins and then two, history and change, who is told, and what is scored when."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers import health, scorecards
from customers.events import Fact, record_batch
from customers.models import AccountState, Event, Score, SourceHour, TimelineEntry, Trait
from customers.traits import set_traits
from tests.factories import NOW, make_account, make_source

START = NOW - timedelta(days=60)


def log_in(account, days_ago, *, source=1, at=None):
    """One login on each of these days before NOW; received as they happen, or all `at` one instant."""
    for n in days_ago:
        then = NOW - timedelta(days=n)
        record_batch([Fact(account.pk, "login", then, source_id=source)], at=at or then)


def fading(name="Acme", **received):
    """Ten logins in the first thirty days, two in the next."""
    account = make_account(name, at=START)
    log_in(account, [58, 55, 52, 49, 46, 43, 40, 37, 34, 31, 20, 8], source=make_source().pk, **received)
    return account


@pytest.fixture
def card(db):
    return scorecards.install_default(at=START)


def scored(account, at=NOW) -> AccountState:
    health.score_all(at=at)
    return AccountState.objects.get(pk=account.pk)


def test_ten_logins_and_then_two_bring_the_score_down_with_the_reason_on_top(card):
    account = fading()
    before = scored(account, NOW - timedelta(days=30))
    after = scored(account)
    assert (before.band, after.band) == ("good", "risk")
    assert before.score - after.score >= 50
    assert (after.top_reason, after.score_change, after.coverage) == ("logins −80 %", after.score - before.score, "2/8")


def test_a_fall_is_an_entry_on_the_timeline_and_a_trait(card):
    account = fading()
    before = scored(account, NOW - timedelta(days=30))
    after = scored(account)
    event = Event.objects.get(name="health.band_changed")
    assert (event.props["from_score"], event.props["score"], event.props["band"]) == (before.score, after.score, "risk")
    assert sum(part["points"] for part in event.props["parts"]) == after.score - before.score
    entry = TimelineEntry.objects.get(account_id=account.pk, name="health.band_changed")
    assert (entry.title, entry.tone) == (f"Health {before.score} → {after.score}", "bad")
    assert entry.body.startswith("Good → Risk · ")
    traits = dict(Trait.objects.filter(account_id=account.pk, path__startswith="health").values_list("path", "value"))
    assert (traits["health"], traits["health_score"]) == ("risk", after.score)
    assert traits["health_drivers"].startswith("logins −80 %")


def test_points_add_up_and_so_does_their_change(card):
    account = fading()
    scored(account, NOW - timedelta(days=30))
    scored(account)
    for row in Score.objects.filter(account_id=account.pk):
        assert sum(f["points"] for f in row.points.values()) == row.score
        assert sum(f["possible"] for f in row.points.values()) == 100
    why = health.why(account, at=NOW)
    assert sum(part.points for part in why.change.parts) == why.change.points == why.score - why.change.from_score
    assert sum(f.points for f in why.factors) == why.score


def test_why_says_what_costs_most_what_is_unknown_and_how_old_it_is(card):
    account = fading()
    scored(account)
    why = health.why(account, at=NOW)
    assert (why.coverage, why.oldest_days, why.version.n) == ("2 of 8", 8, 1)
    first = why.factors[0]
    assert (first.key, first.text, first.points, first.share, first.target) == ("login-trend", "logins −80 %", 0, 0, 0)
    unknown = {f.key: f.cause for f in why.factors if not f.known}
    assert unknown["overdue"] == "no data yet"
    assert unknown["usage"] == "no allowance on the plan"


def test_too_little_history_is_a_cause(card):
    account = make_account(at=NOW - timedelta(days=20))
    log_in(account, [15, 10, 5], source=make_source().pk)
    scored(account)
    why = health.why(account, at=NOW)
    assert {f.key: f.cause for f in why.factors}["login-trend"] == "too little history"


def test_without_a_score_there_is_no_why(card):
    assert health.why(make_account(), at=NOW) is None


def test_scoring_a_day_again_overwrites_its_row(card):
    account = fading()
    scored(account)
    set_traits(account, {"sentiment": 5}, at=NOW)
    later = scored(account, NOW + timedelta(hours=1))
    assert Score.objects.filter(account_id=account.pk, reconstructed=False).count() == 1
    assert later.coverage == "3/8"
    assert health.score_all(at=NOW + timedelta(hours=1)).changed == 0


def test_a_second_change_of_band_on_one_day_is_told_from_the_first(card):
    account = make_account(at=START)
    set_traits(account, {"sentiment": 5}, at=START)
    scored(account)
    for hours, sentiment in ((1, 3), (2, 1)):
        set_traits(account, {"sentiment": sentiment}, at=NOW + timedelta(hours=hours))
        scored(account, NOW + timedelta(hours=hours))
    events = Event.objects.filter(name="health.band_changed").order_by("occurred_at")
    assert [(e.props["from_score"], e.props["score"], e.props["sentence"]) for e in events] == [
        (100, 50, "sentiment −50"),
        (50, 0, "sentiment −50"),
    ]


def test_without_data_there_is_no_score_and_no_trait(card):
    state = scored(make_account(at=START))
    assert (state.score, state.band, state.coverage) == (None, "unknown", "0/8")
    assert not Trait.objects.filter(path="health").exists()


def test_a_score_that_becomes_unknown_loses_its_traits(card):
    account = make_account(at=START)
    set_traits(account, {"sentiment": 5}, at=START)
    scored(account)
    set_traits(account, {"sentiment": None}, at=NOW)
    assert scored(account, NOW + timedelta(days=1)).band == "unknown"
    assert Trait.objects.get(path="health").value is None
    assert Event.objects.get(name="health.band_changed").props["score"] is None


def test_a_new_version_moves_scores_by_configuration(card):
    account = make_account(at=START)
    set_traits(account, {"sentiment": 2, "overdue_amount": {"minor": 0, "currency": "USD"}}, at=START, writer="billing")
    scored(account, NOW - timedelta(days=30))
    scorecards.publish(card.text.replace("    weight: 8\n    # Set by", "    weight: 80\n    # Set by"), at=NOW)
    scored(account)
    change = health.why(account, at=NOW).change
    assert change.points < 0
    assert (change.total("configuration"), change.total("behaviour")) == (change.points, 0)


def test_past_events_give_an_unknown_account_a_reconstructed_past(card):
    account = fading(at=NOW)
    state = scored(account)
    assert state.band == "risk"
    assert state.score_change <= -30
    assert Score.objects.get(account_id=account.pk, day=(NOW - timedelta(days=30)).date()).reconstructed
    assert [value is None for value in state.trend].count(False) >= 5
    assert TimelineEntry.objects.filter(account_id=account.pk, name="health.band_changed").count() == 1


def test_what_was_learnt_later_does_not_count(card):
    account = make_account(at=START)
    source = make_source().pk
    log_in(account, [3, 2, 1], source=source)
    log_in(account, [6, 5, 4], source=source, at=NOW + timedelta(hours=1))
    health.score_all(at=NOW)
    assert health.why(account, at=NOW).factors[0].value == 3
    health.score_all(at=NOW + timedelta(hours=1))
    assert {f.key: f.value for f in health.why(account, at=NOW).factors}["active-days"] == 6


def test_history_has_gaps_where_nothing_was_scored(card):
    account = fading()
    scored(account, NOW - timedelta(days=2))
    scored(account)
    points = health.history(account, days=3, at=NOW)
    assert [p.score is None for p in points] == [False, True, False]
    assert [p.day for p in points][-1] == NOW.date()


def test_twelve_weekly_values_end_with_today(card):
    account = fading()
    for week in (2, 1, 0):
        state = scored(account, NOW - timedelta(weeks=week))
    assert len(state.trend) == 12
    assert state.trend[-1] == state.score
    assert None not in state.trend[-3:]


def queries(run) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        run()
    return len(caught)


def test_one_account_and_twenty_cost_the_same_number_of_statements(card):
    fading("A0")
    health.score_all(at=NOW - timedelta(days=30))
    health.score_all(at=NOW - timedelta(days=1))
    one = queries(lambda: health.score_all(at=NOW))
    for i in range(1, 20):
        fading(f"A{i}")
    health.score_all(at=NOW + timedelta(days=1))
    assert queries(lambda: health.score_all(at=NOW + timedelta(days=2))) <= one


def test_nothing_is_scored_without_a_scorecard(db):
    make_account()
    assert health.score_all(at=NOW) == health.Counts()
    assert health.score_due(at=NOW) == health.Counts()


def readable() -> None:
    """Wait until transactions of other databases of this server no longer hide the newest rows of the fact log."""
    hidden = "select count(*) from customers_factlog where xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(hidden)
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True)
def test_each_day_scores_all_and_in_between_only_those_with_new_facts():
    scorecards.install_default(at=START)
    quiet, busy = make_account("Quiet", at=START), make_account("Busy", at=START)
    assert health.score_due(at=NOW).scored == 2
    assert health.score_due(at=NOW).scored == 0
    set_traits(busy, {"sentiment": 4}, at=NOW)
    set_traits(quiet, {"colour": "red"}, at=NOW)
    readable()
    assert health.score_due(at=NOW + timedelta(minutes=1)).scored == 1
    assert AccountState.objects.get(pk=busy.pk).score == 75
    readable()
    assert health.score_due(at=NOW + timedelta(minutes=2)).scored == 0
    assert health.score_due(at=NOW + timedelta(days=1)).scored == 2
    assert health.score_due(at=NOW).scored == 0


@pytest.mark.django_db(transaction=True)
def test_a_publication_scores_everybody_anew():
    version = scorecards.install_default(at=START)
    make_account()
    health.score_due(at=NOW)
    scorecards.publish(version.text + "# again\n", at=NOW)
    assert health.score_due(at=NOW).scored == 1


def fall_silent(*names):
    """A source that sends these names, a hundred an hour, and nothing since two hours ago."""
    source = make_source("Product", names=list(names), last_message_at=NOW - timedelta(hours=2))
    hours = [NOW - timedelta(hours=n) for n in range(3, 30 * 24)]
    SourceHour.objects.bulk_create(SourceHour(source_id=source.pk, hour=h, items=100) for h in hours)
    return source


def test_what_a_silent_feed_withholds_costs_no_points_and_is_named(card):
    account = fading()
    set_traits(account, {"sentiment": 3}, at=START)
    fall_silent("login")
    assert (scored(account).score, scored(account).coverage) == (50, "1/8")
    why = health.why(account, at=NOW)
    assert {f.key: f.cause for f in why.factors}["login-trend"] == "Product is silent since 20 November 2026 10:00"


def test_a_factor_that_holds_keeps_its_last_value_while_its_feed_is_silent(db):
    scorecards.publish(scorecards.default_text().replace("missing: share_out", "missing: hold"), at=START)
    account = fading()
    set_traits(account, {"sentiment": 3}, at=START)
    before = scored(account, NOW - timedelta(days=1))
    fall_silent("login")
    after = scored(account)
    assert (before.coverage, after.score, after.coverage) == ("3/8", before.score, "1/8")


def test_after_catch_up_the_score_is_as_if_nothing_had_been(card):
    account = fading()
    source = fall_silent("login")
    assert scored(account).score is None
    for n in range(2):
        SourceHour.objects.update_or_create(source_id=source.pk, hour=NOW - timedelta(hours=n + 1), defaults={"items": 100})
    assert (scored(account).band, scored(account).top_reason) == ("risk", "logins −80 %")
