"""The live loop on real facts: what starts, what does not and why, and that nothing happens twice."""

from datetime import date, timedelta

import pytest

from crm.lib.yaml_marks import DocumentError
from customers.ingest import receive
from customers.models import Cursor, Task, Trait
from playbooks import versions
from playbooks.models import Decision, Effect, Firing, Playbook, Run, Step, TriggerState
from tests.factories import make_account, make_source
from tests.playbooks.world import days, fired, happen, instant, reasons, run_due, set_on, tick_daily, titles, turn_on

pytestmark = pytest.mark.django_db(transaction=True)

SEATS = """\
playbook: few-seats
format: 1
name: Few seats
for_accounts: {field: lifecycle, eq: customer}
trigger:
  id: low
  becomes_true: {field: seats, lt: 3}
steps:
  - {id: call, task: {title: "Seats of {{ account.name }}: {{ trigger.seats }}", merge_into_open: false}}
"""
NOW = instant("2026-11-20T06:00:00")


def seats(**policy: str) -> str:
    text = ", ".join(f"{key}: {value}" for key, value in policy.items())
    return SEATS.replace("steps:", f"policy: {{{text}}}\nsteps:")


def edge(extra: str) -> str:
    return SEATS.replace("lt: 3}\n", f"lt: 3}}\n  {extra}\n")


def ten_logins_then_two(account, at):
    """Ten logins 32 to 41 days ago and two within the last 30, all arriving at `at`."""
    times = [*days(date(2026, 10, 10), 10), *days(date(2026, 11, 5), 2, every=5)]
    happen(account, "login", *times, at=at, key="sdk")


# The scenario that the product is judged by


def test_ten_logins_in_one_month_and_two_in_the_next_give_exactly_one_task(ada):
    playbook = turn_on("login-drop-save", instant("2026-01-01T00:00:00"))
    acme = make_account("Acme", at=NOW, owner=ada)
    ten_logins_then_two(acme, NOW)
    run_due(at=NOW)
    run_due(at=NOW)
    task = Task.objects.get()
    assert (task.title, task.assignee, task.playbook, task.version) == ("Call Acme: logins 10 → 2", ada, "login-drop-save", 1)
    assert task.why["sentence"].startswith("Logins fell 10 to 2 (80 %)")
    assert (task.why["facts"]["baseline"], task.why["facts"]["current"]) == (10, 2)
    assert task.why["conditions"]["truth"] is True
    assert task.why["closes_when"]
    assert fired(playbook) == [("Acme", "2026-11-20")]
    tick_daily("2026-11-21", "2026-12-05")
    assert Task.objects.count() == 1


def test_all_five_shipped_playbooks_together_still_give_one_task(ada):
    versions.install_library(at=instant("2026-01-01T00:00:00"))
    acme = make_account("Acme", at=NOW, owner=ada)
    ten_logins_then_two(acme, NOW)
    assert run_due(at=NOW)["started"] == 1
    assert titles() == ["Call Acme: logins 10 → 2"]


def test_a_duplicate_delivery_changes_nothing():
    turn_on("login-drop-save", instant("2026-01-01T00:00:00"))
    acme = make_account("Acme", at=NOW)
    for _ in range(3):
        ten_logins_then_two(acme, NOW)
        run_due(at=NOW)
    assert len(titles()) == 1


def test_steady_logins_start_nothing():
    playbook = turn_on("login-drop-save", instant("2026-01-01T00:00:00"))
    acme = make_account("Acme", at=NOW)
    happen(acme, "login", *days(date(2026, 9, 1), 80), at=NOW)
    tick_daily("2026-11-20", "2026-11-25")
    assert fired(playbook) == []


# Edges


def test_what_holds_at_activation_is_taken_as_given():
    small, late = make_account("Small", at=NOW), make_account("Late", at=NOW)
    set_on(small, NOW, seats=1)
    set_on(late, NOW, seats=9)
    playbook = turn_on(SEATS, instant("2026-11-20T07:00:00"))
    tick_daily("2026-11-21", "2026-11-22")
    set_on(late, instant("2026-11-23T00:00:00"), seats=2)
    tick_daily("2026-11-23", "2026-11-24")
    assert fired(playbook) == [("Late", "2026-11-23")]
    assert titles() == ["Seats of Late: 2"]


def test_an_account_made_after_activation_can_start_it_at_once():
    playbook = turn_on(SEATS, NOW)
    new = make_account("New", at=instant("2026-11-21T00:00:00"))
    set_on(new, instant("2026-11-21T00:00:00"), seats=1)
    tick_daily("2026-11-21", "2026-11-21")
    assert fired(playbook) == [("New", "2026-11-21")]


def test_unknown_data_never_starts_anything():
    playbook = turn_on(SEATS, NOW)
    make_account("Blank", at=NOW)
    wrong = make_account("Wrong", at=NOW)
    set_on(wrong, NOW, seats="few")
    tick_daily("2026-11-20", "2026-11-23")
    assert fired(playbook) == []
    assert TriggerState.objects.count() == 0


def test_what_is_unknown_at_activation_becomes_the_baseline_when_known():
    blank = make_account("Blank", at=NOW)
    playbook = turn_on(SEATS, NOW)
    set_on(blank, instant("2026-11-22T00:00:00"), seats=1)
    tick_daily("2026-11-22", "2026-11-23")
    assert fired(playbook) == []
    set_on(blank, instant("2026-11-24T00:00:00"), seats=5)
    tick_daily("2026-11-24", "2026-11-24")
    set_on(blank, instant("2026-11-25T00:00:00"), seats=2)
    tick_daily("2026-11-25", "2026-11-25")
    assert fired(playbook) == [("Blank", "2026-11-25")]


def test_another_segment_starts_nothing():
    playbook = turn_on(SEATS, NOW)
    trial = make_account("Trial", at=NOW, lifecycle="trial")
    set_on(trial, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-21")
    assert fired(playbook) == []


def test_after_recovery_a_second_episode_starts_again():
    playbook = turn_on(SEATS, NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 8), ("23", 2), ("24", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    assert fired(playbook) == [("Acme", "2026-11-21"), ("Acme", "2026-11-23")]
    assert list(Firing.objects.order_by("id").values_list("trigger_key", flat=True)) == ["low|ep:1", "low|ep:2"]


def test_rearm_when_keeps_it_quiet_until_real_recovery():
    playbook = turn_on(edge("rearm_when: {field: seats, gte: 10}"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 5), ("23", 1), ("24", 10), ("25", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    assert fired(playbook) == [("Acme", "2026-11-21"), ("Acme", "2026-11-25")]
    assert reasons(playbook) == ["not_rearmed"]


def test_for_must_hold_that_long_and_one_good_day_resets_it():
    playbook = turn_on(edge("for: 2d"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 5), ("23", 1)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    tick_daily("2026-11-24", "2026-11-26")
    assert fired(playbook) == [("Acme", "2026-11-25")]
    assert reasons(playbook) == ["pending_for"]


def test_once_per_month_suppresses_a_second_episode_in_it():
    playbook = turn_on(edge("once_per: calendar_month"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("11-21", 1), ("11-22", 8), ("11-23", 2), ("12-01", 8), ("12-02", 1)):
        set_on(acme, instant(f"2026-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-{day}", f"2026-{day}")
    assert fired(playbook) == [("Acme", "2026-11-21"), ("Acme", "2026-12-02")]
    assert reasons(playbook) == ["once_per_period"]


def test_two_triggers_of_one_playbook_are_kept_apart():
    text = SEATS.replace(
        "trigger:\n  id: low\n  becomes_true: {field: seats, lt: 3}",
        "trigger:\n  any:\n    - {id: low, becomes_true: {field: seats, lt: 3}}\n    - {id: left, event: admin.left}",
    ).replace("steps:", "policy: {reentry: always, concurrency: parallel}\nsteps:")
    playbook = turn_on(text, NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    happen(acme, "admin.left", NOW)
    tick_daily("2026-11-20", "2026-11-21")
    assert sorted(Firing.objects.filter(playbook=playbook).values_list("trigger", flat=True)) == ["left", "low"]


# Policy


def test_cooldown_drops_the_episode():
    playbook = turn_on(seats(cooldown="3d"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 8), ("23", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    tick_daily("2026-11-24", "2026-11-28")
    assert fired(playbook) == [("Acme", "2026-11-21")]
    decision = Decision.objects.get(reason="cooldown")
    assert (decision.outcome, f"{decision.until:%Y-%m-%d}") == ("suppressed", "2026-11-24")


def test_cooldown_may_defer_to_the_first_look_after_it():
    playbook = turn_on(seats(cooldown="3d", when_blocked="defer"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 8), ("23", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    tick_daily("2026-11-24", "2026-11-28")
    assert fired(playbook) == [("Acme", "2026-11-21"), ("Acme", "2026-11-24")]


def test_a_deferred_start_is_forgotten_when_it_no_longer_holds():
    playbook = turn_on(seats(cooldown="3d", when_blocked="defer"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 8), ("23", 2), ("24", 9)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        if day != "24":
            tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    tick_daily("2026-11-24", "2026-11-28")
    assert fired(playbook) == [("Acme", "2026-11-21")]


def test_once_ever():
    playbook = turn_on(seats(reentry="once_ever"), NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 8), ("23", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    assert fired(playbook) == [("Acme", "2026-11-21")]
    assert reasons(playbook) == ["once"]


def test_no_second_run_beside_an_active_one():
    waits = SEATS + '  - {id: rest, wait: 9d}\n  - {id: again, task: {title: "Again"}}\n'
    playbook = turn_on(waits, NOW)
    acme = make_account("Acme", at=NOW)
    for day, count in (("21", 1), ("22", 8), ("23", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    assert fired(playbook) == [("Acme", "2026-11-21")]
    assert reasons(playbook) == ["already_running"]


def test_only_if_is_checked_at_admission():
    text = SEATS.replace("steps:", "only_if: {not: {tag: vip}}\nsteps:")
    playbook = turn_on(text, NOW)
    vip, plain = make_account("Vip", at=NOW), make_account("Plain", at=NOW)
    set_on(vip, NOW, seats=1, tag__vip=True)
    set_on(plain, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-21")
    assert fired(playbook) == [("Plain", "2026-11-20")]
    assert reasons(playbook) == ["only_if_false"]


# Steps


def test_waits_count_from_when_they_begin_and_steps_follow_in_order():
    text = SEATS + '  - {id: rest, wait: 3d}\n  - {id: mark, set: {add_tags: [small], fields: {seen: "{{ trigger.seats }}"}}}\n'
    turn_on(text, NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-22")
    run = Run.objects.get()
    assert (run.status, run.cursor, f"{run.due_at:%Y-%m-%d %H:%M}") == ("waiting", 2, "2026-11-23 06:00")
    tick_daily("2026-11-23", "2026-11-23")
    run.refresh_from_db()
    assert run.status == "done"
    assert list(Step.objects.order_by("id").values_list("path", "status")) == [("call", "done"), ("rest", "done"), ("mark", "done")]
    assert list(Effect.objects.order_by("id").values_list("path", "status")) == [("call", "done"), ("mark", "done")]
    assert {t.path: t.value for t in acme_traits(acme)}["seen"] == 1
    assert "tag.small" in {t.path for t in acme_traits(acme)}


def acme_traits(account):
    return Trait.objects.filter(account_id=account.pk)


def test_a_goal_reached_in_a_wait_ends_the_run_before_its_next_step():
    text = SEATS.replace("steps:", "goal: {when: {since_run_start: {event: login, count: {gte: 2}}}}\nsteps:")
    playbook = turn_on(text + '  - {id: rest, wait: 5d}\n  - {id: late, task: {title: "Too late"}}\n', NOW)
    acme, other = make_account("Acme", at=NOW), make_account("Other", at=NOW)
    for account in (acme, other):
        set_on(account, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-20")
    happen(acme, "login", *days(date(2026, 11, 21), 2))
    tick_daily("2026-11-22", "2026-11-26")
    runs = {run.account.name: (run.status, f"{run.finished_at:%Y-%m-%d}") for run in playbook.runs.select_related("account")}
    assert runs == {"Acme": ("goal", "2026-11-23"), "Other": ("done", "2026-11-25")}
    assert titles().count("Too late") == 1


def test_an_exit_ends_the_run():
    text = SEATS.replace("steps:", "exit: [{id: gone, when: {field: lifecycle, eq: churned}}]\nsteps:")
    turn_on(text + '  - {id: rest, wait: 5d}\n  - {id: late, task: {title: "Too late"}}\n', NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-20")
    set_on(acme, instant("2026-11-21T00:00:00"), lifecycle="churned")
    tick_daily("2026-11-21", "2026-11-27")
    run = Run.objects.get()
    assert (run.status, run.reason) == ("exited", "gone")
    assert "Too late" not in titles()


def test_a_failing_run_is_set_aside_after_three_attempts_and_stalls_nobody():
    turn_on(SEATS + "  - {id: bad, set: {fields: {name: 5}}}\n", NOW)
    first, second = make_account("First", at=NOW), make_account("Second", at=NOW)
    set_on(first, NOW, seats=1)
    set_on(second, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-23")
    assert len(titles()) == 2
    assert Run.objects.filter(status__in=["done", "failed"]).count() == 2


# Events


def test_a_playbook_that_can_no_longer_be_read_stalls_no_other():
    broken = turn_on(SEATS.replace("few-seats", "broken-one"), NOW)
    version = broken.active_version
    version.doc = {**version.doc, "for_accounts": {"nonsense": 1}}
    version.save()
    sound = turn_on(SEATS, NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-21")
    assert fired(sound) == [("Acme", "2026-11-20")]
    broken.refresh_from_db()
    assert (fired(broken), broken.failures > 0) == ([], True)
    assert "nonsense" in broken.error


def test_a_playbook_that_fails_while_judging_stalls_no_other_and_recovers():
    broken = turn_on(SEATS.replace("few-seats", "broken-one").replace("lifecycle, eq: customer", "name, exists: true"), NOW)
    sound = turn_on(SEATS, NOW)
    version = broken.active_version
    good = version.doc
    version.doc = {**good, "timezone": "Nowhere/Else"}
    version.save()
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-22")
    assert fired(sound) == [("Acme", "2026-11-20")]
    broken.refresh_from_db()
    assert broken.failures >= 3
    version.doc = good
    version.save()
    tick_daily("2026-11-23", "2026-11-23")
    broken.refresh_from_db()
    assert (broken.failures, broken.error, fired(broken)) == (0, "", [("Acme", "2026-11-23")])


def test_half_a_batch_is_not_judged_for_a_minute():
    playbook = turn_on(SEATS, NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    delivery = receive.store(make_source(), b'{"batch": []}', at=NOW)
    run_due(at=NOW)
    assert fired(playbook) == []
    assert delivery.state == "received"
    run_due(at=NOW + timedelta(seconds=61))
    assert fired(playbook) == [("Acme", "2026-11-20")]


def test_each_matching_event_starts_once_per_key():
    playbook = turn_on("service-interruption-credit", NOW)
    acme = make_account("Acme", at=NOW)
    props = {"incident_id": "i1", "severity": "sev1", "downtime_minutes": 45}
    happen(acme, "incident.resolved", NOW, **props)
    happen(acme, "incident.resolved", NOW, **{**props, "downtime_minutes": 50})
    happen(acme, "incident.resolved", NOW, **{**props, "incident_id": "i2"})
    happen(acme, "incident.resolved", NOW, **{**props, "incident_id": "i3", "downtime_minutes": 29})
    happen(acme, "incident.resolved", NOW, **{**props, "incident_id": "i4", "severity": "sev3"})
    tick_daily("2026-11-20", "2026-11-21")
    assert sorted(Firing.objects.values_list("trigger_key", flat=True)) == ["outage_closed|i1", "outage_closed|i2"]
    assert reasons(playbook) == ["once_per_period"]
    assert Effect.objects.filter(kind="offer", status="done").count() == 2


def test_an_event_that_arrives_too_late_is_stale():
    playbook = turn_on("service-interruption-credit", NOW)
    acme = make_account("Acme", at=NOW)
    props = {"severity": "sev1", "downtime_minutes": 45}
    happen(acme, "incident.resolved", instant("2026-11-21T08:00:00"), at=instant("2026-11-24T06:00:00"), incident_id="a", **props)
    happen(acme, "incident.resolved", instant("2026-11-20T08:00:00"), at=instant("2026-11-24T06:00:00"), incident_id="b", **props)
    tick_daily("2026-11-24", "2026-11-24")
    assert list(Firing.objects.values_list("trigger_key", flat=True)) == ["outage_closed|a"]
    assert reasons(playbook) == ["stale_event"]


def test_events_before_activation_are_not_replayed():
    acme = make_account("Acme", at=NOW)
    happen(acme, "incident.resolved", NOW, incident_id="a", severity="sev1", downtime_minutes=45)
    playbook = turn_on("service-interruption-credit", NOW)
    tick_daily("2026-11-20", "2026-11-21")
    assert fired(playbook) == []


def test_an_invoice_paid_within_the_week_needs_nobody():
    playbook = turn_on("invoice-past-due", NOW)
    pays, owes = make_account("Pays", at=NOW), make_account("Owes", at=NOW)
    happen(pays, "invoice.past_due", NOW, invoice_id=7, number="2026-7")
    happen(owes, "invoice.past_due", NOW, invoice_id=8, number="2026-8")
    tick_daily("2026-11-20", "2026-11-21")
    happen(pays, "invoice.paid", instant("2026-11-22T10:00:00"), invoice_id=7)
    happen(owes, "invoice.paid", instant("2026-11-22T10:00:00"), invoice_id=9)
    tick_daily("2026-11-23", "2026-11-28")
    assert titles() == ["Unpaid invoice 2026-8 of Owes"]
    assert {run.account.name: run.status for run in playbook.runs.select_related("account")} == {"Pays": "goal", "Owes": "done"}


def test_renewals_within_ninety_days_are_planned_once():
    playbook = turn_on("renewal-90", NOW)
    near, far = make_account("Near", at=NOW), make_account("Far", at=NOW)
    set_on(near, NOW, renewal_date="2027-02-20")
    set_on(far, NOW, renewal_date="2027-06-20")
    tick_daily("2026-11-20", "2026-11-25")
    assert fired(playbook) == [("Near", "2026-11-22")]
    assert titles() == ["Plan the renewal of Near"]


def test_usage_near_the_limit_is_told_once_per_period():
    playbook = turn_on("usage-near-limit", instant("2026-10-01T00:00:00"))
    acme = make_account("Acme", at=instant("2026-10-01T00:00:00"))
    set_on(acme, instant("2026-10-01T00:00:00"), plan__allowance__api_call=100, period_start="2026-11-01", period_end="2026-12-01")
    happen(acme, "api_call", *days(date(2026, 11, 1), 19), quantity=1)
    tick_daily("2026-11-20", "2026-11-20")
    assert fired(playbook) == []
    happen(acme, "api_call", *[instant(f"2026-11-20T{hour:02}:{minute:02}:00") for hour in range(7, 19) for minute in range(0, 60, 10)])
    tick_daily("2026-11-21", "2026-11-22")
    assert fired(playbook) == [("Acme", "2026-11-21")]
    assert titles() == ["Offer Acme the larger plan"]


# Versions and pausing


def test_a_new_text_with_the_same_trigger_keeps_its_states():
    playbook = turn_on(SEATS, NOW)
    acme = make_account("Acme", at=NOW)
    set_on(acme, NOW, seats=1)
    tick_daily("2026-11-20", "2026-11-20")
    turn_on(SEATS.replace("Seats of", "Places of"), instant("2026-11-20T12:00:00"))
    tick_daily("2026-11-21", "2026-11-21")
    assert [version.n for version in playbook.versions.order_by("n")] == [1, 2]
    assert fired(playbook) == [("Acme", "2026-11-20")]
    set_on(acme, instant("2026-11-22T00:00:00"), seats=9)
    tick_daily("2026-11-22", "2026-11-22")
    set_on(acme, instant("2026-11-23T00:00:00"), seats=2)
    tick_daily("2026-11-23", "2026-11-23")
    assert titles() == ["Seats of Acme: 1", "Places of Acme: 2"]


def test_a_changed_trigger_takes_a_new_baseline_and_no_key_comes_back():
    playbook = turn_on(SEATS, NOW)
    acme, five = make_account("Acme", at=NOW), make_account("Five", at=NOW)
    set_on(acme, NOW, seats=1)
    set_on(five, NOW, seats=5)
    tick_daily("2026-11-20", "2026-11-20")
    turn_on(SEATS.replace("lt: 3", "lt: 6"), instant("2026-11-20T12:00:00"))
    tick_daily("2026-11-21", "2026-11-21")
    assert fired(playbook) == [("Acme", "2026-11-20")]
    for day, count in (("22", 9), ("23", 2)):
        set_on(acme, instant(f"2026-11-{day}T00:00:00"), seats=count)
        tick_daily(f"2026-11-{day}", f"2026-11-{day}")
    assert fired(playbook) == [("Acme", "2026-11-20"), ("Acme", "2026-11-23")]


def test_the_same_text_again_makes_no_version():
    turn_on(SEATS, NOW)
    done = versions.activate(SEATS, at=NOW)
    assert (done.is_new, done.version.n) == (False, 1)


def test_a_broken_text_is_refused_and_the_active_version_goes_on():
    playbook = turn_on(SEATS, NOW)
    with pytest.raises(DocumentError):
        versions.activate(SEATS.replace("becomes_true", "becomes_tru"), at=NOW)
    playbook.refresh_from_db()
    assert (playbook.status, playbook.active_version.n, playbook.versions.count()) == ("active", 1, 1)


def test_a_paused_playbook_starts_nothing_and_its_runs_stand_still():
    playbook = turn_on(SEATS + '  - {id: rest, wait: 2d}\n  - {id: then, task: {title: "Then"}}\n', NOW)
    acme, other = make_account("Acme", at=NOW), make_account("Other", at=NOW)
    set_on(acme, NOW, seats=1)
    set_on(other, NOW, seats=9)
    tick_daily("2026-11-20", "2026-11-20")
    versions.pause(playbook, at=instant("2026-11-20T12:00:00"))
    set_on(other, instant("2026-11-21T00:00:00"), seats=1)
    tick_daily("2026-11-21", "2026-11-25")
    assert "Then" not in titles()
    assert fired(playbook) == [("Acme", "2026-11-20")]
    versions.resume(playbook, at=instant("2026-11-25T12:00:00"))
    tick_daily("2026-11-26", "2026-11-26")
    assert titles() == ["Seats of Acme: 1", "Then"]
    assert fired(playbook) == [("Acme", "2026-11-20")]


def test_the_library_installs_once():
    assert len(versions.install_library(at=NOW)) == 5
    assert versions.install_library(at=NOW) == []
    assert set(Playbook.objects.values_list("status", flat=True)) == {"active"}


def test_days_missed_while_nobody_looked_keep_for_right_and_lose_nothing():
    playbook = turn_on(edge("for: 2d"), NOW)
    acme = make_account("Acme", at=NOW)
    tick_daily("2026-11-20", "2026-11-20")
    set_on(acme, instant("2026-11-20T12:00:00"), seats=1)
    tick_daily("2026-11-25", "2026-11-25")
    assert fired(playbook) == [("Acme", "2026-11-25")]
    assert "missed_while_down" in reasons(playbook)


def test_a_fact_of_a_later_instant_holds_up_nothing_and_is_judged_when_its_time_has_come():
    early, late = make_account("Early", at=NOW), make_account("Late", at=NOW)
    playbook = turn_on("service-interruption-credit", NOW)
    props = {"severity": "sev1", "downtime_minutes": 45}
    happen(late, "incident.resolved", NOW + timedelta(hours=5), incident_id="b", **props)
    happen(early, "incident.resolved", NOW + timedelta(hours=1), incident_id="a", **props)
    run_due(NOW + timedelta(hours=2))
    assert [name for name, _ in fired(playbook)] == ["Early"]
    run_due(NOW + timedelta(hours=6))
    assert [name for name, _ in fired(playbook)] == ["Early", "Late"]
    assert Cursor.objects.get(pk="playbooks").later == []
