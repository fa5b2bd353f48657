"""A scorecard from its YAML text: shape and meaning checked, every mistake with its line, column and a hint.

Versions and publishing live in customers.scorecards; docs/health.md describes the language.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from crm.lib.yaml_marks import DocumentError, Finding, Path, did_you_mean
from crm.lib.yaml_marks import load as load_yaml
from customers.conditions.errors import ConditionError
from customers.conditions.measures import parse_measure
from customers.conditions.nodes import AgeDays, ChangePct, ConditionValue, DaysSince, DaysUntil, Measure, Usage
from customers.scoring import MISSING, Card, Factor, Linear, Shape, Steps

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
CARD_KEYS = ("scorecard", "format", "name", "bands", "missing", "min_known", "factors")
FACTOR_KEYS = ("key", "label", "weight", "value", "shape", "missing", "says")
SAYS = {
    ChangePct: "{label} {value} %",
    Usage: "{label} {value} %",
    DaysSince: "{label} {value} {day|days}",
    DaysUntil: "{label} {value} {day|days}",
    AgeDays: "{label} {value} {day|days}",
    ConditionValue: "{label}",
}


def read(text: str | bytes) -> tuple[Card, dict[str, Any]]:
    """The scorecard in `text` and its plain document. Raises DocumentError with every problem at its line and column."""
    loaded = load_yaml(text)
    reading = Reading()
    card = reading.card(loaded.data)
    if reading.findings or card is None:
        raise DocumentError({loaded.locate(finding) for finding in reading.findings})
    return card, loaded.data


def build(doc: dict[str, Any]) -> Card:
    """The scorecard of a stored, checked document."""
    card = Reading().card(doc)
    if card is None:
        raise ValueError("this document is no scorecard")
    return card


class Reading:
    """Reads one document and collects what is wrong with it."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def wrong(self, path: Path, code: str, message: str, hint: str = "", *, on_key: bool = False) -> None:
        self.findings.append(Finding(path, code, message, hint, on_key))

    def card(self, doc: Any) -> Card | None:
        if not self.mapping(doc, (), CARD_KEYS, required=("scorecard", "format", "name", "factors")):
            return None
        if doc.get("format", 1) != 1:
            self.wrong(("format",), "bad_format", f"format {doc['format']} is not known", "write format: 1")
        key, name = self.key(doc, ("scorecard",)), self.text(doc, ("name",), 120)
        good, watch = self.bands(doc)
        default = self.choice(doc, ("missing",), MISSING, "share_out")
        factors = self.factors(doc.get("factors"), default)
        most = self.known(doc, factors)
        return None if self.findings else Card(key, name, factors, good, watch, most)

    def mapping(self, doc: Any, path: Path, keys: tuple[str, ...], required: tuple[str, ...] = ()) -> bool:
        """Whether `doc` is a mapping; unknown and missing keys are noted."""
        if not isinstance(doc, dict):
            self.wrong(path, "not_a_mapping", "keys and values are expected here", f"for example {keys[0]}: …")
            return False
        for key in doc:
            if key not in keys:
                self.wrong((*path, key), "unknown_key", f"`{key}` is not known here", did_you_mean(key, keys), on_key=True)
        for key in required:
            if key not in doc:
                self.wrong(path, "missing_key", f"`{key}` is missing", f"add {key}:")
        return True

    def key(self, doc: dict[str, Any], path: Path) -> str:
        value = doc.get(path[-1])
        if value is not None and not (isinstance(value, str) and KEY.fullmatch(value)):
            self.wrong(path, "bad_key", "a key has small letters, digits, - and _ only", "for example login-trend")
        return str(value)

    def text(self, doc: dict[str, Any], path: Path, limit: int) -> str:
        value = doc.get(path[-1], "")
        if not isinstance(value, str) or len(value) > limit or (path[-1] in doc and not value.strip()):
            self.wrong(path, "bad_text", f"a text of 1 to {limit} characters is expected")
        return str(value)

    def choice(self, doc: dict[str, Any], path: Path, options: tuple[str, ...], default: str) -> str:
        value = doc.get(path[-1], default)
        if value not in options:
            self.wrong(path, "bad_value", f"`{value}` is not possible", did_you_mean(value, options))
            return default
        return str(value)

    def bands(self, doc: dict[str, Any]) -> tuple[int, int]:
        bands = doc.get("bands", {"good": 70, "watch": 40})
        if not self.mapping(bands, ("bands",), ("good", "watch"), required=("good", "watch")):
            return 70, 40
        good, watch = bands.get("good", 70), bands.get("watch", 40)
        if not (is_whole(good) and is_whole(watch) and 0 < watch < good <= 100):
            self.wrong(("bands",), "bad_bands", "whole numbers with 0 < watch < good ≤ 100 are expected", "bands: {good: 70, watch: 40}")
        return good, watch

    def known(self, doc: dict[str, Any], factors: tuple[Factor, ...]) -> int:
        value = doc.get("min_known", 1)
        if not is_whole(value) or not 1 <= value <= max(len(factors), 1):
            self.wrong(("min_known",), "bad_number", "a number from 1 to the number of factors is expected", "min_known: 2")
        return value

    def factors(self, docs: Any, missing: str) -> tuple[Factor, ...]:
        if not isinstance(docs, list) or not docs:
            self.wrong(("factors",), "not_a_list", "a list of factors is expected", "- {key: …, label: …, weight: …, value: …, shape: …}")
            return ()
        found = [self.factor(doc, ("factors", i), missing) for i, doc in enumerate(docs)]
        keys: set[str] = set()
        for i, doc in enumerate(docs):
            key = doc.get("key") if isinstance(doc, dict) else None
            if isinstance(key, str) and key in keys:
                self.wrong(("factors", i, "key"), "duplicate_key", f"two factors have the key `{key}`", "history hangs on the key")
            keys.add(str(key))
        return tuple(factor for factor in found if factor)

    def factor(self, doc: Any, path: Path, default: str) -> Factor | None:
        before = len(self.findings)
        if not self.mapping(doc, path, FACTOR_KEYS, required=("key", "label", "weight", "value", "shape")):
            return None
        key, label = self.key(doc, (*path, "key")), self.text(doc, (*path, "label"), 60)
        weight = self.number(doc.get("weight", 1), (*path, "weight"))
        if weight is not None and not 0 < weight <= 1000:
            self.wrong((*path, "weight"), "bad_weight", "a weight is above 0 and at most 1000")
        measure = self.measure(doc["value"], (*path, "value")) if "value" in doc else None
        shape = self.shape(doc["shape"], (*path, "shape")) if "shape" in doc else None
        missing = self.choice(doc, (*path, "missing"), MISSING, default)
        says = self.text(doc, (*path, "says"), 120) or SAYS.get(type(measure), "{label} {value}")
        if len(self.findings) > before or weight is None or measure is None or shape is None:
            return None
        return Factor(key, label, weight, measure, shape, missing, says)

    def number(self, value: Any, path: Path) -> Decimal | None:
        """A number with at most four decimals."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            exact = Decimal(str(value)).normalize()
            if exact.is_finite() and exact.as_tuple().exponent >= -4 and abs(exact) <= 10**12:
                return exact
        self.wrong(path, "bad_number", f"`{value}` is not a number with at most four decimals")
        return None

    def measure(self, doc: Any, path: Path) -> Measure | None:
        try:
            return parse_measure(doc)
        except ConditionError as error:
            for problem in error.problems:
                on_key = problem.code in {"unknown_key", "not_supported_yet"}
                self.wrong((*path, *problem.path), problem.code, problem.message, problem.hint, on_key=on_key)
        return None

    def shape(self, doc: Any, path: Path) -> Shape | None:
        if not self.mapping(doc, path, ("steps", "below", "linear")):
            return None
        readers: dict[str, Callable[[dict[str, Any], Path], Shape | None]] = {"steps": self.steps, "linear": self.linear}
        present = [key for key in readers if key in doc]
        if len(present) != 1:
            self.wrong(path, "bad_shape", "a shape has either steps or linear", "shape: {linear: {from: -60, to: 0}}")
            return None
        return readers[present[0]](doc, path)

    def linear(self, doc: dict[str, Any], path: Path) -> Linear | None:
        ends, place = doc["linear"], (*path, "linear")
        if "below" in doc:
            self.wrong((*path, "below"), "unknown_key", "`below` belongs to steps", "a linear shape is bounded by itself", on_key=True)
        if not self.mapping(ends, place, ("from", "to"), required=("from", "to")) or not {"from", "to"} <= ends.keys():
            return None
        start, end = self.number(ends["from"], (*place, "from")), self.number(ends["to"], (*place, "to"))
        if start is None or end is None:
            return None
        if start == end:
            self.wrong(place, "bad_shape", "from and to are the same", "use steps for a single limit")
        return Linear(start, end)

    def steps(self, doc: dict[str, Any], path: Path) -> Steps | None:
        rows = doc["steps"]
        if not isinstance(rows, list) or not rows:
            self.wrong((*path, "steps"), "not_a_list", "a list of [limit, share] is expected", "steps: [[0, 0], [3, 50], [8, 100]]")
            return None
        pairs = [self.step(row, (*path, "steps", i)) for i, row in enumerate(rows)]
        limits = [pair[0] for pair in pairs if pair]
        if limits != sorted(set(limits)):
            self.wrong((*path, "steps"), "bad_order", "limits must rise from step to step", "each is read as: from LIMIT on, SHARE percent")
        below = self.percent(doc.get("below", 0), (*path, "below"))
        return Steps(tuple(pair for pair in pairs if pair), below or Decimal(0))

    def step(self, row: Any, path: Path) -> tuple[Decimal, Decimal] | None:
        if not isinstance(row, list) or len(row) != 2:
            self.wrong(path, "bad_step", "a step is [limit, share]", "[3, 50] means: from 3 on, half of the points")
            return None
        limit, share = self.number(row[0], (*path, 0)), self.percent(row[1], (*path, 1))
        return None if limit is None or share is None else (limit, share)

    def percent(self, value: Any, path: Path) -> Decimal | None:
        found = self.number(value, path)
        if found is not None and not 0 <= found <= 100:
            self.wrong(path, "bad_share", "a share is a percentage from 0 to 100", "100 means all points of the factor")
            return None
        return found


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
