"""Verbs of money received."""

from datetime import datetime

from django.db import transaction

from billing import notices
from billing.entries import Ledger, Posting, post
from billing.errors import AmountNotPositive, InvoiceNotOpen
from billing.invoices import OWING, after_settling, locked
from billing.models import Invoice, Payment
from crm.lib.money import display
from crm.models import User
from customers.events import Fact, record_batch


def record_payment(
    invoice: Invoice, *, amount_minor: int, at: datetime, method: str = "transfer", reference: str = "", by: User | None = None
) -> Payment:
    """Note that money for an invoice arrived at `at`. What the invoice does not need becomes the account's credit.

    Raises AmountNotPositive, and InvoiceNotOpen for an invoice that is a draft, void or paid.
    """
    if amount_minor <= 0:
        raise AmountNotPositive("A payment is more than nothing.")
    with transaction.atomic():
        found = locked(invoice)
        if found.status not in OWING:
            raise InvoiceNotOpen(f"Invoice {found} is {found.get_status_display().lower()}; nothing can be paid on it.")
        payment = Payment.objects.create(
            invoice=found,
            attempt=found.payments.count() + 1,
            amount_minor=amount_minor,
            currency=found.currency,
            at=at,
            method=method,
            reference=reference,
            by=by,
        )
        settle_with(found, payment)
        record_batch([paid_fact(found, payment)], at=at)
        after_settling(found, at)
    invoice.refresh_from_db()
    return payment


def settle_with(invoice: Invoice, payment: Payment) -> None:
    """Let a payment pay what is due; the rest is the customer's."""
    used = min(payment.amount_minor, notices.amount_due(invoice))
    invoice.paid_minor += used
    if not notices.amount_due(invoice):
        invoice.status, invoice.paid_at = Invoice.Status.PAID, payment.at
    invoice.save(update_fields=["paid_minor", "status", "paid_at"])
    legs = {Ledger.CASH: payment.amount_minor, Ledger.RECEIVABLE: -used, Ledger.CUSTOMER_CREDIT: used - payment.amount_minor}
    post([Posting(f"payment {payment.pk}", invoice.account_id, payment.currency, payment.at, legs, invoice.pk, "Payment received")])


def paid_fact(invoice: Invoice, payment: Payment) -> Fact:
    more = {
        "payment_id": payment.pk,
        "method": payment.method,
        "received_minor": payment.amount_minor,
        "received": display(payment.amount_minor, payment.currency),
    }
    if invoice.status == Invoice.Status.PAID:
        return notices.of_invoice("invoice.paid", invoice, at=payment.at, by=payment.by, **more)
    return notices.of_invoice("payment.received", invoice, at=payment.at, by=payment.by, key=f"p{payment.pk}", **more)
