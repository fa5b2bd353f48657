"""A JSON text as lines for reading, with the line of a bad field marked. Pure: text and a path in, lines out.

Paths are dotted as in quarantine: `context.groupId`, `properties.items.0.price`. A field that is missing marks the object
that lacks it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONGEST = 64 * 1024
STEP = "  "


@dataclass(frozen=True, slots=True)
class Line:
    """One line of indented JSON; `bad` where the fault lies."""

    text: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """What could be read: `lines`, or `error` with where reading stopped. `missing`: the bad field is not there at all."""

    lines: list[Line]
    error: str = ""
    missing: bool = False


def marked(text: str, path: str = "") -> Marked:
    """`text` read as JSON, one line a field, at most 64 kB of it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Marked([], str(error))
    steps = [step for step in path.split(".") if step]
    deepest = reach(value, steps)
    found = steps[:deepest]
    lines = list(cut(written(value, "", found if steps else None, "", "")))
    return Marked(lines, missing=deepest < len(steps))


def reach(value: Any, steps: list[str]) -> int:
    """How many steps of a path lead to something."""
    for n, step in enumerate(steps):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return n
    return len(steps)


def written(value: Any, indent: str, steps: list[str] | None, label: str, end: str) -> Iterator[Line]:
    """Lines of a value. `steps` is what is left of the way to the fault; empty: it is here; None: it is elsewhere."""
    here = steps == []
    if not isinstance(value, dict | list) or not value:
        yield Line(f"{indent}{label}{json.dumps(value, ensure_ascii=False)}{end}", here)
        return
    pairs = list(value.items()) if isinstance(value, dict) else [(str(n), each) for n, each in enumerate(value)]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    yield Line(f"{indent}{label}{opening}", here)
    for n, (name, each) in enumerate(pairs):
        left = steps[1:] if steps and steps[0] == name else None
        called = f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(value, dict) else ""
        yield from written(each, indent + STEP, left, called, "," if n + 1 < len(pairs) else "")
    yield Line(f"{indent}{closing}{end}", here)


def cut(lines: Iterator[Line]) -> Iterator[Line]:
    """Lines up to 64 kB, then one that says so."""
    size = 0
    for line in lines:
        size += len(line.text)
        if size > LONGEST:
            yield Line("… cut at 64 kB")
            return
        yield line
