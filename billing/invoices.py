"""Verbs of an invoice: preview, draft, finalise, void, and noticing that one is past due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing import notices
from billing.drafting import describe, items_by_id, missing_drafts
from billing.engine.credits import Totals, total
from billing.engine.facts import MissingLine
from billing.entries import Ledger, Posting, credit_balances, post
from billing.errors import InvoiceCorrected, InvoiceHasPayments, InvoiceNotDraft, InvoiceNotOpen
from billing.issuing import buyer, finalise_drafts, recover, write_drafts
from billing.locks import lock_accounts
from billing.models import Invoice, InvoiceLine, Subscription
from billing.renewals import Work, apply_changes, pending_changes
from billing.standing import write_standing
from crm.models import User
from customers.events import Fact, record_batch

Status = Invoice.Status
OWING = (Status.OPEN, Status.UNCOLLECTIBLE)


@dataclass(frozen=True, slots=True)
class Preview:
    """The invoice that would be made: its lines with how they read, its totals in minor units of `currency`."""

    lines: list[tuple[str, MissingLine]]
    totals: Totals
    currency: str


def preview(subscription: Subscription, *, at: datetime) -> Preview:
    """What billing this subscription at `at` (also in the future) would charge. The run's own code; writes nothing."""
    found = Subscription.objects.with_items().get(pk=subscription.pk)
    expected(found, at)
    drafts = missing_drafts([found], at=at)
    lines = [line for one in drafts for line in one.lines]
    items = items_by_id([found])
    available = credit_balances([found.account_id]).get((found.account_id, found.currency), 0)
    totals = total([line.amount for line in lines], credit_available=available)
    return Preview([(describe(line, items[line.item_id]), line) for line in lines], totals, found.currency)


def expected(subscription: Subscription, at: datetime) -> None:
    """Let agreed changes that come before `at` take effect in memory; new items get negative ids."""
    work = Work(at)
    pending = pending_changes([subscription])[subscription.pk]
    apply_changes(subscription, pending, work, write=False)
    for n, item in enumerate(work.started, start=1):
        item.pk = -n


def draft_due(subscription: Subscription, *, at: datetime) -> list[Invoice]:
    """Write what is due at `at` as drafts that have no number yet, for somebody to look at before `finalise`."""
    with transaction.atomic():
        lock_accounts([subscription.account_id])
        found = Subscription.objects.with_items().get(pk=subscription.pk)
        return write_drafts(missing_drafts([found], at=at), at=at)


def finalise(invoice: Invoice, *, at: datetime) -> Invoice:
    """Give a draft its number, apply credit and issue it. Raises InvoiceNotDraft."""
    with transaction.atomic():
        found = locked(invoice)
        if found.status != Status.DRAFT:
            raise InvoiceNotDraft(f"Invoice {found} was finalised already.")
        totals = total(found.lines.values_list("amount_minor", flat=True))
        found.subtotal_minor, found.total_minor, found.carried_minor = totals.subtotal, totals.total, totals.carried
        found.buyer, found.seller = buyer(found.account), found.entity.snapshot()
        found.save(update_fields=["subtotal_minor", "total_minor", "carried_minor", "buyer", "seller"])
        record_batch(finalise_drafts([found], at=at), at=at)
    found.refresh_from_db()
    return found


def locked(invoice: Invoice) -> Invoice:
    """The invoice read again under the lock of its account."""
    lock_accounts([invoice.account_id])
    return Invoice.objects.select_related("account", "entity").get(pk=invoice.pk)


def void(invoice: Invoice, *, at: datetime, reason: str, by: User | None = None) -> Invoice:
    """Cancel an unpaid invoice. It keeps its number and lines; its credit is given back, and its periods are billed again
    by the next run. Does nothing when it is void. Raises InvoiceNotOpen, InvoiceHasPayments, InvoiceCorrected.
    """
    with transaction.atomic():
        found = locked(invoice)
        if found.status == Status.VOID:
            return found
        check_voidable(found)
        post([reversal(found, at, reason)])
        found.status, found.voided_at, found.void_reason = Status.VOID, at, reason[:300]
        found.save(update_fields=["status", "voided_at", "void_reason"])
        InvoiceLine.objects.filter(invoice=found).update(voided=True)
        reopen_periods(found, at)
        record_batch([notices.of_invoice("invoice.voided", found, at=at, by=by, reason=reason)], at=at)
        after_settling(found, at)
    found.refresh_from_db()
    return found


def check_voidable(invoice: Invoice) -> None:
    if invoice.paid_minor:
        raise InvoiceHasPayments(f"Invoice {invoice} has payments; it can be corrected but not voided.")
    if invoice.status not in OWING:
        raise InvoiceNotOpen(f"Invoice {invoice} is {invoice.get_status_display().lower()}; only an open one can be voided.")
    if InvoiceLine.objects.filter(corrects__invoice=invoice, voided=False).exclude(invoice=invoice).exists():
        raise InvoiceCorrected(f"A later invoice corrects lines of {invoice}; void that one first.")


def reversal(invoice: Invoice, at: datetime, reason: str) -> Posting:
    """The opposite of everything the invoice did to the ledger."""
    legs = {
        Ledger.RECEIVABLE: invoice.credit_minor - invoice.total_minor,
        Ledger.REVENUE: invoice.subtotal_minor - invoice.discount_minor,
        Ledger.TAX: invoice.tax_minor,
        Ledger.CUSTOMER_CREDIT: invoice.carried_minor - invoice.credit_minor,
    }
    return Posting(f"invoice {invoice.pk} voided", invoice.account_id, invoice.currency, at, legs, invoice.pk, reason[:300])


def reopen_periods(invoice: Invoice, at: datetime) -> None:
    """Let the next run look at the periods of a voided invoice again."""
    subscription = invoice.subscription
    if subscription is None:
        return
    reach = min(filter(None, [invoice.period_start, subscription.settled_until]), default=None)
    Subscription.objects.filter(pk=subscription.pk).update(settled_until=reach, next_due_at=at)


def mark_past_due(account_ids: Iterable[int], *, at: datetime) -> list[Fact]:
    """Notice, once each, the invoices of these accounts that are open after their due date. Callers hold the locks."""
    ids = set(account_ids)
    late = list(Invoice.objects.open().filter(account_id__in=ids, due_at__lte=at, past_due_at=None).order_by("due_at", "id"))
    if not late:
        return []
    Invoice.objects.filter(pk__in=[invoice.pk for invoice in late]).update(past_due_at=at)
    owing = [invoice.subscription_id for invoice in late]
    Subscription.objects.filter(pk__in=owing, status=Subscription.Status.ACTIVE).update(status=Subscription.Status.PAST_DUE)
    return [notices.of_invoice("invoice.past_due", invoice, at=at) for invoice in late]


def after_settling(invoice: Invoice, at: datetime) -> None:
    """After an invoice stopped being owed: its subscription is no longer past due when it was the last; state the traits."""
    recover([invoice.subscription_id])
    write_standing([invoice.account_id], at=at)
