"""What the rest of the product knows about an account's billing: traits, stated from the records as they stand."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Sum

from billing.engine.facts import Cycle
from billing.engine.mrr import monthly
from billing.engine.rounding import half_up
from billing.engine.schedule import local_day, period_containing
from billing.models import Invoice, Price, Subscription, SubscriptionItem
from billing.notices import number
from customers.traits import TraitFact, current_values, set_traits_batch

ACTOR = {"kind": "system", "name": "Billing"}
PAYING = {Subscription.Status.ACTIVE, Subscription.Status.PAST_DUE, Subscription.Status.CANCELLED}


def write_standing(
    account_ids: Iterable[int], *, at: datetime, loaded: Sequence[Subscription] = (), cause: dict[str, Any] | None = None
) -> int:
    """State the billing traits of these accounts as of `at`, in a constant number of statements. Returns how many changed.

    `loaded` are those of their subscriptions that the caller has in memory as they now stand, so that they are not read again.
    An account that never had a subscription gets `overdue_amount` only.
    """
    ids = set(account_ids)
    if not ids:
        return 0
    held: dict[int, list[Subscription]] = defaultdict(list)
    others = Subscription.objects.filter(account_id__in=ids).exclude(pk__in=[one.pk for one in loaded]).with_items()
    for subscription in sorted([*loaded, *others], key=lambda one: one.pk):
        held[subscription.account_id].append(subscription)
    overdue = overdue_by_account(ids)
    stated = {account: standing(held[account], overdue.get(account), at) for account in sorted(ids)}
    facts = [TraitFact(account, path, value, at, cause=cause) for account, path, value in news(stated)]
    return set_traits_batch(facts, at=at, actor=ACTOR, writer="billing")


def news(stated: dict[int, dict[str, Any]]) -> Iterator[tuple[int, str, Any]]:
    """What differs from what is known: most of an account's standing stays as it was. One query."""
    paths = {path for values in stated.values() for path in values}
    known = current_values(list(stated), sorted(paths)) if paths else {}
    for account, values in stated.items():
        before = known.get(account, {})
        yield from ((account, path, value) for path, value in values.items() if value != before.get(path))


def overdue_by_account(account_ids: set[int]) -> dict[int, dict[str, Any]]:
    """What is past due per account, as money. One query."""
    rows = Invoice.objects.past_due().filter(account_id__in=account_ids).values_list("account_id", "currency")
    return {account: {"minor": due, "currency": currency} for account, currency, due in rows.annotate(due=Sum("due_minor"))}


def standing(subscriptions: list[Subscription], overdue: dict[str, Any] | None, at: datetime) -> dict[str, Any]:
    """All billing traits of one account; None for what it no longer has."""
    if not subscriptions:
        return {"overdue_amount": overdue} if overdue else {}
    currency = subscriptions[-1].currency
    running = [one for one in subscriptions if one.status != Subscription.Status.ENDED]
    return {
        **revenue(running, currency),
        **of_main(main_of(running), at),
        **allowances(subscriptions, main_of(running)),
        "seats": seats(running),
        "overdue_amount": overdue or {"minor": 0, "currency": currency},
        "lifecycle": lifecycle(running),
    }


def lifecycle(running: list[Subscription]) -> str:
    if any(one.status in PAYING and not in_trial(one) for one in running):
        return "customer"
    return "trial" if running else "churned"


def in_trial(subscription: Subscription) -> bool:
    """Whether its trial has not been billed yet, cancelled or not."""
    return subscription.status == Subscription.Status.TRIALING or (
        subscription.trial_end is not None and subscription.cancel_at is not None and subscription.cancel_at <= subscription.trial_end
    )


def revenue(running: list[Subscription], currency: str) -> dict[str, Any]:
    """MRR and ARR; trials count nothing, ARR is twelve times the exact MRR."""
    paying = [one for one in running if one.status in PAYING and not in_trial(one)]
    exact = sum((monthly(i.price.fact(), i.quantity) for one in paying for i in current_items(one)), Fraction(0))
    return {
        "mrr": {"minor": half_up(exact), "currency": currency},
        "arr": {"minor": half_up(12 * exact), "currency": currency},
    }


def current_items(subscription: Subscription) -> list[SubscriptionItem]:
    """The items that hold now, from the history loaded with `with_items()`."""
    return [item for item in subscription.history if item.valid_until is None]


def main_of(running: list[Subscription]) -> Subscription | None:
    """The subscription whose plan stands for the account: the highest rank, then the newest."""
    return max((one for one in running if current_items(one)), key=lambda one: (plan_item(one).price.plan.rank, one.pk), default=None)


def plan_item(subscription: Subscription) -> SubscriptionItem:
    """The item of the plan that holds now, else the last one that did."""
    current = current_items(subscription) or subscription.history
    return min(current, key=lambda item: item.slot) if current_items(subscription) else current[-1]


def of_main(subscription: Subscription | None, at: datetime) -> dict[str, Any]:
    if subscription is None:
        return dict.fromkeys(("plan", "plan.is_top", "renewal_date", "period_start", "period_end", "auto_renew", "billing_mode"))
    item = plan_item(subscription)
    start, end = current_period(subscription, item, at)
    return {
        "plan": item.price.plan.key,
        "plan.is_top": item.price.plan.is_top,
        "renewal_date": subscription.renewal_date.isoformat() if subscription.renewal_date else None,
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "auto_renew": subscription.auto_renew and subscription.status != Subscription.Status.CANCELLED,
        "billing_mode": subscription.billing_mode,
    }


def current_period(subscription: Subscription, item: SubscriptionItem, at: datetime) -> tuple[datetime, datetime]:
    """The billing period that holds `at`, in UTC; during a trial, the trial."""
    if subscription.trial_end and at < subscription.trial_end:
        return subscription.started_at, subscription.trial_end
    cycle = Cycle(subscription.anchor_on, item.price.fact().interval, subscription.zone)
    period = period_containing(cycle, local_day(at, subscription.zone))
    return period.start, period.end


def allowances(subscriptions: list[Subscription], main: Subscription | None) -> dict[str, Any]:
    """`plan.allowance.NAME` of the present plan, and None for those of the plans before it."""
    known = {name for one in subscriptions for item in one.history for name in item.price.plan.allowances}
    present = plan_item(main).price.plan.allowances if main else {}
    return {f"plan.allowance.{name}": present.get(name) for name in sorted(known)}


def seats(running: list[Subscription]) -> int | float | None:
    counted = [item.quantity for one in running for item in current_items(one) if item.price.model == Price.Model.UNIT]
    return number(sum(counted, Decimal(0))) if counted else None
