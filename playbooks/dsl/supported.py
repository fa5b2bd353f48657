"""What of format 1 this edition runs. The rest of the grammar is read, and refused by name.

A playbook must never be half understood: whatever would be ignored is an error here.
"""

from collections.abc import Iterator
from typing import Any

from crm.lib.yaml_marks import Finding, Path

CODE = "not_supported_yet"

DOCUMENT = {"holdout": "leave it out: every account is treated"}
TRIGGERS = ("event", "becomes_true")
POLICY_KEYS = ("reentry", "cooldown", "when_blocked", "concurrency", "existing_on_activate")
POLICY_VALUES = {"concurrency": ("skip", "parallel"), "existing_on_activate": ("baseline",)}
STEPS = ("task", "wait", "set", "offer")
TASK_KEYS = ("title", "body", "assign", "due_in", "priority", "merge_into_open")
OFFER_KEYS = ("kind", "amount", "currency", "cap", "deliver")
CONDITIONS = ("segment", "playbook_state", "step")
INPUT_TYPES = ("number", "string", "duration", "money", "boolean")


def findings(data: dict[str, Any]) -> Iterator[Finding]:
    """Every key or value of structurally sound `data` that this edition does not run."""
    yield from _refused(data, DOCUMENT, ())
    if data.get("timezone") == "account":
        yield _value(("timezone",), "`account`", ("installation", "an IANA name"))
    yield from _inputs(data)
    yield from _triggers(data)
    yield from _policy(data.get("policy", {}))
    yield from _ends(data)
    for index, step in enumerate(data["steps"]):
        yield from _step(step, ("steps", index))


def condition_findings(doc: Any, path: Path) -> Iterator[Finding]:
    """The same for one condition tree."""
    for part, place in _walk(doc, path):
        for key in CONDITIONS:
            if isinstance(part, dict) and key in part:
                yield _key((*place, key), key, ("field", "metric", "happened", "tag"))


def _inputs(data: dict[str, Any]) -> Iterator[Finding]:
    for name, spec in data.get("inputs", {}).items():
        if spec["type"] not in INPUT_TYPES:
            yield _value(("inputs", name, "type"), f"`{spec['type']}`", INPUT_TYPES)


def _triggers(data: dict[str, Any]) -> Iterator[Finding]:
    trigger = data["trigger"]
    listed = "any" in trigger
    for index, doc in enumerate(trigger["any"] if listed else [trigger]):
        path = ("trigger", "any", index) if listed else ("trigger",)
        for key in doc:
            if key in ("while_true", "change", "date", "sequence", "schedule", "manual"):
                yield _key((*path, key), key, TRIGGERS)


def _policy(policy: dict[str, Any]) -> Iterator[Finding]:
    for key, value in policy.items():
        if key not in POLICY_KEYS:
            yield _key(("policy", key), key, POLICY_KEYS)
        elif value not in POLICY_VALUES.get(key, (value,)):
            yield _value(("policy", key), f"`{value}`", POLICY_VALUES[key])


def _ends(data: dict[str, Any]) -> Iterator[Finding]:
    if "steps" in data.get("goal", {}):
        yield _key(("goal", "steps"), "steps", ("when", "within", "on_goal"))
    for index, doc in enumerate(data.get("exit", ())):
        for key in ("steps", "cancel_open_tasks"):
            if doc.get(key):
                yield _key(("exit", index, key), key, ("id", "when"))
        if doc["when"] in ("trigger_cleared", "playbook_archived"):
            yield _value(("exit", index, "when"), f"`{doc['when']}`", ("left_segment", "a condition"))


def _step(step: dict[str, Any], path: Path) -> Iterator[Finding]:
    kind = next(key for key in step if key != "id")
    if kind not in STEPS:
        yield _key((*path, kind), kind, STEPS)
        return
    yield from _STEP_CHECKS[kind](step[kind], (*path, kind))


def _task(args: dict[str, Any], path: Path) -> Iterator[Finding]:
    yield from _only(args, TASK_KEYS, path)
    assign = args.get("assign")
    if assign in ("round_robin", "least_open_tasks"):
        yield _value((*path, "assign"), f"`{assign}`", ("account_owner", "{user: …}"))
    if isinstance(assign, dict):
        yield from _assign(assign, (*path, "assign"))


def _assign(assign: dict[str, Any], path: Path) -> Iterator[Finding]:
    yield from _only(assign, ("user", "by", "fallback"), path)
    if assign.get("by", "account_owner") != "account_owner":
        yield _value((*path, "by"), f"`{assign['by']}`", ("account_owner",))
    if ":" in assign.get("fallback", ""):
        yield _value((*path, "fallback"), f"`{assign['fallback']}`", ("an e-mail address",))


def _offer(args: dict[str, Any], path: Path) -> Iterator[Finding]:
    if args["kind"] != "credit":
        yield _value((*path, "kind"), f"`{args['kind']}`", ("credit",))
    yield from _only(args, OFFER_KEYS, path)
    if args.get("deliver", "auto_apply") != "auto_apply":
        yield _value((*path, "deliver"), f"`{args['deliver']}`", ("auto_apply",))


def _wait(args: Any, path: Path) -> Iterator[Finding]:
    if isinstance(args, dict):
        yield from _only(args, ("for",), path)


def _set(args: dict[str, Any], path: Path) -> Iterator[Finding]:
    yield from ()


_STEP_CHECKS = {"task": _task, "offer": _offer, "wait": _wait, "set": _set}


def _refused(doc: dict[str, Any], refused: dict[str, str], path: Path) -> Iterator[Finding]:
    for key, hint in refused.items():
        if key in doc:
            yield Finding((*path, key), CODE, f"`{key}` is not supported yet", hint, on_key=True)


def _only(doc: dict[str, Any], supported: tuple[str, ...], path: Path) -> Iterator[Finding]:
    for key in doc:
        if key not in supported:
            yield _key((*path, key), key, supported)


def _key(path: Path, key: str, supported: tuple[str, ...]) -> Finding:
    return Finding(path, CODE, f"`{key}` is not supported yet", _instead(supported), on_key=True)


def _value(path: Path, shown: str, supported: tuple[str, ...]) -> Finding:
    return Finding(path, CODE, f"{shown} is not supported yet", _instead(supported))


def _instead(supported: tuple[str, ...]) -> str:
    return f"supported: {', '.join(supported)}"


def _walk(value: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    yield value, path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _walk(item, (*path, key))
