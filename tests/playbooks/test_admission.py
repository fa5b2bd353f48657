"""May a candidate start? The first reason that keeps it from starting is the one that is told."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.conditions.durations import Duration
from playbooks.dsl.document import EventTrigger, Policy
from playbooks.matching.admission import Arrival, History, is_deferred, refuse_event, refuse_guard, refuse_policy, refuse_value

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRIGGER = EventTrigger("t", "incident.resolved", max_age=Duration(72, "h"))
CHAINED = EventTrigger("t", "task.done", allow_chained=True)


def reason(block) -> str | None:
    return block and block.reason


@pytest.mark.parametrize(("hours", "expected"), [(70, None), (72, None), (73, "stale_event"), (120, "stale_event")])
def test_an_event_may_be_as_old_as_max_age_when_it_arrives(hours, expected):
    assert reason(refuse_event(Arrival(NOON - hours * HOUR, NOON), TRIGGER, "p", "UTC")) == expected


def test_historical_facts_never_start_anything():
    assert reason(refuse_event(Arrival(NOON, NOON, historical=True), TRIGGER, "p", "UTC")) == "historical"


@pytest.mark.parametrize(
    ("cause", "trigger", "expected"),
    [
        ({"chain": ["a"], "depth": 1}, TRIGGER, "chained"),
        ({"chain": ["a"], "depth": 1}, CHAINED, None),
        ({"chain": ["a", "p"], "depth": 2}, CHAINED, "loop"),
        ({"chain": ["a", "b", "c"], "depth": 3}, CHAINED, "loop"),
    ],
)
def test_what_a_playbook_caused_starts_others_only_where_allowed(cause, trigger, expected):
    assert reason(refuse_event(Arrival(NOON, NOON, cause=cause), trigger, "p", "UTC")) == expected


@pytest.mark.parametrize(
    ("segment", "condition", "expected"),
    [
        (True, True, None),
        (False, None, "not_in_segment"),
        (True, False, "condition_false"),
        (None, True, "unknown_data"),
        (True, None, "unknown_data"),
    ],
)
def test_unknown_is_not_true(segment, condition, expected):
    assert reason(refuse_value(segment, condition)) == expected


@pytest.mark.parametrize(
    ("policy", "history", "expected"),
    [
        (Policy(), History(), None),
        (Policy(), History(keys=frozenset({"k"})), "once_per_period"),
        (Policy(reentry="once_ever"), History(keys=frozenset({"other"})), "once"),
        (Policy(), History(keys=frozenset({"other"}), active_runs=1), "already_running"),
        (Policy(reentry="always"), History(active_runs=1), "already_running"),
        (Policy(concurrency="parallel"), History(active_runs=1), "already_running"),
        (Policy(reentry="always", concurrency="parallel"), History(active_runs=1), None),
        (Policy(cooldown=Duration(2, "d")), History(last_fired_at=NOON - 47 * HOUR), "cooldown"),
        (Policy(cooldown=Duration(2, "d")), History(last_fired_at=NOON - 48 * HOUR), None),
    ],
)
def test_the_policy_names_its_first_reason(policy, history, expected):
    assert reason(refuse_policy(policy, "k", history, NOON, "UTC")) == expected


def test_only_what_passes_by_itself_is_deferred():
    defer = Policy(when_blocked="defer", cooldown=Duration(2, "d"))
    assert is_deferred(refuse_policy(defer, "k", History(last_fired_at=NOON), NOON, "UTC"), defer)
    assert not is_deferred(refuse_policy(defer, "k", History(keys=frozenset({"k"})), NOON, "UTC"), defer)
    assert not is_deferred(refuse_policy(Policy(), "k", History(active_runs=1), NOON, "UTC"), Policy())


def test_only_if_must_be_true():
    assert [reason(refuse_guard(value)) for value in (True, False, None)] == [None, "only_if_false", "unknown_data"]
