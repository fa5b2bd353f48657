"""May this candidate start? The checks in the order in which a person is told about them."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.conditions.durations import add
from playbooks.dsl.document import EventTrigger, Policy

MAX_DEPTH = 3


@dataclass(frozen=True)
class Block:
    """Why a candidate does not start. `passes`: it may start later when the policy defers; `until` says when at the earliest."""

    reason: str
    until: datetime | None = None
    passes: bool = False


@dataclass(frozen=True)
class History:
    """What a playbook did on one account before."""

    keys: Set[str] = frozenset()
    active_runs: int = 0
    last_fired_at: datetime | None = None


@dataclass(frozen=True)
class Arrival:
    """An event as the event trigger sees it. `cause` is {run, chain, depth} when a playbook caused it."""

    occurred_at: datetime
    known_at: datetime
    historical: bool = False
    cause: dict[str, Any] | None = None


def refuse_event(event: Arrival, trigger: EventTrigger, playbook: str, zone: str) -> Block | None:
    """Why this event may not start `playbook`, looking at the event alone; None when it may."""
    if event.historical:
        return Block("historical")
    if event.known_at > add(event.occurred_at, trigger.max_age, zone):
        return Block("stale_event")
    return _refuse_cause(event.cause, trigger, playbook)


def refuse_value(segment: bool | None, condition: bool | None = True) -> Block | None:  # noqa: FBT001, FBT002
    """Why an account with these truths may not start."""
    if segment is False:
        return Block("not_in_segment")
    if condition is False:
        return Block("condition_false")
    if segment is None or condition is None:
        return Block("unknown_data")
    return None


def refuse_policy(policy: Policy, key: str, history: History, at: datetime, zone: str) -> Block | None:
    """Why the policy keeps `key` from starting now; None when it does not. `once_per_period` is a key used before."""
    if policy.reentry == "once_ever" and history.keys:
        return Block("once")
    if key in history.keys:
        return Block("once_per_period")
    if history.active_runs and not policy.runs_side_by_side:
        return Block("already_running", passes=True)
    if policy.cooldown and history.last_fired_at:
        until = add(history.last_fired_at, policy.cooldown, zone)
        if at < until:
            return Block("cooldown", until, passes=True)
    return None


def refuse_guard(only_if: bool | None) -> Block | None:  # noqa: FBT001
    """Why `only_if`, checked once at admission, keeps it from starting. Unknown is not true."""
    return None if only_if else Block("only_if_false" if only_if is False else "unknown_data")


def is_deferred(block: Block, policy: Policy) -> bool:
    """Whether the candidate waits for a later sweep instead of being forgotten."""
    return block.passes and policy.when_blocked == "defer"


def _refuse_cause(cause: dict[str, Any] | None, trigger: EventTrigger, playbook: str) -> Block | None:
    if not cause:
        return None
    if not trigger.allow_chained:
        return Block("chained")
    if playbook in cause.get("chain", ()) or cause.get("depth", 0) >= MAX_DEPTH:
        return Block("loop")
    return None
