"""Which invoice lines are missing: a diff between what the history says and what exists.

`draft` proposes every line of the whole history up to `at`, subtracts what is billed, and
returns the difference. So a first run, a repeated run, a late run, a preview and a change
back in time are the same call, and calling it again after writing its result finds nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.engine.facts import BilledLine, Cycle, History, ItemFact, MissingLine, Period, Span
from billing.engine.pricing import FLAT, rate
from billing.engine.proration import prorate
from billing.engine.rounding import half_up
from billing.engine.schedule import clip, local_day, period_containing, schedule

PERIOD, CORRECTION = "period", "correction"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one item should cost over one span, once `due_at` has come."""

    item: ItemFact
    span: Span
    amount: int
    due_at: datetime


def draft(history: History, billed: Iterable[BilledLine], *, at: datetime, since: datetime | None = None) -> list[MissingLine]:
    """The lines that should exist at `at` and do not, in the order in which they fell due.

    `since` leaves out the periods that ended by then; `billed` must hold every line of the
    others (it may hold more).
    """
    existing = grouped(billed)
    missing: list[MissingLine] = []
    for item in history.items:
        missing += difference(history, item, existing.get(item.id, {}), at=at, since=since)
    return sorted(missing, key=lambda line: (line.due_at, line.item_id, line.period_start))


def difference(
    history: History,
    item: ItemFact,
    existing: dict[datetime, list[BilledLine]],
    *,
    at: datetime,
    since: datetime | None,
) -> list[MissingLine]:
    """What one item lacks: charges for spans never billed, corrections of the others."""
    oldest = floor(history, item, since)
    proposed = {p.span.start: p for p in proposals(history, item, at=at, oldest=oldest)}
    missing = [charge(p) for start, p in proposed.items() if start not in existing]
    for start, lines in existing.items():
        if oldest is None or start >= oldest:
            missing += correction(history, item, lines, proposed.get(start))
    return missing


def proposals(history: History, item: ItemFact, *, at: datetime, oldest: datetime | None) -> Iterator[Proposal]:
    """One proposal per period of the item that is owed by `at`."""
    begins, ends = validity(history, item)
    cycle = cycle_of(history, item)
    horizon = min(ends, at) if ends else at
    for period in schedule(cycle, since=max(begins, oldest) if oldest else begins, until=after(horizon)):
        span = clip(period, cycle.zone, begins, ends)
        due_at = max(span.start, begins) if item.price.in_advance else ended(period, ends)
        if span.first < span.end_day and due_at <= at:
            share = prorate(item.price.proration, period, span)
            amount = half_up(rate(item.price, item.quantity) * share)
            yield Proposal(item, span, amount, due_at)


def ended(period: Period, ends: datetime | None) -> datetime:
    """When the part of a period that an item fills is over."""
    return min(period.end, ends) if ends else period.end


def floor(history: History, item: ItemFact, since: datetime | None) -> datetime | None:
    """The start of the period that holds `since`; lines before it are settled."""
    if since is None:
        return None
    cycle = cycle_of(history, item)
    return period_containing(cycle, local_day(since, cycle.zone)).start


def validity(history: History, item: ItemFact) -> tuple[datetime, datetime | None]:
    """When the item is billed: its own validity inside that of the subscription."""
    ends = [instant for instant in (item.valid_until, history.ends_at) if instant]
    return max(item.valid_from, history.billed_from), min(ends, default=None)


def cycle_of(history: History, item: ItemFact) -> Cycle:
    return Cycle(history.anchor, item.price.interval, history.zone)


def after(instant: datetime) -> datetime:
    """Just after `instant`: a period that starts at it counts as begun."""
    return instant + instant.resolution


def grouped(billed: Iterable[BilledLine]) -> dict[int, dict[datetime, list[BilledLine]]]:
    """Per item and start of its span: the charge, then the corrections that refer to it."""
    lines = list(billed)
    groups = {line.id: [line] for line in lines if line.corrects is None}
    for line in lines:
        if line.corrects in groups:
            groups[line.corrects].append(line)
    by_item: dict[int, dict[datetime, list[BilledLine]]] = defaultdict(dict)
    for group in groups.values():
        by_item[group[0].item_id][group[0].period_start] = group
    return by_item


def charge(proposal: Proposal) -> MissingLine:
    span, item = proposal.span, proposal.item
    return MissingLine(
        item_id=item.id,
        kind=PERIOD,
        period_start=span.start,
        period_end=span.end,
        first=span.first,
        end_day=span.end_day,
        quantity=Decimal(1) if item.price.model == FLAT else item.quantity,
        amount=proposal.amount,
        due_at=proposal.due_at,
    )


def correction(history: History, item: ItemFact, lines: list[BilledLine], proposal: Proposal | None) -> list[MissingLine]:
    """The difference to what is billed for one span, as one line; none when they agree."""
    billed = lines[0]
    amount = (proposal.amount if proposal else 0) - sum(line.amount for line in lines)
    if not amount:
        return []
    start, end = sorted((billed_until(lines), proposal.span.end if proposal else billed.period_start))
    return [
        MissingLine(
            item_id=item.id,
            kind=CORRECTION,
            period_start=start,
            period_end=end,
            first=local_day(start, history.zone),
            end_day=local_day(end, history.zone),
            quantity=Decimal(1),
            amount=amount,
            due_at=validity(history, item)[1] or billed.period_start,
            corrects=billed.id,
            cause=f"change {len(lines)}",
        )
    ]


def billed_until(lines: list[BilledLine]) -> datetime:
    """Up to when a span is billed, by the charge and its corrections so far."""
    last = lines[-1]
    return last.period_start if last.amount < 0 and last.corrects else last.period_end


def next_due(history: History, *, at: datetime) -> datetime | None:
    """The earliest instant after `at` at which `draft` can find a new line, if any."""
    moments = (next_due_of(history, item, at) for item in history.items)
    return min((moment for moment in moments if moment), default=None)


def next_due_of(history: History, item: ItemFact, at: datetime) -> datetime | None:
    begins, ends = validity(history, item)
    if ends and ends <= max(at, begins):
        return None
    if begins > at:
        return begins if item.price.in_advance else first_end(history, item, begins, ends)
    if not item.price.in_advance:
        return first_end(history, item, at, ends)
    following = current_end(history, item, at)
    return following if ends is None or following < ends else None


def first_end(history: History, item: ItemFact, instant: datetime, ends: datetime | None) -> datetime:
    end = current_end(history, item, instant)
    return min(end, ends) if ends else end


def current_end(history: History, item: ItemFact, instant: datetime) -> datetime:
    cycle = cycle_of(history, item)
    return period_containing(cycle, local_day(instant, cycle.zone)).end
