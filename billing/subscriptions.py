"""Verbs of a subscription: subscribe, change, cancel, resume. Each is one transaction, bills what was due before and what it causes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing import notices
from billing.changing import Opened, changeable, check_price, opened, replace_now, schedule_change
from billing.engine.schedule import day_start, local_day, plus_months
from billing.entities import main_entity
from billing.errors import (
    AccountOnHold,
    AlreadyCancelled,
    NotCancelled,
    QuantityNotPositive,
    RenewalNotAhead,
    TrialAlreadyOver,
    UnknownChoice,
)
from billing.locks import lock_accounts
from billing.models import BillingHold, Invoice, Price, ScheduledChange, Subscription, SubscriptionItem
from billing.renewals import bring_up_to
from billing.standing import current_period
from crm.models import User
from customers.models import Account
from customers.traits import set_traits

Status = Subscription.Status
NOW, PERIOD_END = "now", "period_end"
REASONS = ("voluntary", "involuntary")


def subscribe(
    account: Account,
    price: Price,
    *,
    at: datetime,
    quantity: Decimal | int = 1,
    trial_end: datetime | None = None,
    renewal_date: date | None = None,
    term_months: int = 12,
    auto_renew: bool = True,
    billing_mode: str = "invoice",
    by: User | None = None,
) -> Subscription:
    """Start a subscription at `at` and invoice its first period, or let it try until `trial_end`.

    The contract's term ends on `renewal_date`, by default `term_months` after billing starts; without `auto_renew` the
    subscription ends there. Raises CurrencyMismatch, PlanArchived, QuantityNotPositive, TrialAlreadyOver,
    RenewalNotAhead and AccountOnHold.
    """
    with transaction.atomic():
        account = lock_accounts([account.pk])[account.pk]
        check_start(account, price, quantity, trial_end, at)
        subscription = build(account, price, at=at, trial_end=trial_end, auto_renew=auto_renew, billing_mode=billing_mode, by=by)
        set_term(subscription, renewal_date, term_months, at)
        subscription.save()
        SubscriptionItem.objects.create(subscription=subscription, price=price, quantity=quantity, valid_from=at)
        if not account.currency:
            set_traits(account, {"currency": price.currency}, at=at, writer="billing")
        loaded = Subscription.objects.with_items().get(pk=subscription.pk)
        started = notices.of_subscription("subscription.started", loaded, loaded.history[0], at=at, by=by, trial=trial_end is not None)
        bring_up_to([loaded], at=at, facts=[started])
    return loaded


def check_start(account: Account, price: Price, quantity: Decimal | int, trial_end: datetime | None, at: datetime) -> None:
    if BillingHold.objects.filter(account=account).exists():
        raise AccountOnHold(f"Billing of {account} is on hold until somebody has looked.")
    check_price(price, account.currency)
    if quantity <= 0:
        raise QuantityNotPositive("A subscription starts with a quantity above 0.")
    if trial_end and trial_end <= at:
        raise TrialAlreadyOver("A trial ends after the subscription starts.")


def build(account: Account, price: Price, *, at: datetime, trial_end: datetime | None, **more: Any) -> Subscription:
    entity = main_entity()
    zone = account.zone or entity.zone
    return Subscription(
        account=account,
        entity=entity,
        status=Status.TRIALING if trial_end else Status.ACTIVE,
        currency=price.currency,
        zone=zone,
        anchor_on=local_day(trial_end or at, zone),
        started_at=at,
        trial_end=trial_end,
        next_due_at=at,
        **more,
    )


def set_term(subscription: Subscription, renewal_date: date | None, term_months: int, at: datetime) -> None:
    """Set when the contract renews, or ends when it does not renew by itself."""
    if renewal_date and renewal_date <= local_day(at, subscription.zone):
        raise RenewalNotAhead("The renewal date lies after the start.")
    if term_months < 1:
        raise QuantityNotPositive("A contract's term is at least one month.")
    subscription.renewal_date = renewal_date or plus_months(subscription.anchor_on, term_months)
    subscription.renewal_day = renewal_date.day if renewal_date else subscription.anchor_on.day
    subscription.term_months = term_months
    if not subscription.auto_renew:
        subscription.cancel_at = day_start(subscription.renewal_date, subscription.zone)


def change_plan(
    subscription: Subscription,
    price: Price | None = None,
    *,
    at: datetime,
    quantity: Decimal | int | None = None,
    when: str = NOW,
    by: User | None = None,
) -> Subscription:
    """Change price, quantity or both (None: as it is), now or at the period's end.

    Now: unused time is credited, the rest of the period charged. Periods stay counted from the same anchor, also when the
    interval differs. A change that was still to come is dropped.
    Raises NothingChanges, CurrencyMismatch, PlanArchived, QuantityNotPositive, SubscriptionEnded, UnknownChoice.
    """
    check_when(when)
    with transaction.atomic():
        work = opened(subscription, at)
        changeable(work.subscription, at)
        wanted = work.item.quantity if quantity is None else Decimal(quantity)
        price = price or work.item.price
        check_price(price, work.subscription.currency, unless=work.item.price)
        drop_pending(work.subscription)
        change = replace_now if when == NOW else schedule_change
        return change(work, price, wanted, at=at, by=by)


def change_quantity(
    subscription: Subscription, quantity: Decimal | int, *, at: datetime, when: str = NOW, by: User | None = None
) -> Subscription:
    """Change the quantity of the plan; as `change_plan` with the same price."""
    return change_plan(subscription, at=at, quantity=quantity, when=when, by=by)


def cancel(
    subscription: Subscription, *, at: datetime, when: str = PERIOD_END, reason: str = "voluntary", by: User | None = None
) -> Subscription:
    """End a subscription, now (unused paid time becomes credit, unpaid time lowers the debt) or at the period's end.

    Cancelling now also cuts short one that is running out. Raises AlreadyCancelled, SubscriptionEnded, UnknownChoice.
    """
    check_when(when)
    if reason not in REASONS:
        raise UnknownChoice(f"reason is one of {', '.join(REASONS)}, not {reason!r}.")
    with transaction.atomic():
        work = opened(subscription, at)
        changeable(work.subscription, at)
        if work.subscription.status == Status.CANCELLED and when == PERIOD_END:
            raise AlreadyCancelled(f"It is cancelled already and ends on {work.subscription.cancel_at:%-d %b %Y}.")
        found = work.subscription
        found.end_reason = reason
        found.cancel_at = at if when == NOW else earliest_end(work, at)
        found.status = Status.CANCELLED
        found.save(update_fields=["cancel_at", "end_reason", "status"])
        drop_pending(found)
        ends = {"ends_at": found.cancel_at.isoformat(), "ends_on": local_day(found.cancel_at, found.zone).isoformat()}
        cancelled = notices.of_subscription(
            "subscription.cancelled", found, work.item, at=at, by=by, key=at.isoformat(), reason=reason, when=when, **ends
        )
        bring_up_to([found], at=at, facts=[cancelled])
    return found


def earliest_end(work: Opened, at: datetime) -> datetime:
    end = current_period(work.subscription, work.item, at)[1]
    agreed = work.subscription.cancel_at
    return min(end, agreed) if agreed else end


def resume(subscription: Subscription, *, at: datetime, by: User | None = None) -> Subscription:
    """Take back a cancellation that has not come into effect. Raises NotCancelled, SubscriptionEnded."""
    with transaction.atomic():
        work = opened(subscription, at)
        changeable(work.subscription, at)
        found = work.subscription
        if found.status != Status.CANCELLED:
            raise NotCancelled("It is not cancelled.")
        found.status = running_status(found, at)
        found.end_reason, found.cancel_at = "", None
        if not found.auto_renew:
            found.cancel_at = day_start(found.renewal_date, found.zone)
        found.save(update_fields=["cancel_at", "end_reason", "status"])
        resumed = notices.of_subscription("subscription.resumed", found, work.item, at=at, by=by, key=at.isoformat())
        bring_up_to([found], at=at, facts=[resumed])
    return found


def running_status(subscription: Subscription, at: datetime) -> str:
    """The status it has by its trial and its invoices."""
    if subscription.trial_end and at < subscription.trial_end:
        return Status.TRIALING
    owes = Invoice.objects.past_due().filter(subscription=subscription).exists()
    return Status.PAST_DUE if owes else Status.ACTIVE


def set_auto_renew(subscription: Subscription, auto_renew: bool, *, at: datetime) -> Subscription:  # noqa: FBT001
    """Whether the contract renews by itself; without it the subscription ends on its renewal date. A cancellation stands."""
    with transaction.atomic():
        found = opened(subscription, at).subscription
        changeable(found, at)
        found.auto_renew = auto_renew
        if found.status != Status.CANCELLED:
            found.cancel_at = None if auto_renew else day_start(found.renewal_date, found.zone)
        found.save(update_fields=["auto_renew", "cancel_at"])
        bring_up_to([found], at=at)
    return found


def drop_pending(subscription: Subscription) -> None:
    rows = ScheduledChange.objects.filter(subscription=subscription, status=ScheduledChange.Status.PENDING)
    rows.update(status=ScheduledChange.Status.DROPPED)


def check_when(when: str) -> None:
    if when not in (NOW, PERIOD_END):
        raise UnknownChoice(f"when is one of {NOW}, {PERIOD_END}, not {when!r}.")
