"""Short ways to write facts in tests of the engine."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from billing.engine.facts import BilledLine, History, Interval, ItemFact, MissingLine, PriceFact
from billing.engine.invoicing import draft


def at(text: str, zone: str = "UTC") -> datetime:
    """An instant from ISO text that is local to `zone`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def price(amount="6000", *, model="flat", unit="month", every=1, in_advance=True, **more) -> PriceFact:
    return PriceFact(model, "EUR", Decimal(amount), Interval(unit, every), in_advance=in_advance, **more)


def item(number=1, *, since, until=None, quantity=1, cost=None) -> ItemFact:
    return ItemFact(number, cost or price(), Decimal(quantity), since, until)


def history(*items: ItemFact, zone="UTC", ends_at=None, billed_from=None) -> History:
    begins = billed_from or min(one.valid_from for one in items)
    anchor = begins.astimezone(ZoneInfo(zone)).date()
    return History(anchor, zone, begins, items, ends_at)


def written(missing: list[MissingLine], numbers=None) -> list[BilledLine]:
    """The lines as they are once a run has written them."""
    ids = numbers or count(1)
    return [BilledLine(next(ids), line.item_id, line.period_start, line.period_end, line.amount, line.corrects) for line in missing]


def run_daily(facts: History, days: list[datetime]) -> tuple[list[MissingLine], list[BilledLine]]:
    """Every line that runs at these instants write, one after the other."""
    lines: list[MissingLine] = []
    billed: list[BilledLine] = []
    numbers = count(1)
    for day in days:
        missing = draft(facts, billed, at=day)
        lines += missing
        billed += written(missing, numbers)
    return lines, billed
