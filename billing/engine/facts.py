"""The shapes that billing arithmetic works on. No arithmetic here."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

DAY, WEEK, MONTH, QUARTER, YEAR = "day", "week", "month", "quarter", "year"


@dataclass(frozen=True, slots=True)
class Interval:
    """A length of calendar time: `count` days, weeks, months, quarters or years."""

    unit: str = MONTH
    count: int = 1


@dataclass(frozen=True, slots=True)
class Cycle:
    """The calendar of a subscription: every border is counted from `anchor`, in `zone`."""

    anchor: date
    interval: Interval
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of local days [first, end_day) and the same as instants in UTC.

    `number` counts from the anchor; the period that starts at the anchor has number 0.
    """

    number: int
    first: date
    end_day: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a period, half-open, in local days and as instants in UTC."""

    first: date
    end_day: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: no limit) cost `unit_amount` each, plus a flat fee."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Proration:
    """How a part of a period is charged: `unit` is none, day (default) or second."""

    unit: str = DAY


@dataclass(frozen=True, slots=True)
class PriceFact:
    """What one item costs per interval; amounts are minor units of `currency`."""

    model: str
    currency: str
    unit_amount: Decimal
    interval: Interval
    in_advance: bool = True
    proration: Proration = field(default_factory=Proration)
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemFact:
    """One price in one quantity, valid over [valid_from, valid_until)."""

    id: int
    price: PriceFact
    quantity: Decimal
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Everything about one subscription that decides its lines.

    Nothing is billed before `billed_from` (the end of the trial) or from `ends_at` on.
    """

    anchor: date
    zone: str
    billed_from: datetime
    items: tuple[ItemFact, ...]
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line that exists and is not voided. `corrects` is the id of the line it corrects."""

    id: int
    item_id: int
    period_start: datetime
    period_end: datetime
    amount: int
    corrects: int | None = None


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A line that should exist and does not: a charge, or the correction of a billed line.

    `due_at` is the instant from which it was owed; a run groups its invoices by it.
    """

    item_id: int
    kind: str
    period_start: datetime
    period_end: datetime
    first: date
    end_day: date
    quantity: Decimal
    amount: int
    due_at: datetime
    corrects: int | None = None
    cause: str = ""
