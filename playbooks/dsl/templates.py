"""`{{ path|filter }}` inside texts: a closed list of roots and filters, no logic, no calls."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from crm.lib import money
from crm.lib.yaml_marks import did_you_mean

ROOTS = ("account", "trigger", "steps", "inputs")
FILTERS = ("money", "date", "number", "percent")
UNKNOWN = "unknown"

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_EXPRESSION = re.compile(r"^\s*([A-Za-z_][\w.\- ]*?)\s*(?:\|\s*(\w+)\s*)?$")


@dataclass(frozen=True)
class Reference:
    """One `{{ path|filter }}`: the dotted path and the filter's name, if any."""

    path: str
    filter: str | None = None

    @property
    def parts(self) -> list[str]:
        return self.path.split(".")


class TemplateError(ValueError):
    """The text holds something that is not `{{ path|filter }}`; `hint` names the nearest thing that is."""

    def __init__(self, message: str, hint: str = ""):
        self.hint = hint
        super().__init__(message)


def references(text: str) -> Iterator[Reference]:
    """Every reference in `text`. Raises TemplateError at the first that is not allowed."""
    if text.count("{{") != text.count("}}") or "{%" in text:
        raise TemplateError("braces are not closed", "write {{ account.name }}; there is no logic in texts")
    for match in _PLACE.finditer(text):
        yield _reference(match[1])


def render(text: str, values: Mapping[str, Any]) -> str:
    """`text` with every reference replaced; a value that is not known reads `unknown`."""
    return _PLACE.sub(lambda match: _shown(_reference(match[1]), values), text)


def resolve(text: str, values: Mapping[str, Any]) -> Any:
    """The value itself when `text` is exactly one reference without a filter, else the rendered text."""
    match = _PLACE.fullmatch(text.strip())
    if match and not _reference(match[1]).filter:
        return _look_up(_reference(match[1]), values)
    return render(text, values)


def _reference(inside: str) -> Reference:
    match = _EXPRESSION.match(inside)
    if not match:
        raise TemplateError(f"`{inside.strip()}` is not a path", "write {{ path|filter }}")
    reference = Reference(match[1], match[2])
    root = reference.parts[0]
    if root not in ROOTS or len(reference.parts) < 2:
        raise TemplateError(f"`{reference.path}` is not known", did_you_mean(root, ROOTS))
    if reference.filter and reference.filter not in FILTERS:
        raise TemplateError(f"filter `{reference.filter}` is not known", did_you_mean(reference.filter, FILTERS))
    return reference


def _shown(reference: Reference, values: Mapping[str, Any]) -> str:
    value = _look_up(reference, values)
    if value is None:
        return UNKNOWN
    return _FORMATS[reference.filter](value)


def _look_up(reference: Reference, values: Mapping[str, Any]) -> Any:
    """Walk the dotted path; at each level the longest remaining name wins, as trait paths hold dots."""
    value: Any = values
    parts = reference.parts
    while parts:
        if not isinstance(value, Mapping):
            return None
        size = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in value), None)
        if size is None:
            return None
        value = value[".".join(parts[:size])]
        parts = parts[size:]
    return value


def _money(value: Any) -> str:
    if isinstance(value, Mapping) and "minor" in value:
        return money.display(value["minor"], value["currency"])
    return _number(value)


def _date(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    return f"{value.day} {value:%B %Y}" if isinstance(value, (date, datetime)) else str(value)


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return _plain(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _percent(value: Any) -> str:
    """Cut to one place as the explanation does, so that the title of a task and its reason say the same."""
    if not isinstance(value, bool) and isinstance(value, (int, float, Decimal)):
        value = Decimal(str(value)).quantize(Decimal("0.1"), ROUND_DOWN)
    return f"{_number(value)}%"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (float, Decimal)):
        return f"{value:.0f}" if value == int(value) else f"{value:.1f}"
    return _money(value) if isinstance(value, Mapping) and "minor" in value else str(value)


_FORMATS = {None: _plain, "money": _money, "date": _date, "number": _number, "percent": _percent}
