"""A checked playbook as frozen dataclasses. Conditions stay plain trees; `customers.conditions` reads them.

`build` expects data that passed every check; it fills in the defaults of the language.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from customers.conditions.durations import Duration, parse_duration

Condition = dict[str, Any]
DEFAULT_MAX_AGE = Duration(48, "h")


@dataclass(frozen=True)
class EventTrigger:
    """Starts once for each newly arrived matching event, or once per value of `key_by`."""

    id: str
    event: str
    where: dict[str, Any] = field(default_factory=dict)
    key_by: str | None = None
    max_age: Duration = DEFAULT_MAX_AGE
    allow_chained: bool = False


@dataclass(frozen=True)
class EdgeTrigger:
    """Starts when `condition` goes from false to true and stays true for `hold`."""

    id: str
    condition: Condition
    hold: Duration | None = None
    rearm_when: Condition | None = None
    rearm_for: Duration | None = None
    once_per: str = "episode"


@dataclass(frozen=True)
class Policy:
    """How often the playbook may start on one account."""

    reentry: str = "after_finish"
    cooldown: Duration | None = None
    when_blocked: str = "drop"
    concurrency: str = "skip"
    existing_on_activate: str = "baseline"

    @property
    def runs_side_by_side(self) -> bool:
        """Only `reentry: always` with `concurrency: parallel` lets two runs go at once on an account."""
        return self.reentry == "always" and self.concurrency == "parallel"


@dataclass(frozen=True)
class Goal:
    """What the playbook wants to happen, and whether reaching it ends the run."""

    when: Condition
    within: Duration | None = None
    ends_run: bool = True


@dataclass(frozen=True)
class Exit:
    """A condition that ends a run, or `left_segment`."""

    id: str
    when: Condition | str


@dataclass(frozen=True)
class Step:
    """One thing to do: `kind` is the node key (`task`, `wait` …), `args` what stands under it."""

    id: str
    kind: str
    args: Any


@dataclass(frozen=True)
class Document:
    """A whole playbook. `data` is the parsed text with its inputs put in."""

    key: str
    name: str
    for_accounts: Condition
    triggers: tuple[EventTrigger | EdgeTrigger, ...]
    steps: tuple[Step, ...]
    data: dict[str, Any]
    description: str = ""
    owner: str = ""
    labels: tuple[str, ...] = ()
    timezone: str = "installation"
    inputs: dict[str, Any] = field(default_factory=dict)
    only_if: Condition | None = None
    policy: Policy = Policy()
    goal: Goal | None = None
    exits: tuple[Exit, ...] = ()

    @property
    def trigger_hash(self) -> str:
        """Equal for two versions whose accounts, triggers and time zone mean the same."""
        parts = [self.data["for_accounts"], trigger_docs(self.data), self.timezone]
        return hashlib.sha256(canonical(parts).encode()).hexdigest()

    @property
    def edges(self) -> tuple[EdgeTrigger, ...]:
        return tuple(trigger for trigger in self.triggers if isinstance(trigger, EdgeTrigger))

    @property
    def events(self) -> tuple[EventTrigger, ...]:
        return tuple(trigger for trigger in self.triggers if isinstance(trigger, EventTrigger))


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def trigger_docs(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The triggers as a list, each with its id, however the text writes them."""
    trigger = data["trigger"]
    docs = trigger.get("any", [trigger])
    return [{"id": _default_id(docs, index), **doc} for index, doc in enumerate(docs)]


def input_values(data: dict[str, Any]) -> dict[str, Any]:
    """The value of each input by its name."""
    return {name: spec["default"] for name, spec in data.get("inputs", {}).items()}


def with_inputs(value: Any, inputs: dict[str, Any]) -> Any:
    """`value` with every `{input: name}` replaced by that input's value."""
    if isinstance(value, dict):
        if set(value) == {"input"}:
            return inputs[value["input"]]
        return {key: with_inputs(item, inputs) for key, item in value.items()}
    if isinstance(value, list):
        return [with_inputs(item, inputs) for item in value]
    return value


def build(data: dict[str, Any]) -> Document:
    """The document that checked `data` describes."""
    inputs = input_values(data)
    data = {**with_inputs({k: v for k, v in data.items() if k != "inputs"}, inputs), "inputs": data.get("inputs", {})}
    return Document(
        key=data["playbook"],
        name=data["name"],
        description=data.get("description", ""),
        owner=data.get("owner", ""),
        labels=tuple(data.get("labels", ())),
        timezone=data.get("timezone", "installation"),
        inputs=inputs,
        for_accounts=data["for_accounts"],
        triggers=tuple(_trigger(doc) for doc in trigger_docs(data)),
        only_if=data.get("only_if"),
        policy=_policy(data.get("policy", {})),
        goal=_goal(data.get("goal")),
        exits=tuple(_exit(index, doc) for index, doc in enumerate(data.get("exit", ()))),
        steps=tuple(_step(doc) for doc in data["steps"]),
        data=data,
    )


def _default_id(docs: list[dict[str, Any]], index: int) -> str:
    return "trigger" if len(docs) == 1 else f"trigger_{index + 1}"


def _trigger(doc: dict[str, Any]) -> EventTrigger | EdgeTrigger:
    return _event(doc) if "event" in doc else _edge(doc)


def _event(doc: dict[str, Any]) -> EventTrigger:
    return EventTrigger(
        id=doc["id"],
        event=doc["event"],
        where=doc.get("where", {}),
        key_by=doc.get("key_by"),
        max_age=_duration(doc.get("max_age")) or DEFAULT_MAX_AGE,
        allow_chained=doc.get("allow_chained", False),
    )


def _edge(doc: dict[str, Any]) -> EdgeTrigger:
    return EdgeTrigger(
        id=doc["id"],
        condition=doc["becomes_true"],
        hold=_duration(doc.get("for")),
        rearm_when=doc.get("rearm_when"),
        rearm_for=_duration(doc.get("rearm_for")),
        once_per=doc.get("once_per", "episode"),
    )


def _policy(doc: dict[str, Any]) -> Policy:
    return Policy(**{**doc, "cooldown": _duration(doc.get("cooldown"))})


def _goal(doc: dict[str, Any] | None) -> Goal | None:
    if doc is None:
        return None
    return Goal(doc["when"], _duration(doc.get("within")), doc.get("on_goal", "exit") == "exit")


def _exit(index: int, doc: dict[str, Any]) -> Exit:
    return Exit(doc.get("id", f"exit_{index + 1}"), doc["when"])


def _step(doc: dict[str, Any]) -> Step:
    kind = next(key for key in doc if key != "id")
    return Step(doc["id"], kind, doc[kind])


def _duration(text: str | None) -> Duration | None:
    return parse_duration(text)
