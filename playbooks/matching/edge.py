"""The edge: a condition going from false to true, with `for`, re-arming and episodes.

Values are true, false or None (unknown). Unknown never moves anything.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from customers.conditions.durations import Duration, add


@dataclass(frozen=True)
class EdgeState:
    """What is remembered per playbook, trigger and account. `truth` None: no value known yet since activation.

    An account without a stored state stands at `EdgeState()`: false, never fired.
    """

    truth: bool | None = False
    since: datetime | None = None
    pending_since: datetime | None = None
    rearm_since: datetime | None = None
    episode: int = 0
    deferred_key: str | None = None


@dataclass(frozen=True)
class EdgeRule:
    """The trigger's timing. `rearms` says that it has a `rearm_when`; `zone` counts its days."""

    zone: str
    hold: Duration | None = None
    rearms: bool = False
    rearm_for: Duration | None = None


@dataclass(frozen=True)
class Move:
    """What one look made of a state. `candidate`: the trigger wants to fire now.

    `reason` is why it does not although the condition holds or fell: `pending_for`,
    `already_true_since` or `not_rearmed`; `until` is when a pending one may fire.
    """

    state: EdgeState
    candidate: bool = False
    reason: str | None = None
    until: datetime | None = None


def advance(state: EdgeState, value: bool | None, rearm: bool | None, rule: EdgeRule, at: datetime) -> Move:  # noqa: FBT001
    """The state after seeing `value` (the trigger) and `rearm` (`rearm_when`) at `at`."""
    if value is None:
        return Move(state)
    if state.truth is None:
        return Move(replace(state, truth=value, since=at))
    if not state.truth:
        return _rising(state, rule, at) if value else Move(replace(state, pending_since=None))
    return _staying(state) if value else _falling(state, rearm, rule, at)


def _rising(state: EdgeState, rule: EdgeRule, at: datetime) -> Move:
    pending = state.pending_since or at
    due = add(pending, rule.hold, rule.zone) if rule.hold else pending
    if at < due:
        return Move(replace(state, pending_since=pending), reason="pending_for", until=due)
    risen = EdgeState(truth=True, since=at, episode=state.episode + 1)
    return Move(risen, candidate=True)


def _staying(state: EdgeState) -> Move:
    state = replace(state, rearm_since=None)
    return Move(state, candidate=bool(state.deferred_key), reason="already_true_since")


def _falling(state: EdgeState, rearm: bool | None, rule: EdgeRule, at: datetime) -> Move:  # noqa: FBT001
    state = replace(state, deferred_key=None)
    if rule.rearms and rearm is None:
        return Move(state, reason="not_rearmed")
    if rule.rearms and not rearm:
        return Move(replace(state, rearm_since=None), reason="not_rearmed")
    since = state.rearm_since or at
    due = add(since, rule.rearm_for, rule.zone) if rule.rearm_for else since
    if at < due:
        return Move(replace(state, rearm_since=since), reason="not_rearmed", until=due)
    return Move(EdgeState(truth=False, since=at, episode=state.episode))
