"""What billing's pages read: lines with their reason in words, and an account's standing. Constant numbers of queries."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F

from billing.invoices import Preview, preview
from billing.ledger import balance
from billing.models import CreditEntry, Invoice, InvoiceLine, Subscription
from crm.lib.money import display
from customers.models import Account


@dataclass(frozen=True)
class Explained:
    """A line and, in one sentence, where its amount comes from."""

    line: InvoiceLine
    why: str


def explained_lines(invoice: Invoice) -> list[Explained]:
    lines = invoice.lines.select_related("item__price__plan", "corrects__invoice").order_by("pk")
    return [Explained(line, why(line, invoice.currency)) for line in lines]


def why(line: InvoiceLine, currency: str) -> str:
    """ "12 × $65.00 a month, 3 of 30 days" or what it corrects."""
    if line.kind == InvoiceLine.Kind.CORRECTION and line.corrects:
        return (
            f"Corrects “{line.corrects.description}” on {line.corrects.invoice.number or 'a draft'} from {line.period_start:%-d %b %Y} on."
        )
    parts = [f"{quantity(line.quantity)} × {display(int(line.unit_amount), currency)}"]
    if line.item:
        parts.append(f"a {line.item.price.interval}")
    return " ".join(parts) + "."


def quantity(value: Decimal) -> str:
    return f"{value.normalize():f}"


@dataclass(frozen=True)
class Standing:
    """What one account has bought, owes and has coming. Money in minor units of `currency`."""

    subscription: Subscription | None
    item: object | None
    next_invoice: Preview | None
    next_at: datetime | None
    credit_minor: int
    currency: str
    open_invoices: list[Invoice]


def standing(account: Account, *, at: datetime) -> Standing:
    """The running subscription (else the last one), the next invoice as it would be, credit and open invoices."""
    found = Subscription.objects.with_items().filter(account=account).order_by("ended_at", "-pk")
    held = next(iter(sorted(found, key=lambda s: (s.ended_at is not None, -s.pk))), None)
    item = held.history[-1] if held and held.history else None
    upcoming = held.next_due_at if held and held.ended_at is None and not held.cancel_at else None
    return Standing(
        subscription=held,
        item=item,
        next_invoice=preview(held, at=upcoming) if held and upcoming and upcoming > at else None,
        next_at=upcoming,
        credit_minor=balance(account),
        currency=held.currency if held else account.currency,
        open_invoices=list(Invoice.objects.open().filter(account=account).order_by("due_at")[:5]),
    )


def credit_entries(account: Account, *, limit: int = 20) -> list[CreditEntry]:
    """The newest movements of the account's credit; `credit_minor` is positive where it grew."""
    found = CreditEntry.objects.filter(account=account, ledger=CreditEntry.Ledger.CUSTOMER_CREDIT)
    return list(found.annotate(credit_minor=-F("amount_minor")).select_related("invoice", "by").order_by("-pk")[:limit])
