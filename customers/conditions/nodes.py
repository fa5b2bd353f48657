"""The nodes of the condition language and the measures: frozen values without behaviour.

Reading them from a document is parse.py and parse_measures.py, what they mean is evaluate.py (in memory) and
to_sql.py (as SQL).
"""

from dataclasses import dataclass
from decimal import Decimal

from customers.conditions.durations import Duration
from customers.conditions.windows import Window

Scalar = str | bool | Decimal | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A value to compare with. `kind` (number, text, boolean, date, null) keeps 1 and true apart."""

    kind: str
    value: Scalar

    @property
    def number(self) -> Decimal:
        """The value of a limit of kind number."""
        if not isinstance(self.value, Decimal):
            raise TypeError(f"a limit of kind {self.kind} is no number")
        return self.value


@dataclass(frozen=True, slots=True)
class ValueTest:
    """One operator on a trait or a property. `exists` has one boolean limit, `in` and `not_in` have several."""

    op: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class PropTest:
    """A test on one property of an event."""

    prop: str
    test: ValueTest


@dataclass(frozen=True, slots=True)
class Cmp:
    """Comparisons of a number that must all hold: (operator, limits) where only `between` has two limits."""

    tests: tuple[tuple[str, tuple[Decimal, ...]], ...]


AT_LEAST_ONE = Cmp((("gte", (Decimal(1),)),))


# Numbers about an account: measures, and the insides of conditions.


@dataclass(frozen=True, slots=True)
class Quantity:
    """An aggregate of one event name over a window that is shifted back by `offset`."""

    event: str
    window: Window
    agg: str = "sum"
    offset: Duration | None = None
    where: tuple[PropTest, ...] = ()
    missing: str = "zero"


@dataclass(frozen=True, slots=True)
class Contrast:
    """A quantity now and its baseline (`to`). `min_history` None: the span that is read."""

    of: Quantity
    to: str
    min_history: Duration | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Percent of an allowance trait used since the window's start; `forecast` scales it to the period's end."""

    event: str
    allowance: str
    window: Window
    forecast: bool = False


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A numeric trait; booleans are 1 and 0, money is in major units of the reporting currency."""

    path: str


@dataclass(frozen=True, slots=True)
class ChangePct:
    """Signed change in percent against the baseline, for those whose baseline is within the limits."""

    of: Contrast
    baseline: Cmp | None = None


@dataclass(frozen=True, slots=True)
class DaysSince:
    """Local days since the last matching event; without any, since the account's start (`counts_from_start`)."""

    event: str
    where: tuple[PropTest, ...] = ()
    never: str = "counts_from_start"


@dataclass(frozen=True, slots=True)
class DaysUntil:
    """Local days until a date trait, negative once it has passed."""

    path: str


@dataclass(frozen=True, slots=True)
class AgeDays:
    """Local days since the account's start."""


@dataclass(frozen=True, slots=True)
class ConditionValue:
    """1 when the condition is true, 0 when false."""

    condition: "Node"


Measure = Quantity | Usage | FieldValue | ChangePct | DaysSince | DaysUntil | AgeDays | ConditionValue


# Conditions: true, false or unknown.


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class Field:
    """Tests on a trait. `currency` is that of the limits; empty means the reporting currency."""

    path: str
    tests: tuple[ValueTest, ...]
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    of: Quantity
    limit: Cmp


@dataclass(frozen=True, slots=True)
class Compare:
    """All given comparisons must hold; percentages are of the baseline."""

    of: Contrast
    baseline: Cmp | None = None
    current: Cmp | None = None
    drop_pct: Cmp | None = None
    rise_pct: Cmp | None = None
    change_abs: Cmp | None = None


@dataclass(frozen=True, slots=True)
class UsageOf:
    of: Usage
    limit: Cmp


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing matching for `duration` (and `grace`); the account's start counts as an event unless `never` says otherwise."""

    event: str
    duration: Duration
    where: tuple[PropTest, ...] = ()
    never: str = "counts_from_start"
    grace: Duration | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    of: Quantity
    limit: Cmp | None = None


@dataclass(frozen=True, slots=True)
class DateIs:
    """A date trait within the days to come, or overdue by at least so many."""

    path: str
    side: str
    duration: Duration


@dataclass(frozen=True, slots=True)
class Tag:
    name: str


@dataclass(frozen=True, slots=True)
class SinceRunStart:
    """Count of matching events after the start of the playbook's run."""

    event: str
    where: tuple[PropTest, ...] = ()
    limit: Cmp | None = None


Node = All | Any | Not | Field | Metric | Compare | UsageOf | Absent | Happened | DateIs | Tag | SinceRunStart
COMPARISONS = ("baseline", "current", "drop_pct", "rise_pct", "change_abs")


def walk(node: object) -> list[object]:
    """The node and everything below it, conditions and measures alike."""
    if isinstance(node, All | Any):
        return [node, *(each for part in node.parts for each in walk(part))]
    if isinstance(node, Not):
        return [node, *walk(node.part)]
    if isinstance(node, ConditionValue):
        return [node, *walk(node.condition)]
    inner = getattr(node, "of", None)
    return [node] if inner is None else [node, *walk(inner)]


def events_of(node: object) -> set[str]:
    """Event names that a condition or measure reads."""
    return {name for each in walk(node) if isinstance(name := getattr(each, "event", None), str)}


def paths_of(node: object) -> set[str]:
    """Trait paths that a condition or measure reads, those of the billing period included."""
    found = {path for each in walk(node) for key in ("path", "allowance") if isinstance(path := getattr(each, key, None), str)}
    found |= {f"tag.{each.name}" for each in walk(node) if isinstance(each, Tag)}
    if any(getattr(getattr(each, "window", None), "name", "") == "billing_period" for each in walk(node)):
        found |= {"period_start", "period_end"}
    return found
