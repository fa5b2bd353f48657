"""From records to the engine and back: which lines subscriptions lack, and how they read. Writes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby

from billing.engine.facts import BilledLine, MissingLine
from billing.engine.invoicing import CORRECTION, draft
from billing.engine.schedule import longest
from billing.models import InvoiceLine, Subscription, SubscriptionItem


@dataclass(slots=True)
class Draft:
    """The lines of one subscription that fell due at one instant: they make one invoice."""

    subscription: Subscription
    due_at: datetime
    lines: list[MissingLine] = field(default_factory=list)

    @property
    def amounts(self) -> list[int]:
        return [line.amount for line in self.lines]


def missing_drafts(subscriptions: Sequence[Subscription], *, at: datetime) -> list[Draft]:
    """What these subscriptions (loaded with `with_items()`) lack at `at`, oldest first. One query for all of them."""
    billed = billed_lines(subscriptions, at=at)
    found = [one for subscription in subscriptions for one in drafts_of(subscription, billed, at)]
    return sorted(found, key=lambda one: (one.due_at, one.subscription.account_id, one.subscription.pk))


def drafts_of(subscription: Subscription, billed: dict[int, list[BilledLine]], at: datetime) -> list[Draft]:
    items = subscription.history
    lines = [line for item in items for line in billed.get(item.pk, ())]
    missing = draft(subscription.facts(items), lines, at=horizon(subscription, at), since=reach(subscription, at))
    return [Draft(subscription, due_at, list(group)) for due_at, group in groupby(missing, key=lambda line: line.due_at)]


def horizon(subscription: Subscription, at: datetime) -> datetime:
    """Up to when it is billed: billing never goes back behind an instant up to which it ran before."""
    return max(at, subscription.settled_until or at)


def reach(subscription: Subscription, at: datetime) -> datetime | None:
    """From when on its periods are looked at: a change at `at` may correct what was billed beyond it."""
    return min(at, subscription.settled_until) if subscription.settled_until else None


def billed_lines(subscriptions: Sequence[Subscription], *, at: datetime) -> dict[int, list[BilledLine]]:
    """Lines that stand, by item id, back to the oldest period that may be unsettled."""
    item_ids = [item.pk for subscription in subscriptions for item in subscription.history]
    if not item_ids:
        return {}
    oldest = min(unsettled_from(subscription, at) for subscription in subscriptions)
    rows = InvoiceLine.objects.filter(item_id__in=item_ids, voided=False, period_start__gte=oldest)
    by_item: dict[int, list[BilledLine]] = defaultdict(list)
    for row in rows.order_by("id").values_list("id", "item_id", "period_start", "period_end", "amount_minor", "corrects_id"):
        by_item[row[1]].append(BilledLine(*row))
    return by_item


def unsettled_from(subscription: Subscription, at: datetime) -> datetime:
    """No line that matters for what is still to be billed starts before this."""
    period = max((longest(item.price.fact().interval) for item in subscription.history), default=timedelta(0))
    return (reach(subscription, at) or subscription.billed_from) - period - timedelta(days=1)


def describe(line: MissingLine, item: SubscriptionItem) -> str:
    """ "Growth, 1 Jun - 30 Jun 2025", as people read it: both days included."""
    name = item.price.plan.name
    if line.kind == CORRECTION:
        name = f"{'Unused' if line.amount < 0 else 'Additional'} time on {name}"
    return f"{name}, {days(line.first, line.end_day)}"


def days(first: date, end_day: date) -> str:
    last = max(first, end_day - timedelta(days=1))
    if first == last:
        return f"{first.day} {first:%b %Y}"
    start = f"{first.day} {first:%b}" if first.year == last.year else f"{first.day} {first:%b %Y}"
    return f"{start} – {last.day} {last:%b %Y}"


def items_by_id(subscriptions: Iterable[Subscription]) -> dict[int, SubscriptionItem]:
    return {item.pk: item for subscription in subscriptions for item in subscription.history}
