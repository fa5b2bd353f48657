"""Why it started or did not: one true sentence and the conditions, for any account and instant."""

from datetime import date

import pytest

from playbooks import versions
from playbooks.explain import explain
from tests.factories import make_account
from tests.playbooks.test_runner import NOW, SEATS, edge, seats, ten_logins_then_two
from tests.playbooks.world import days, happen, instant, run_due, set_on, tick_daily, turn_on

pytestmark = pytest.mark.django_db(transaction=True)


def told(playbook, account, day="2026-11-20"):
    answer = explain(playbook, account, instant(f"{day}T12:00:00"))
    return answer.reason, answer.sentence


def test_a_start_is_told_with_its_numbers_and_later_looks_say_that_it_holds():
    playbook = turn_on("login-drop-save", instant("2026-01-01T00:00:00"))
    acme = make_account("Acme", at=NOW)
    ten_logins_then_two(acme, NOW)
    run_due(at=NOW)
    answer = explain(playbook, acme, NOW)
    assert answer.sentence == "Started on 20 November 2026: logins fell 10 to 2 (80 %), needs 60 %."
    assert answer.condition["truth"] is True
    assert told(playbook, acme, "2026-11-21")[0] == "already_true_since"
    assert "it started on 20 November 2026" in told(playbook, acme, "2026-11-21")[1]


def test_a_drop_that_is_too_small_is_told_with_what_it_needs():
    playbook = turn_on("login-drop-save", instant("2026-01-01T00:00:00"))
    acme = make_account("Acme", at=NOW)
    happen(acme, "login", *days(date(2026, 10, 10), 10), *days(date(2026, 11, 1), 5), at=NOW)
    run_due(at=NOW)
    assert told(playbook, acme) == ("condition_false", "Did not start on 20 November 2026: logins fell 10 to 5 (50 %), needs 60 %.")


def test_before_activation_it_is_not_active():
    playbook = turn_on(SEATS, NOW)
    acme = make_account("Acme", at=NOW)
    assert told(playbook, acme, "2026-11-19")[0] == "playbook_not_active"
    versions.pause(playbook, at=instant("2026-11-21T00:00:00"))
    assert told(playbook, acme, "2026-11-22") == ("playbook_not_active", "Did not start: the playbook is paused.")


def test_unknown_data_and_another_segment_are_told():
    playbook = turn_on(SEATS, NOW)
    blank, trial = make_account("Blank", at=NOW), make_account("Trial", at=NOW, lifecycle="trial")
    run_due(at=NOW)
    assert told(playbook, blank)[0] == "unknown_data"
    reason, sentence = told(playbook, trial)
    assert reason == "not_in_segment"
    assert "lifecycle is trial" in sentence


def test_pending_cooldown_and_not_rearmed_are_told_with_their_ends():
    playbook = turn_on(edge("for: 2d"), NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    run_due(at=NOW)
    assert told(playbook, acme) == (
        "pending_for",
        "Did not start on 20 November 2026: the condition must hold on until 22 November 2026 06:00 (seats is 1).",
    )


def test_a_cooldown_says_until_when():
    playbook = turn_on(seats(cooldown="3d"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("20", 1), ("21", 8), ("22", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00" if day != "20" else "2026-11-20T06:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    reason, sentence = told(playbook, acme, "2026-11-22")
    assert reason == "cooldown"
    assert "it rests after its last start until 23 November 2026 06:00" in sentence


def test_an_answer_about_the_past_is_not_changed_by_what_came_later():
    playbook = turn_on(SEATS, NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=9)
    tick_daily("2026-11-20", "2026-11-21")
    before = told(playbook, acme, "2026-11-21")
    set_on(acme, instant("2026-11-22T00:00:00"), seats=1)
    tick_daily("2026-11-22", "2026-11-23")
    assert told(playbook, acme, "2026-11-21") == before == ("condition_false", before[1])


def test_events_are_told_by_what_became_of_the_last_one():
    playbook = turn_on("service-interruption-credit", NOW)
    acme = make_account("Acme", at=NOW)
    assert told(playbook, acme)[0] == "no_event"
    props = {"severity": "sev1", "downtime_minutes": 45}
    happen(acme, "incident.resolved", instant("2026-11-15T08:00:00"), at=NOW, incident_id="a", **props)
    run_due(at=NOW)
    reason, sentence = told(playbook, acme)
    assert reason == "stale_event"
    assert "incident.resolved of 15 November 2026" in sentence
    happen(acme, "incident.resolved", instant("2026-11-21T05:00:00"), incident_id="b", **props)
    tick_daily("2026-11-21", "2026-11-21")
    assert told(playbook, acme, "2026-11-21")[1].startswith("Started on 21 November 2026: incident.resolved on 21 November 2026")
