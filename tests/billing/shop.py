"""What the tests of billing sell, and looking at what came of it."""

from datetime import timedelta

from billing.models import CreditEntry, Invoice, InvoiceLine, Price
from billing.plans import add_price, create_plan
from billing.run import run_billing
from billing.subscriptions import subscribe
from customers.models import Event, Trait
from tests.factories import instant, make_account

START = instant("2025-01-31T09:00")


def make_price(key="growth", amount="6000", *, rank=1, is_top=False, allowances=None, **more) -> Price:
    plan = create_plan(key=key, name=key.title(), rank=rank, is_top=is_top, allowances=allowances)
    return add_price(plan, currency=more.pop("currency", "EUR"), unit_amount=amount, **more)


def make_subscription(price=None, *, at=START, account=None, name="Acme", **more):
    return subscribe(account or make_account(name, at=at), price or make_price(), at=at, **more)


def run_each_day(start, end, **more):
    """The run of every day from `start` to `end`, both included."""
    day = start
    while day <= end:
        run_billing(at=day, **more)
        day += timedelta(days=1)


def lines_of(account):
    """(kind, start day, end day, amount) of all lines of an account, in order of writing."""
    rows = InvoiceLine.objects.filter(invoice__account=account).order_by("invoice__sequence", "id")
    return [(r.kind, r.period_start.date().isoformat(), r.period_end.date().isoformat(), r.amount_minor) for r in rows]


def invoices_of(account):
    return list(Invoice.objects.filter(account=account).order_by("sequence"))


def events_of(account, prefix=""):
    rows = Event.objects.filter(account_id=account.pk, name__startswith=prefix).exclude(source_id__gt=0)
    return [row.name for row in rows.order_by("occurred_at", "id")]


def trait(account, path):
    found = Trait.objects.filter(account_id=account.pk, contact_id=0, path=path).first()
    return found.value if found else None


def ledger_of(account):
    """The sum of every ledger of an account, in minor units."""
    sums: dict[str, int] = {}
    for entry in CreditEntry.objects.filter(account=account):
        sums[entry.ledger] = sums.get(entry.ledger, 0) + entry.amount_minor
    return {ledger: amount for ledger, amount in sorted(sums.items()) if amount}
