"""The edge of a condition: when it fires, when it waits, when it is armed again. Unknown moves nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.conditions.durations import Duration
from playbooks.matching.edge import EdgeRule, EdgeState, advance

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 6, tzinfo=UTC)
PLAIN = EdgeRule("UTC")
WAITS = EdgeRule("UTC", hold=Duration(3, "d"))
REARMS = EdgeRule("UTC", rearms=True)


def days_fired(values, rule=PLAIN, state=None, rearm=None) -> list[int]:
    """The days (from 0) on which a daily look at `values` fires; `rearm` are the values of rearm_when."""
    state, fired = state or EdgeState(), []
    for day, value in enumerate(values):
        move = advance(state, value, rearm[day] if rearm else None, rule, START + day * DAY)
        state = move.state
        fired += [day] if move.candidate else []
    return fired


def test_an_edge_fires_once_and_again_after_it_fell():
    assert days_fired([False, True, True, True, False, True]) == [1, 5]


def test_an_account_made_later_starts_as_false_and_can_fire_at_once():
    assert days_fired([True]) == [0]


def test_the_first_known_value_since_activation_is_the_baseline_and_does_not_fire():
    unknown = EdgeState(truth=None)
    assert days_fired([None, True, True, False, True], state=unknown) == [4]
    assert days_fired([False, True], state=unknown) == [1]


def test_unknown_neither_fires_nor_arms():
    assert days_fired([None, None]) == []
    assert days_fired([True, None, True]) == [0]


def test_for_must_hold_at_every_look():
    assert days_fired([True, True, True, True, True], WAITS) == [3]
    assert days_fired([True, True, False, True, True, True, True], WAITS) == [6]


def test_unknown_neither_advances_nor_resets_for():
    assert days_fired([True, None, None, None, True], WAITS) == [4]
    assert days_fired([True, None, None, None], WAITS) == []


def test_a_pending_edge_says_until_when():
    move = advance(EdgeState(), True, None, WAITS, START)
    assert (move.reason, move.until) == ("pending_for", START + 3 * DAY)


def test_wobbling_around_the_line_does_not_arm_again():
    values = [True, False, True, False, True]
    assert days_fired(values, REARMS, rearm=[False, False, False, True, False]) == [0, 4]


def test_unknown_rearm_keeps_it_unarmed():
    assert days_fired([True, False, True], REARMS, rearm=[False, None, False]) == [0]


def test_not_rearmed_is_said():
    risen = advance(EdgeState(), True, None, REARMS, START).state
    assert advance(risen, False, False, REARMS, START).reason == "not_rearmed"


def test_rearm_for_must_hold_and_starts_afresh():
    rule = EdgeRule("UTC", rearms=True, rearm_for=Duration(2, "d"))
    rearm = [False, True, False, True, True, True, False]
    assert days_fired([True, False, False, False, False, False, True], rule, rearm=rearm) == [0, 6]
    assert days_fired([True, False, False, True], rule, rearm=[False, True, True, False]) == [0]


def test_a_deferred_candidate_is_tried_again_while_true_and_dropped_when_false():
    waiting = EdgeState(truth=True, episode=1, deferred_key="t|ep:1")
    assert advance(waiting, True, None, PLAIN, START).candidate
    assert not advance(waiting, None, None, PLAIN, START).candidate
    assert advance(waiting, False, None, PLAIN, START).state.deferred_key is None


def test_episodes_are_counted_for_ever():
    state = EdgeState()
    for day, value in enumerate([True, False, True, False, True]):
        state = advance(state, value, None, PLAIN, START + day * DAY).state
    assert state.episode == 3


@pytest.mark.parametrize("rule", [PLAIN, WAITS, REARMS])
@given(data=st.data())
def test_replacing_known_by_unknown_never_adds_a_firing_at_that_look(rule, data):
    values = data.draw(st.lists(st.sampled_from([True, False, None]), max_size=12))
    rearm = data.draw(st.lists(st.sampled_from([True, False, None]), min_size=len(values), max_size=len(values)))
    day = data.draw(st.integers(0, max(0, len(values) - 1)))
    blinded = [None if i == day else v for i, v in enumerate(values)]
    assert day not in days_fired(blinded, rule, rearm=rearm)


@given(values=st.lists(st.sampled_from([True, False, None]), max_size=20))
def test_looking_twice_at_one_instant_changes_nothing(values):
    state = EdgeState()
    for day, value in enumerate(values):
        state = advance(state, value, value is False, WAITS, START + day * DAY).state
        again = advance(state, value, value is False, WAITS, START + day * DAY)
        assert (again.state, again.candidate) == (state, False)
