"""What the verbs of a subscription share: opening one under its lock, and replacing what it pays for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing import notices
from billing.engine.schedule import local_day
from billing.errors import (
    AccountOnHold,
    BeforeStart,
    CurrencyMismatch,
    NothingChanges,
    PlanArchived,
    QuantityNotPositive,
    SubscriptionEnded,
    SubscriptionMirrored,
)
from billing.locks import lock_accounts
from billing.models import BillingHold, Price, ScheduledChange, Subscription, SubscriptionItem
from billing.renewals import bring_up_to
from billing.standing import current_period, plan_item
from crm.models import User


@dataclass(frozen=True, slots=True)
class Opened:
    """A subscription read under the lock of its account, billed up to now, and the item of its plan."""

    subscription: Subscription
    item: SubscriptionItem


def opened(subscription: Subscription, at: datetime) -> Opened:
    """Lock the account, read again, and first do what was due before this change, so that the order of runs never matters."""
    lock_accounts([subscription.account_id])
    if BillingHold.objects.filter(account_id=subscription.account_id).exists():
        raise AccountOnHold("Billing of this account is on hold until somebody has looked.")
    found = Subscription.objects.with_items().get(pk=subscription.pk)
    if found.next_due_at and found.next_due_at <= at:
        bring_up_to([found], at=at)
        found = Subscription.objects.with_items().get(pk=subscription.pk)
    return Opened(found, plan_item(found))


def changeable(subscription: Subscription, at: datetime) -> None:
    """Refuse what has ended, is kept elsewhere, or had not started at `at`."""
    if subscription.origin == Subscription.Origin.MIRRORED:
        raise SubscriptionMirrored("This subscription is kept in another system; change it there.")
    if subscription.status == Subscription.Status.ENDED:
        raise SubscriptionEnded(f"The subscription ended on {subscription.ended_at:%-d %b %Y}.")
    if at < max(item.valid_from for item in subscription.history):
        raise BeforeStart("The change lies before the last one.")


def check_price(price: Price, currency: str, *, unless: Price | None = None) -> None:
    """Refuse a price that is off sale (keeping the one in use is fine) or in another currency."""
    if price != unless and (price.archived_at or price.plan.archived_at):
        raise PlanArchived(f"{price.plan} is no longer on sale at this price.")
    if currency and price.currency != currency:
        raise CurrencyMismatch(f"The account pays in {currency}; this price is in {price.currency}.")


def check_change(item: SubscriptionItem, price: Price, quantity: Decimal) -> None:
    if quantity <= 0:
        raise QuantityNotPositive("The quantity stays above 0; cancel to end a subscription.")
    if price == item.price and quantity == item.quantity:
        raise NothingChanges("The subscription has this price and quantity already.")


def replace_now(work: Opened, price: Price, quantity: Decimal, *, at: datetime, by: User | None) -> Subscription:
    """End the item at `at` and start another; the run's own code credits and charges."""
    check_change(work.item, price, quantity)
    work.item.valid_until = at
    work.item.save(update_fields=["valid_until"])
    after = SubscriptionItem.objects.create(
        subscription=work.subscription, slot=work.item.slot, price=price, quantity=quantity, valid_from=at
    )
    found = Subscription.objects.with_items().get(pk=work.subscription.pk)
    bring_up_to([found], at=at, facts=[notices.of_change(found, work.item, after, at=at, by=by)])
    return found


def schedule_change(work: Opened, price: Price, quantity: Decimal, *, at: datetime, by: User | None) -> Subscription:
    """Agree on a change that takes effect when the present period ends."""
    check_change(work.item, price, quantity)
    effective_at = current_period(work.subscription, work.item, at)[1]
    change = ScheduledChange.objects.create(
        subscription=work.subscription,
        slot=work.item.slot,
        effective_at=effective_at,
        price=price,
        quantity=quantity,
        requested_at=at,
        by=by,
    )
    after = SubscriptionItem(subscription=work.subscription, price=price, quantity=quantity)
    effective = {"effective_at": effective_at.isoformat(), "effective_on": local_day(effective_at, work.subscription.zone).isoformat()}
    planned = notices.of_subscription(
        "subscription.change_scheduled", work.subscription, after, at=at, by=by, key=str(change.pk), **effective
    )
    bring_up_to([work.subscription], at=at, facts=[planned])
    return work.subscription
