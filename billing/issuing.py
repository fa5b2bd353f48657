"""Making invoices: drafts with their lines, then number, credit, ledger and events, many at once.

Statements are constant in the number of invoices. Callers hold the locks of the accounts.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef

from billing import notices
from billing.drafting import Draft, describe, items_by_id
from billing.engine.credits import total
from billing.engine.facts import MissingLine
from billing.engine.invoicing import CORRECTION
from billing.entities import take_numbers
from billing.entries import Ledger, Posting, credit_balances, post
from billing.models import Invoice, InvoiceLine, Subscription, SubscriptionItem
from customers.events import Fact
from customers.models import Account

Status = Invoice.Status


def write_drafts(drafts: Sequence[Draft], *, at: datetime) -> list[Invoice]:
    """Draft invoices with their lines, in the order given."""
    invoices = Invoice.objects.bulk_create([invoice_of(one, at) for one in drafts])
    items = items_by_id(one.subscription for one in drafts)
    pairs = [(invoice, line) for invoice, one in zip(invoices, drafts, strict=True) for line in one.lines]
    InvoiceLine.objects.bulk_create([line_of(invoice, line, items[line.item_id]) for invoice, line in pairs])
    return invoices


def invoice_of(one: Draft, at: datetime) -> Invoice:
    subscription = one.subscription
    totals = total(one.amounts)
    return Invoice(
        account=subscription.account,
        entity=subscription.entity,
        subscription=subscription,
        currency=subscription.currency,
        period_start=min(line.period_start for line in one.lines),
        period_end=max(line.period_end for line in one.lines),
        drafted_at=at,
        subtotal_minor=totals.subtotal,
        total_minor=totals.total,
        carried_minor=totals.carried,
        buyer=buyer(subscription.account),
        seller=subscription.entity.snapshot(),
    )


def buyer(account: Account) -> dict[str, str]:
    """The buyer as it is kept with an invoice."""
    return {"name": account.name, "domain": account.domain}


def line_of(invoice: Invoice, line: MissingLine, item: SubscriptionItem) -> InvoiceLine:
    return InvoiceLine(
        invoice=invoice,
        item=item,
        kind=line.kind,
        description=describe(line, item),
        period_start=line.period_start,
        period_end=line.period_end,
        quantity=line.quantity,
        unit_amount=line.amount if line.kind == CORRECTION else item.price.unit_amount,
        amount_minor=line.amount,
        corrects_id=line.corrects,
        cause=line.cause,
    )


def finalise_drafts(invoices: Sequence[Invoice], *, at: datetime) -> list[Fact]:
    """Give drafts (with totals, entity and account loaded) their numbers and credit. Returns the events to record."""
    if not invoices:
        return []
    apply_credit(invoices)
    number_invoices(invoices)
    for invoice in invoices:
        settle(invoice, at)
    write_finalised(invoices)
    post([posting for invoice in invoices for posting in postings(invoice, at)])
    facts = [fact for invoice in invoices for fact in facts_of(invoice, at)]
    return facts + lower_debt(invoices, at)


def apply_credit(invoices: Sequence[Invoice]) -> None:
    """Let the credit of each account pay its invoices in order; what an invoice carries is there for the next."""
    left = credit_balances(invoice.account_id for invoice in invoices)
    for invoice in invoices:
        key = (invoice.account_id, invoice.currency)
        available = left.get(key, 0)
        invoice.credit_minor = min(invoice.total_minor, max(available, 0))
        left[key] = available - invoice.credit_minor


def number_invoices(invoices: Sequence[Invoice]) -> None:
    """Number in the order given, per entity and series."""
    groups: dict[tuple[int, str], list[Invoice]] = {}
    for invoice in invoices:
        groups.setdefault((invoice.entity_id, invoice.series), []).append(invoice)
    for (entity, series), members in sorted(groups.items()):
        for invoice, (number, label) in zip(members, take_numbers(entity, series, len(members)), strict=True):
            invoice.sequence, invoice.number = number, label


def settle(invoice: Invoice, at: datetime) -> None:
    """Issue an invoice in memory; one that owes nothing is paid at once."""
    invoice.issued_at, invoice.due_at = at, at + timedelta(days=invoice.entity.payment_days)
    owes = notices.amount_due(invoice) > 0
    invoice.status, invoice.paid_at = (Status.OPEN, None) if owes else (Status.PAID, at)


FINALISE = """
update billing_invoice i set status = n.status, sequence = n.sequence, number = n.number, issued_at = n.issued_at,
    due_at = n.due_at, paid_at = n.paid_at, credit_minor = n.credit
from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bigint[])
    as n (id, status, sequence, number, issued_at, due_at, paid_at, credit)
where i.id = n.id
"""
FINALISED = ("pk", "status", "sequence", "number", "issued_at", "due_at", "paid_at", "credit_minor")


def write_finalised(invoices: Sequence[Invoice]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FINALISE, [[getattr(invoice, name) for invoice in invoices] for name in FINALISED])


def postings(invoice: Invoice, at: datetime) -> list[Posting]:
    """What an invoice does to the ledger: it claims or owes money, and uses credit."""
    legs = {
        Ledger.RECEIVABLE: invoice.total_minor,
        Ledger.REVENUE: -(invoice.subtotal_minor - invoice.discount_minor),
        Ledger.TAX: -invoice.tax_minor,
        Ledger.CUSTOMER_CREDIT: -invoice.carried_minor,
    }
    issued = Posting(f"invoice {invoice.pk} issued", invoice.account_id, invoice.currency, at, legs, invoice.pk, "Invoice issued")
    return [issued, credit_posting(invoice, invoice.credit_minor, at, f"invoice {invoice.pk} credited")]


def credit_posting(invoice: Invoice, amount: int, at: datetime, about: str) -> Posting:
    legs = {Ledger.CUSTOMER_CREDIT: amount, Ledger.RECEIVABLE: -amount}
    return Posting(about, invoice.account_id, invoice.currency, at, legs, invoice.pk, "Credit applied")


def facts_of(invoice: Invoice, at: datetime) -> list[Fact]:
    facts = [notices.of_invoice("invoice.finalised", invoice, at=at)]
    if invoice.credit_minor:
        facts.append(applied(invoice, invoice.credit_minor, at, str(invoice.pk)))
    if invoice.status == Status.PAID:
        facts.append(notices.of_invoice("invoice.paid", invoice, at=at))
    return facts


def applied(invoice: Invoice, amount: int, at: datetime, key: str) -> Fact:
    return notices.of_credit(
        "credit.applied",
        invoice.account_id,
        at=at,
        key=key,
        amount_minor=amount,
        currency=invoice.currency,
        invoice_id=invoice.pk,
        number=invoice.number,
    )


def lower_debt(invoices: Sequence[Invoice], at: datetime) -> list[Fact]:
    """Credit for time that was billed but never paid lowers that debt: it goes to the invoices that were corrected."""
    carrying = {invoice.account_id: invoice for invoice in invoices if invoice.carried_minor}
    if not carrying:
        return []
    numbers = [invoice.pk for invoice in carrying.values()]
    indebted = Invoice.objects.open().filter(lines__corrections__invoice__in=numbers).distinct().order_by("issued_at", "id")
    facts: list[Fact] = []
    left = credit_balances(carrying)
    for invoice in indebted:
        key = (invoice.account_id, invoice.currency)
        amount = min(invoice.due_minor, left.get(key, 0))
        left[key] = left.get(key, 0) - max(amount, 0)
        if amount > 0:
            facts += pay_with_credit(invoice, amount, at=at, about=f"invoice {invoice.pk} credited by {carrying[invoice.account_id].pk}")
    recover(invoice.subscription_id for invoice in indebted)
    return facts


def recover(subscription_ids: Iterable[int | None]) -> None:
    """Subscriptions that were past due and owe nothing late any more are active again."""
    owing = Invoice.objects.past_due().filter(subscription=OuterRef("pk"))
    held = Subscription.objects.filter(pk__in=[pk for pk in subscription_ids if pk], status=Subscription.Status.PAST_DUE)
    held.exclude(Exists(owing)).update(status=Subscription.Status.ACTIVE)


def pay_with_credit(invoice: Invoice, amount: int, *, at: datetime, about: str) -> list[Fact]:
    """Use credit on an open invoice."""
    invoice.credit_minor += amount
    if not notices.amount_due(invoice):
        invoice.status, invoice.paid_at = Status.PAID, at
    invoice.save(update_fields=["credit_minor", "status", "paid_at"])
    post([credit_posting(invoice, amount, at, about)])
    facts = [applied(invoice, amount, at, about.replace(" ", "."))]
    return [*facts, notices.of_invoice("invoice.paid", invoice, at=at)] if invoice.status == Status.PAID else facts
