"""What a shape cannot say: ids used once, inputs that exist, texts that can be filled, steps that can happen."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from crm.lib.yaml_marks import Finding, Path, did_you_mean
from customers.conditions.durations import parse_duration
from playbooks.dsl import templates
from playbooks.dsl.document import trigger_docs

_INPUT_TYPES: dict[str, tuple[type, ...]] = {"number": (int, float), "money": (int, float), "boolean": (bool,)}


def findings(data: dict[str, Any]) -> Iterator[Finding]:
    """Every such problem of structurally sound `data`."""
    yield from _timezone(data)
    yield from _inputs(data)
    yield from _input_uses(data, ())
    yield from _texts(data)
    yield from _trigger_ids(data)
    yield from _step_ids(data)
    yield from _steps(data)


def conditions(data: dict[str, Any]) -> Iterator[tuple[Path, Any, bool]]:
    """Every condition as (path, tree, inside a run). Only goals and exits are inside a run."""
    yield ("for_accounts",), data["for_accounts"], False
    yield from _trigger_conditions(data)
    if "only_if" in data:
        yield ("only_if",), data["only_if"], False
    if "goal" in data:
        yield ("goal", "when"), data["goal"]["when"], True
    for index, doc in enumerate(data.get("exit", ())):
        if isinstance(doc["when"], dict):
            yield ("exit", index, "when"), doc["when"], True


def _trigger_conditions(data: dict[str, Any]) -> Iterator[tuple[Path, Any, bool]]:
    for path, doc in trigger_paths(data):
        for key in ("becomes_true", "rearm_when"):
            if key in doc:
                yield (*path, key), doc[key], False


def trigger_paths(data: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    """Each trigger, with its id, and its path in the text."""
    listed = "any" in data["trigger"]
    paths = (("trigger", "any", i) if listed else ("trigger",) for i in range(len(trigger_docs(data))))
    return list(zip(paths, trigger_docs(data), strict=True))


def _timezone(data: dict[str, Any]) -> Iterator[Finding]:
    zone = data.get("timezone", "installation")
    if zone in ("installation", "account"):
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        known = {"installation", *available_timezones()}
        yield Finding(("timezone",), "unknown_timezone", f"`{zone}` is no time zone", _zone_hint(zone, known))


def _zone_hint(zone: str, known: set[str]) -> str:
    hint = did_you_mean(zone, known)
    return hint if hint.startswith("did") else "an IANA name such as Europe/Berlin"


def _inputs(data: dict[str, Any]) -> Iterator[Finding]:
    for name, spec in data.get("inputs", {}).items():
        value, path = spec["default"], ("inputs", name, "default")
        if not _has_type(value, spec["type"]):
            yield Finding(path, "wrong_type", f"the default of `{name}` should be {spec['type']}")
            continue
        yield from _input_limits(value, spec, path)


def _input_limits(value: Any, spec: dict[str, Any], path: Path) -> Iterator[Finding]:
    if "choices" in spec and value not in spec["choices"]:
        yield Finding(path, "not_allowed", f"{value!r} is none of the choices")
    if isinstance(value, (int, float)) and not spec.get("min", value) <= value <= spec.get("max", value):
        yield Finding(path, "out_of_range", f"{value} is outside min and max")


def _has_type(value: Any, kind: str) -> bool:
    if kind == "duration":
        return parse_duration(value) is not None
    types = _INPUT_TYPES.get(kind, (str,))
    return isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool))


def _input_uses(value: Any, path: Path) -> Iterator[Finding]:
    """Every `{input: name}` names a declared input of a number's type."""
    root = value if not path else None
    declared = root.get("inputs", {}) if root is not None else {}
    for name, place in _uses(value, path):
        if name not in declared:
            yield Finding((*place, "input"), "unknown_input", f"input `{name}` is not declared", did_you_mean(name, declared))
        elif declared[name]["type"] not in ("number", "money"):
            yield Finding((*place, "input"), "wrong_type", f"input `{name}` is no number")


def _uses(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, dict):
        if set(value) == {"input"} and isinstance(value["input"], str):
            yield value["input"], path
        for key, item in value.items():
            if (*path, key) != ("inputs",):
                yield from _uses(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _uses(item, (*path, index))


def _texts(data: dict[str, Any]) -> Iterator[Finding]:
    """Texts of steps may name only what exists when the step is reached."""
    earlier: set[str] = set()
    for index, step in enumerate(data["steps"]):
        for text, path in _strings(step, ("steps", index)):
            yield from _text(text, path, earlier, data.get("inputs", {}))
        earlier.add(step["id"])
    for key in ("goal", "exit"):
        for text, path in _strings(data.get(key, {}), (key,)):
            yield from _text(text, path, earlier, data.get("inputs", {}))


def _text(text: str, path: Path, earlier: set[str], inputs: dict[str, Any]) -> Iterator[Finding]:
    if "{{" not in text and "{%" not in text:
        return
    try:
        for reference in templates.references(text):
            yield from _reference(reference, path, earlier, inputs)
    except templates.TemplateError as error:
        yield Finding(path, "bad_template", str(error), error.hint)


def _reference(reference: templates.Reference, path: Path, earlier: set[str], inputs: dict[str, Any]) -> Iterator[Finding]:
    root, name = reference.parts[:2]
    known = {"steps": earlier, "inputs": set(inputs)}.get(root)
    if known is not None and name not in known:
        yield Finding(path, "bad_template", f"`{reference.path}` is not known here", did_you_mean(name, known))


def _strings(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, str):
        yield value, path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _strings(item, (*path, key))


def _trigger_ids(data: dict[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, doc in trigger_paths(data):
        if doc["id"] in seen:
            yield Finding((*path, "id"), "duplicate_id", f"trigger id `{doc['id']}` is given twice")
        seen.add(doc["id"])


def _step_ids(data: dict[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, step in enumerate(data["steps"]):
        if step["id"] in seen:
            yield Finding(("steps", index, "id"), "duplicate_id", f"step id `{step['id']}` is given twice")
        seen.add(step["id"])


def _steps(data: dict[str, Any]) -> Iterator[Finding]:
    if "wait" in data["steps"][-1]:
        place = ("steps", len(data["steps"]) - 1, "wait")
        yield Finding(place, "wait_at_end", "nothing follows this wait", "remove it or add a step", on_key=True)
    for index, step in enumerate(data["steps"]):
        yield from _CHECKS.get(next(k for k in step if k != "id"), _nothing)(step, ("steps", index))


def _offer(step: dict[str, Any], path: Path) -> Iterator[Finding]:
    offer = step["offer"]
    if offer["kind"] == "credit" and not {"amount", "formula", "percent"} & set(offer):
        yield Finding((*path, "offer"), "missing_key", "`amount` is missing", on_key=True)
    amount = offer.get("amount")
    if isinstance(amount, (int, float)) and amount <= 0:
        yield Finding((*path, "offer", "amount"), "out_of_range", "a credit is more than zero")


def _set(step: dict[str, Any], path: Path) -> Iterator[Finding]:
    if not step["set"]:
        yield Finding((*path, "set"), "too_few", "nothing to set", "add one of: add_tags, fields, remove_tags, stage")


def _nothing(step: dict[str, Any], path: Path) -> Iterator[Finding]:
    yield from ()


_CHECKS = {"offer": _offer, "set": _set}
