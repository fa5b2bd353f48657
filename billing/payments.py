"""Verbs of money received."""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count

from billing import notices
from billing.entries import Ledger, Posting, post
from billing.errors import AmountNotPositive, InvoiceNotOpen
from billing.invoices import OWING
from billing.issuing import recover
from billing.locks import lock_accounts
from billing.models import Invoice, Payment
from billing.standing import write_standing
from crm.models import User
from customers.events import Fact, record_batch


@dataclass(frozen=True, slots=True)
class Receipt:
    """That money arrived for an invoice: minor units of its currency, how, and the payer's or bank's reference."""

    invoice: Invoice
    amount_minor: int
    method: str = "transfer"
    reference: str = ""


def record_payment(
    invoice: Invoice, *, amount_minor: int, at: datetime, method: str = "transfer", reference: str = "", by: User | None = None
) -> Payment:
    """Note that money for an invoice arrived at `at`. What the invoice does not need becomes the account's credit.

    Raises AmountNotPositive, and InvoiceNotOpen for an invoice that is a draft, void or paid.
    """
    payment = record_payments([Receipt(invoice, amount_minor, method, reference)], at=at, by=by)[0]
    invoice.refresh_from_db()
    return payment


def record_payments(receipts: Sequence[Receipt], *, at: datetime, by: User | None = None) -> list[Payment]:
    """Note many payments that arrived at `at`, such as a day's bank statement, with a constant number of statements.

    All or none: raises as `record_payment` does. The invoices passed in are not changed in memory.
    """
    if any(one.amount_minor <= 0 for one in receipts):
        raise AmountNotPositive("A payment is more than nothing.")
    if not receipts:
        return []
    with transaction.atomic():
        lock_accounts(one.invoice.account_id for one in receipts)
        found = Invoice.objects.in_bulk({one.invoice.pk for one in receipts})
        attempts = attempts_of(found)
        taken = [take(found[one.invoice.pk], one, attempts, at, by) for one in receipts]
        Payment.objects.bulk_create([one.payment for one in taken])
        write_paid(list(found.values()))
        post([posting(one) for one in taken])
        recover(invoice.subscription_id for invoice in found.values())
        record_batch([fact_of(one) for one in taken], at=at)
        write_standing({invoice.account_id for invoice in found.values()}, at=at)
    return [one.payment for one in taken]


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment with what the invoice used of it, and the invoice as this payment left it."""

    payment: Payment
    used: int
    invoice: Invoice


def attempts_of(invoices: dict[int, Invoice]) -> Counter[int]:
    """How many payments each invoice has. One query."""
    rows = Payment.objects.filter(invoice__in=list(invoices)).values_list("invoice").annotate(n=Count("id"))
    return Counter(dict(rows))


def take(invoice: Invoice, receipt: Receipt, attempts: Counter[int], at: datetime, by: User | None) -> Taken:
    """Let a receipt pay what is due on an invoice, in memory; the rest is the customer's."""
    if invoice.status not in OWING:
        raise InvoiceNotOpen(f"Invoice {invoice} is {invoice.get_status_display().lower()}; nothing can be paid on it.")
    attempts[invoice.pk] += 1
    used = min(receipt.amount_minor, notices.amount_due(invoice))
    invoice.paid_minor += used
    if not notices.amount_due(invoice):
        invoice.status, invoice.paid_at = Invoice.Status.PAID, at
    payment = Payment(
        invoice=invoice,
        attempt=attempts[invoice.pk],
        amount_minor=receipt.amount_minor,
        currency=invoice.currency,
        at=at,
        method=receipt.method,
        reference=receipt.reference,
        by=by,
    )
    return Taken(payment, used, copy(invoice))


PAID = """
update billing_invoice i set paid_minor = n.paid, status = n.status, paid_at = n.paid_at
from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[]) as n (id, paid, status, paid_at) where i.id = n.id
"""


def write_paid(invoices: Sequence[Invoice]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PAID, [[getattr(invoice, name) for invoice in invoices] for name in ("pk", "paid_minor", "status", "paid_at")])


def posting(taken: Taken) -> Posting:
    payment, invoice = taken.payment, taken.invoice
    rest = payment.amount_minor - taken.used
    legs = {Ledger.CASH: payment.amount_minor, Ledger.RECEIVABLE: -taken.used, Ledger.CUSTOMER_CREDIT: -rest}
    return Posting(f"payment {payment.pk}", invoice.account_id, payment.currency, payment.at, legs, invoice.pk, "Payment received")


def fact_of(taken: Taken) -> Fact:
    payment, invoice = taken.payment, taken.invoice
    more = {
        "payment_id": payment.pk,
        "method": payment.method,
        "received_minor": payment.amount_minor,
        "received": notices.shown(payment.amount_minor, payment.currency),
    }
    if invoice.status == Invoice.Status.PAID:
        return notices.of_invoice("invoice.paid", invoice, at=payment.at, by=payment.by, **more)
    return notices.of_invoice("payment.received", invoice, at=payment.at, by=payment.by, key=f"p{payment.pk}", **more)
