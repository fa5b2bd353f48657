"""The events that billing records, each with what a person or a playbook needs to act on it."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from billing.engine.mrr import monthly
from billing.engine.rounding import half_up
from billing.models import Invoice, Subscription, SubscriptionItem
from crm.lib.money import display, to_major
from crm.models import User
from customers.events import Fact

TITLES = {
    "invoice.finalised": "Invoice {number} over {amount} issued",
    "invoice.paid": "Invoice {number} over {amount} paid",
    "invoice.past_due": "Invoice {number} is past due: {open} open",
    "invoice.voided": "Invoice {number} over {amount} voided",
    "payment.received": "{received} received for invoice {number}, {open} still open",
    "subscription.started": "Subscribed to {plan_name}",
    "subscription.upgraded": "Upgraded from {previous} to {plan_name}",
    "subscription.downgraded": "Downgraded from {previous} to {plan_name}",
    "subscription.changed": "Changed from {previous} to {plan_name}",
    "subscription.change_scheduled": "Will change to {plan_name} on {effective_on}",
    "subscription.cancelled": "Cancelled {plan_name}, ends {ends_on}",
    "subscription.resumed": "Took back the cancellation of {plan_name}",
    "subscription.ended": "Subscription to {plan_name} ended",
    "contract.renewed": "Contract renewed until {renewal_date}",
    "credit.granted": "Credit of {amount} granted",
    "credit.applied": "Credit of {amount} applied to invoice {number}",
    "billing.held": "Billing stopped until somebody looks: {reason}",
}
TONES = {
    "invoice.paid": "good",
    "invoice.past_due": "bad",
    "subscription.started": "good",
    "subscription.upgraded": "good",
    "subscription.downgraded": "watch",
    "subscription.cancelled": "bad",
    "subscription.ended": "bad",
    "contract.renewed": "good",
    "billing.held": "bad",
}


def of_invoice(name: str, invoice: Invoice, *, at: datetime, by: User | None = None, key: str = "", **more: Any) -> Fact:
    """An event about an invoice; once per invoice, or per `key` where it can happen again. `amount_due` is in major units."""
    due = amount_due(invoice)
    props = {
        "invoice_id": invoice.pk,
        "number": invoice.number,
        "subscription_id": invoice.subscription_id,
        "amount_minor": invoice.total_minor,
        "amount_due_minor": due,
        "amount_due": number(to_major(due, invoice.currency)),
        "currency": invoice.currency,
        "amount": shown(invoice.total_minor, invoice.currency),
        "open": shown(due, invoice.currency),
        "due_on": invoice.due_at.date().isoformat() if invoice.due_at else None,
        "url": invoice.get_absolute_url(),
        **more,
    }
    return fact(name, invoice.account_id, at=at, key=f"{name}:{key or invoice.pk}", props=props, by=by)


def amount_due(invoice: Invoice) -> int:
    """What is owed on an invoice as it stands in memory (the stored column follows only after a write), in minor units."""
    return invoice.total_minor - invoice.credit_minor - invoice.paid_minor


def of_subscription(
    name: str,
    subscription: Subscription,
    item: SubscriptionItem,
    *,
    at: datetime,
    by: User | None = None,
    key: str = "",
    **more: Any,
) -> Fact:
    """An event about a subscription, of which `item` is the plan; once per subscription, or per `key`."""
    exact = monthly(item.price.fact(), item.quantity)
    mrr = half_up(exact)
    props = {
        "subscription_id": subscription.pk,
        "plan": item.price.plan.key,
        "plan_name": item.price.plan.name,
        "quantity": number(item.quantity),
        "mrr_minor": mrr,
        "mrr": number(to_major(mrr, subscription.currency)),
        "arr_minor": half_up(12 * exact),
        "currency": subscription.currency,
        "url": f"/accounts/{subscription.account_id}/",
        **more,
    }
    return fact(name, subscription.account_id, at=at, key=f"{name}:{subscription.pk}:{key}".rstrip(":"), props=props, by=by)


def of_change(
    subscription: Subscription, before: SubscriptionItem, after: SubscriptionItem, *, at: datetime, by: User | None = None
) -> Fact:
    """Upgraded, downgraded or changed, by the recurring charge and then by the rank of the plan."""
    old, new = (monthly(item.price.fact(), item.quantity) for item in (before, after))
    change = {
        "previous": before.price.plan.name,
        "previous_plan": before.price.plan.key,
        "previous_quantity": number(before.quantity),
        "mrr_change_minor": half_up(new) - half_up(old),
    }
    if before.price.plan_id == after.price.plan_id:
        change["title"] = f"{before.price.plan.name}: from {number(before.quantity)} to {number(after.quantity)}"
    name = f"subscription.{change_name(before, after, old, new)}"
    return of_subscription(name, subscription, after, at=at, by=by, key=str(after.pk), **change)


def change_name(before: SubscriptionItem, after: SubscriptionItem, old: Fraction, new: Fraction) -> str:
    rise = new - old or after.price.plan.rank - before.price.plan.rank
    return "changed" if not rise else "upgraded" if rise > 0 else "downgraded"


def of_credit(
    name: str, account_id: int, *, at: datetime, key: str, amount_minor: int, currency: str, by: User | None = None, **more: Any
) -> Fact:
    """An event about credit of an account."""
    props = {
        "amount_minor": amount_minor,
        "amount_major": number(to_major(amount_minor, currency)),
        "currency": currency,
        "amount": shown(amount_minor, currency),
        "url": f"/accounts/{account_id}/",
        **more,
    }
    return fact(name, account_id, at=at, key=f"{name}:{key}", props=props, by=by)


def fact(name: str, account_id: int, *, at: datetime, key: str, props: dict[str, Any], by: User | None = None) -> Fact:
    title = props.pop("title", "") or TITLES[name].format(**props)
    return Fact(
        account_id,
        name,
        at,
        key=key,
        props=props,
        title=title,
        tone=TONES.get(name, ""),
        url=props.get("url", ""),
        user_id=by.pk if by else 0,
    )


@lru_cache(maxsize=4096)
def shown(amount_minor: int, currency: str) -> str:
    """Money for people; a run shows the same few amounts again and again, and formatting them is slow."""
    return display(amount_minor, currency)


def number(value: Decimal | int) -> int | float:
    """A number as JSON and conditions know it; for comparing only, no arithmetic is done on it."""
    return int(value) if value == int(value) else float(value)
