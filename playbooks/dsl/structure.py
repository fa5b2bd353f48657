"""Is the data shaped as `schema.json` says? All errors at once, found by node key first.

A condition, trigger or step is one of many shapes. The key that is present (`metric`, `task` …)
says which one is meant, and only that shape's errors are reported. Reads the part of JSON Schema
that our own schema uses and no more.
"""

import functools
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from crm.lib.yaml_marks import Finding, Path, did_you_mean, nearest

Schema = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_FORMATS = {
    "dur": "a duration such as 30m, 12h, 7d, 2bd or 4w",
    "window": "a window such as 30d, 720h or billing_period",
    "id": "an id of lower case letters, digits and _",
}


@functools.cache
def schema() -> Schema:
    """The JSON Schema of format 1."""
    return json.loads((pathlib.Path(__file__).parent / "schema.json").read_text())


def findings(data: Any) -> list[Finding]:
    """Every place where `data` is not shaped as the schema says; empty when it is."""
    return list(_check(data, schema(), ()))


def _check(value: Any, node: Any, path: Path) -> Iterator[Finding]:
    if isinstance(node, bool):
        return
    if "$ref" in node:
        yield from _check_named(value, node["$ref"].removeprefix("#/$defs/"), path)
    elif "oneOf" in node:
        yield from _check_one_of(value, node, path)
    else:
        yield from _check_plain(value, node, path)


def _check_named(value: Any, name: str, path: Path) -> Iterator[Finding]:
    node = schema()["$defs"][name]
    found = list(_check(value, node, path))
    scalar = name in _FORMATS and (not isinstance(value, str) or found)
    if scalar and found:
        yield Finding(path, "bad_format", f"{_show(value)} is not {_FORMATS[name]}")
        return
    yield from found


def _check_one_of(value: Any, node: Schema, path: Path) -> Iterator[Finding]:
    shapes = [_resolve(shape) for shape in node["oneOf"]]
    if isinstance(value, dict):
        objects = _object_shapes(shapes)
        if objects:
            yield from _check_shape(value, objects, node.get("properties", {}), path)
            return
    if any(not list(_check(value, shape, path)) for shape in shapes):
        return
    yield _no_shape_fits(value, shapes, path)


def _object_shapes(shapes: list[Schema]) -> list[Schema]:
    """The object shapes among `shapes`, nested choices opened."""
    flat: list[Schema] = []
    for shape in shapes:
        inner = [_resolve(part) for part in shape["oneOf"]] if "oneOf" in shape else [shape]
        flat += [part for part in inner if "properties" in part]
    return flat


def _check_shape(value: dict[str, Any], shapes: list[Schema], common: Schema, path: Path) -> Iterator[Finding]:
    shape = _meant(value, shapes)
    if shape is None:
        yield from _unknown_node(value, shapes, common, path)
        return
    properties = {**shape["properties"], **common}
    yield from _check_plain(value, {**shape, "properties": properties, "type": "object"}, path)


def _meant(value: dict[str, Any], shapes: list[Schema]) -> Schema | None:
    """The shape whose node key (its first required key) is present."""
    candidates = [s for s in shapes if not s.get("required") or s["required"][0] in value]
    complete = [s for s in candidates if all(key in value for key in s.get("required", ()))]
    return next(iter(complete or candidates), None)


def _unknown_node(value: dict[str, Any], shapes: list[Schema], common: Schema, path: Path) -> Iterator[Finding]:
    known = {shape["required"][0] for shape in shapes}
    strangers = [key for key in value if key not in common]
    guess = next((key for key in strangers if nearest(key, known)), next(iter(strangers), None))
    if guess is None:
        yield Finding(path, "missing_key", "nothing says what this is", did_you_mean("", known))
        return
    yield Finding((*path, guess), "unknown_key", f"`{guess}` is not known here", did_you_mean(guess, known), on_key=True)


def _no_shape_fits(value: Any, shapes: list[Schema], path: Path) -> Finding:
    words = [word for shape in shapes for word in shape.get("enum", ())]
    if isinstance(value, str) and words:
        return Finding(path, "not_allowed", f"{_show(value)} is not allowed here", did_you_mean(value, words))
    return Finding(path, "wrong_type", f"{_show(value)} does not fit here")


def _check_plain(value: Any, node: Schema, path: Path) -> Iterator[Finding]:
    wrong = _type_problem(value, node, path)
    if wrong:
        yield wrong
        return
    yield from _check_limits(value, node, path)
    if isinstance(value, dict):
        yield from _check_object(value, node, path)
    elif isinstance(value, list) and "items" in node:
        for index, item in enumerate(value):
            yield from _check(item, node["items"], (*path, index))


def _type_problem(value: Any, node: Schema, path: Path) -> Finding | None:
    names = node.get("type", "object" if "properties" in node else [])
    names = [names] if isinstance(names, str) else names
    if not names or any(_is(value, name) for name in names):
        return None
    return Finding(path, "wrong_type", f"{_show(value)} should be {' or '.join(names)}")


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _check_limits(value: Any, node: Schema, path: Path) -> Iterator[Finding]:
    if "const" in node and value != node["const"]:
        yield Finding(path, "not_allowed", f"{_show(value)} should be {_show(node['const'])}")
    if "enum" in node and value not in node["enum"]:
        hint = did_you_mean(value, map(str, node["enum"]))
        yield Finding(path, "not_allowed", f"{_show(value)} is not allowed here", hint)
    if isinstance(value, str):
        yield from _check_text(value, node, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _check_number(value, node, path)
    elif isinstance(value, (list, dict)):
        yield from _check_size(value, node, path)


def _check_text(value: str, node: Schema, path: Path) -> Iterator[Finding]:
    if "pattern" in node and not re.search(node["pattern"], value):
        yield Finding(path, "bad_format", f"{_show(value)} does not match {node['pattern']}")
    if len(value) > node.get("maxLength", len(value)):
        yield Finding(path, "too_long", f"at most {node['maxLength']} characters are allowed")


def _check_number(value: float, node: Schema, path: Path) -> Iterator[Finding]:
    if value < node.get("minimum", value):
        yield Finding(path, "out_of_range", f"{value} is below {node['minimum']}")
    if value > node.get("maximum", value):
        yield Finding(path, "out_of_range", f"{value} is above {node['maximum']}")


def _check_size(value: Any, node: Schema, path: Path) -> Iterator[Finding]:
    least = node.get("minItems", node.get("minProperties", 0))
    if len(value) < (least or 0):
        kind = "entries" if isinstance(value, list) else "keys"
        known = [key for key in node.get("properties", {}) if key not in value]
        hint = f"add one of: {', '.join(sorted(known))}" if known else ""
        yield Finding(path, "too_few", f"at least {least} {kind} are needed", hint)
    if isinstance(value, list) and len(value) > node.get("maxItems", len(value)):
        yield Finding(path, "too_many", f"at most {node['maxItems']} entries are allowed")


def _check_object(value: dict[str, Any], node: Schema, path: Path) -> Iterator[Finding]:
    properties = node.get("properties", {})
    others = node.get("additionalProperties", True)
    unknown = [key for key in value if key not in properties] if others is False else []
    guesses = {nearest(key, properties) for key in unknown}
    for key in unknown:
        hint = did_you_mean(key, [name for name in properties if name not in value] or properties)
        yield Finding((*path, key), "unknown_key", f"`{key}` is not known here", hint, on_key=True)
    for key in node.get("required", ()):
        if key not in value and key not in guesses:
            yield Finding(path, "missing_key", f"`{key}` is missing")
    for key, item in value.items():
        if key not in unknown:
            yield from _check(item, properties.get(key, others), (*path, key))


def _resolve(node: Schema) -> Schema:
    return schema()["$defs"][node["$ref"].removeprefix("#/$defs/")] if "$ref" in node else node


def _show(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return json.dumps(value, ensure_ascii=False)
