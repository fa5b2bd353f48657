"""Speed of billing: invoices made by one run, a run with nothing due, and a day's payments.

    python -m tests.bench.bench_billing --database postgres://user@host/anything [--accounts 2000]

Makes and drops a database `tenure_bench_billing` on that server. The limit is one INSERT … SELECT each of as many invoices and
lines, with the same keys, checks and triggers, and nothing else: no numbers, ledger, traits, events or timeline. Prints one JSON
line a figure.
"""

import argparse
import os
from datetime import UTC, datetime
from typing import Any

import django

from tests.bench.harness import database, emit, seconds

NAME = "tenure_bench_billing"
START = datetime(2025, 1, 1, tzinfo=UTC)
FIRST, SECOND = datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)

FILL = """
insert into customers_account (name, folded, domain, stage, currency, zone, created_at)
    select 'Account ' || g, 'account ' || g, '', '', 'EUR', '', %(at)s from generate_series(1, %(n)s) g;
insert into customers_accountstate (account_id, started_at, lifecycle, currency, overdue_minor, plan, band, coverage, top_reason, trend, open_tasks)
    select id, created_at, 'customer', 'EUR', 0, '', 'unknown', '', '', '[]', 0 from customers_account;
insert into billing_subscription (account_id, entity_id, origin, status, currency, zone, anchor_on, started_at, end_reason,
        renewal_day, term_months, auto_renew, billing_mode, next_due_at)
    select id, %(entity)s, 'own', 'active', 'EUR', 'UTC', %(at)s::date, %(at)s, '', 1, 12, true, 'invoice', %(at)s from customers_account;
insert into billing_subscriptionitem (subscription_id, slot, price_id, quantity, valid_from)
    select s.id, p.slot, p.price_id, 5, %(at)s from billing_subscription s
    cross join unnest(%(prices)s::bigint[]) with ordinality as p (price_id, slot);
"""
INVOICES = """
insert into billing_invoice (account_id, entity_id, subscription_id, series, status, currency, drafted_at, period_start, period_end,
        void_reason, subtotal_minor, discount_minor, tax_minor, total_minor, carried_minor, credit_minor, paid_minor, buyer, seller)
    select account_id, entity_id, subscription_id, 'limit', 'draft', currency, drafted_at, period_start, period_end,
        '', subtotal_minor, 0, 0, total_minor, 0, 0, 0, buyer, seller from billing_invoice where issued_at = %(at)s
"""
LINES = """
insert into billing_invoiceline (invoice_id, item_id, kind, description, period_start, period_end, part, quantity, unit_amount, amount_minor,
        tax_minor, cause, voided)
    select n.id, l.item_id, l.kind, l.description, l.period_start + interval '10 years', l.period_end + interval '10 years', l.part,
        l.quantity, l.unit_amount, l.amount_minor, 0, '', false
    from billing_invoice n join billing_invoice i using (subscription_id) join billing_invoiceline l on l.invoice_id = i.id
    where n.series = 'limit' and i.issued_at = %(at)s
"""


def fill(cursor: Any, accounts: int) -> None:
    """Accounts with a subscription each, of a plan and an add-on: two lines an invoice."""
    from billing.entities import main_entity
    from billing.plans import add_price, create_plan

    plan = create_plan(key="growth", name="Growth", allowances={"api_call": 1000})
    prices = [add_price(plan, currency="EUR", unit_amount=amount, model=model).pk for amount, model in ((1500, "unit"), (9900, "flat"))]
    for part in FILL.split(";"):
        if part.strip():
            cursor.execute(part, {"at": START, "n": accounts, "entity": main_entity().pk, "prices": prices})
    cursor.execute("vacuum analyze")


def measure(accounts: int) -> None:
    from django.db import connection

    from billing.models import Invoice
    from billing.payments import Receipt, record_payments
    from billing.run import run_billing

    with connection.cursor() as cursor:
        fill(cursor, accounts)
        run_billing(at=START, limit_seconds=600)
        run_billing(at=FIRST, limit_seconds=600)
        paid = seconds(lambda: record_payments([Receipt(i, i.due_minor) for i in Invoice.objects.open()], at=FIRST))
        ours = seconds(lambda: run_billing(at=SECOND, limit_seconds=600))
        limit = seconds(lambda: [cursor.execute(sql, {"at": SECOND}) for sql in (INVOICES, LINES)])
        idle = seconds(lambda: [run_billing(at=SECOND) for _ in range(50)]) / 50
    emit(bench="billing_run", ours=round(accounts / ours), limit=round(accounts / limit), ratio=round(ours / limit, 1), unit="invoices/s")
    emit(bench="billing_run_idle", ours=round(1000 * idle, 2), unit="ms", accounts=accounts)
    emit(bench="billing_payments", ours=round(2 * accounts / paid), unit="payments/s")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--database", required=True)
    arguments.add_argument("--accounts", type=int, default=2000)
    options = arguments.parse_args()
    with database(options.database, NAME) as url:
        os.environ.update(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="crm.settings")
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0, skip_checks=True)
        measure(options.accounts)
        connections.close_all()


if __name__ == "__main__":
    main()
