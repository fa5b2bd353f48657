"""The records of billing. One file per noun; constraints and triggers live in the database, see docs/billing.md."""

from billing.models.entity import LegalEntity, NumberSeries
from billing.models.invoice import Invoice, InvoiceLine
from billing.models.ledger import CreditEntry
from billing.models.payment import Payment
from billing.models.plan import Plan, Price
from billing.models.subscription import BillingHold, ScheduledChange, Subscription, SubscriptionItem

__all__ = [
    "BillingHold",
    "CreditEntry",
    "Invoice",
    "InvoiceLine",
    "LegalEntity",
    "NumberSeries",
    "Payment",
    "Plan",
    "Price",
    "ScheduledChange",
    "Subscription",
    "SubscriptionItem",
]
