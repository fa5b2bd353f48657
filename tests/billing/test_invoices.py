"""Previewing, drafting, finalising, voiding and paying invoices."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from billing import errors
from billing.invoices import draft_due, finalise, preview, void
from billing.ledger import balance, grant_credit
from billing.models import CreditEntry, Invoice, InvoiceLine, Subscription
from billing.payments import Receipt, record_payment, record_payments
from billing.run import run_billing
from billing.subscriptions import cancel, change_plan
from tests.billing.shop import START, events_of, invoices_of, ledger_of, lines_of, make_price, make_subscription, trait
from tests.factories import instant, make_account

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=3)


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Invoice, InvoiceLine, CreditEntry, Subscription)]


def test_a_preview_equals_the_invoice_and_writes_nothing():
    sub = make_subscription()
    change_plan(sub, make_price("lite", "3000"), at=LATER, when="period_end")
    grant_credit(sub.account, amount_minor=1000, currency="EUR", at=LATER, reason="sorry")
    before, at = rows(), instant("2025-02-28")

    seen = preview(sub, at=at)
    assert rows() == before
    run_billing(at=at)

    invoice = invoices_of(sub.account)[-1]
    assert [text for text, _ in seen.lines] == [line.description for line in invoice.lines.all()]
    assert (seen.totals.total, seen.totals.credit, seen.totals.due) == (invoice.total_minor, invoice.credit_minor, invoice.due_minor)
    assert seen.totals.due == 2000


def test_lines_read_as_people_write_dates():
    sub = make_subscription(at=instant("2025-04-01"))
    change_plan(sub, make_price("lite", "3000"), at=instant("2025-04-21"))

    texts = list(InvoiceLine.objects.order_by("id").values_list("description", flat=True))

    assert texts == ["Growth, 1 Apr – 30 Apr 2025", "Unused time on Growth, 21 Apr – 30 Apr 2025", "Lite, 21 Apr – 30 Apr 2025"]


def test_a_draft_has_no_number_until_it_is_finalised():
    sub = make_subscription()

    (draft,) = draft_due(sub, at=instant("2025-02-28"))
    assert (draft.number, draft.status) == (None, "draft")
    issued = finalise(draft, at=instant("2025-03-01"))

    assert (issued.number, issued.status, issued.total_minor) == ("INV-000002", "open", 6000)
    assert issued.buyer["name"] == "Acme"
    run_billing(at=instant("2025-03-01"))
    assert len(lines_of(sub.account)) == 2
    with pytest.raises(errors.InvoiceNotDraft):
        finalise(issued, at=instant("2025-03-02"))


def test_a_voided_invoice_keeps_its_number_and_is_billed_again():
    sub = make_subscription()
    grant_credit(sub.account, amount_minor=500, currency="EUR", at=LATER, reason="sorry")
    run_billing(at=instant("2025-02-28"))
    second = invoices_of(sub.account)[1]

    void(second, at=instant("2025-03-01"), reason="wrong address")
    void(second, at=instant("2025-03-01"), reason="twice does nothing")
    assert balance(sub.account) == 500
    run_billing(at=instant("2025-03-02"))

    found = [(i.number, i.status, i.total_minor, i.credit_minor) for i in invoices_of(sub.account)]
    assert found == [("INV-000001", "open", 6000, 0), ("INV-000002", "void", 6000, 500), ("INV-000003", "open", 6000, 500)]
    assert Invoice.objects.get(number="INV-000002").due_minor == 0
    assert ledger_of(sub.account) == {"promotional": 500, "receivable": 11500, "revenue": -12000}
    assert events_of(sub.account).count("invoice.voided") == 1


def test_a_zero_invoice_is_paid_at_once():
    sub = make_subscription(make_price(amount="0"))

    assert [(i.total_minor, i.status, i.number) for i in invoices_of(sub.account)] == [(0, "paid", "INV-000001")]


def test_credit_pays_the_next_invoices_until_it_is_used_up():
    sub = make_subscription()
    grant_credit(sub.account, amount_minor=9000, currency="EUR", at=LATER, reason="outage")

    run_billing(at=instant("2025-03-31"))

    assert [(i.credit_minor, i.due_minor, i.status) for i in invoices_of(sub.account)] == [
        (0, 6000, "open"),
        (6000, 0, "paid"),
        (3000, 3000, "open"),
    ]
    assert balance(sub.account) == 0
    assert events_of(sub.account).count("credit.applied") == 2


def test_a_credit_with_an_effect_key_is_granted_once():
    account = make_account(at=START)
    grant = {"amount_minor": 900, "currency": "EUR", "at": LATER, "reason": "outage", "effect_key": "run-1/credit"}

    first = grant_credit(account, **grant, playbook="service-interruption-credit", version=2, why={"minutes": 95})
    again = grant_credit(account, **grant)

    assert first == again
    assert (balance(account), events_of(account)) == (900, ["credit.granted"])
    assert (first.playbook, first.version, first.why) == ("service-interruption-credit", 2, {"minutes": 95})
    with pytest.raises(errors.EffectKeyReused):
        grant_credit(account, **{**grant, "amount_minor": 1})


def test_a_payment_in_parts_and_too_much():
    sub = make_subscription()
    invoice = invoices_of(sub.account)[0]

    record_payment(invoice, amount_minor=2500, at=LATER)
    assert (invoice.status, invoice.due_minor) == ("open", 3500)
    record_payment(invoice, amount_minor=4000, at=LATER, reference="bank 77")

    assert (invoice.status, invoice.due_minor, invoice.paid_at) == ("paid", 0, LATER)
    assert balance(sub.account) == 500
    assert ledger_of(sub.account) == {"cash": 6500, "customer_credit": -500, "revenue": -6000}
    assert sorted(events_of(sub.account, "invoice.")) == ["invoice.finalised", "invoice.paid"]
    assert [p.attempt for p in invoice.payments.order_by("attempt")] == [1, 2]


def test_a_days_payments_cost_the_same_number_of_statements_as_one():
    price = make_price()
    subs = [make_subscription(price, name=f"Account {n}") for n in range(6)]
    invoices = [invoices_of(sub.account)[0] for sub in subs]

    with CaptureQueriesContext(connection) as one:
        record_payments([Receipt(invoices[0], 6000)], at=LATER)
    with CaptureQueriesContext(connection) as five:
        record_payments([Receipt(invoice, 6000, reference="statement 9") for invoice in invoices[1:]], at=LATER)

    assert len(five) <= len(one)
    assert {invoices_of(sub.account)[0].status for sub in subs} == {"paid"}


def test_two_payments_of_one_statement_for_one_invoice_count_both():
    sub = make_subscription()
    invoice = invoices_of(sub.account)[0]

    record_payments([Receipt(invoice, 2000), Receipt(invoice, 4500)], at=LATER)

    assert [p.attempt for p in invoice.payments.order_by("attempt")] == [1, 2]
    assert sorted(events_of(sub.account)) == ["invoice.finalised", "invoice.paid", "payment.received", "subscription.started"]
    assert (balance(sub.account), invoices_of(sub.account)[0].status) == (500, "paid")


def test_a_statement_with_a_payment_that_is_refused_counts_none_of_it():
    subs = [make_subscription(make_price(f"p{n}"), name=f"Account {n}") for n in range(2)]
    first, second = [invoices_of(sub.account)[0] for sub in subs]
    void(second, at=LATER, reason="x")

    with pytest.raises(errors.InvoiceNotOpen):
        record_payments([Receipt(first, 6000), Receipt(second, 6000)], at=LATER)

    assert invoices_of(subs[0].account)[0].status == "open"


def test_only_what_is_overdue_counts_as_overdue():
    sub = make_subscription()
    run_billing(at=instant("2025-03-01"))

    assert trait(sub.account, "overdue_amount") == {"minor": 6000, "currency": "EUR"}


def test_every_refusal_is_named():
    sub = make_subscription(at=instant("2025-04-01"))
    invoice = invoices_of(sub.account)[0]
    account = sub.account

    cases = [
        ("amount_not_positive", lambda: record_payment(invoice, amount_minor=0, at=LATER)),
        ("amount_not_positive", lambda: grant_credit(account, amount_minor=0, currency="EUR", at=LATER, reason="x")),
        ("unknown_currency", lambda: grant_credit(account, amount_minor=1, currency="XXY", at=LATER, reason="x")),
        ("currency_mismatch", lambda: grant_credit(account, amount_minor=1, currency="USD", at=LATER, reason="x")),
        ("unknown_currency", lambda: make_price("p1", currency="euro")),
        ("unknown_choice", lambda: make_price("p2", model="free")),
        ("amount_not_positive", lambda: make_price("p3", "-1")),
        ("plan_key_taken", lambda: make_price("growth")),
    ]
    for code, call in cases:
        with pytest.raises(errors.Refused) as refusal:
            call()
        assert (refusal.value.code, str(refusal.value)[-1]) == (code, ".")


def test_a_paid_partly_paid_or_corrected_invoice_is_not_voided():
    sub = make_subscription(at=instant("2025-04-01"))
    invoice = invoices_of(sub.account)[0]
    cancel(sub, at=instant("2025-04-16"), when="now")
    with pytest.raises(errors.InvoiceCorrected):
        void(invoice, at=LATER, reason="x")
    record_payment(invoice, amount_minor=10, at=instant("2025-04-17"))
    with pytest.raises(errors.InvoiceHasPayments):
        void(invoice, at=LATER, reason="x")
    zero = invoices_of(sub.account)[1]
    with pytest.raises(errors.InvoiceNotOpen):
        void(zero, at=LATER, reason="x")
    with pytest.raises(errors.InvoiceNotOpen):
        record_payment(zero, amount_minor=5, at=LATER)


def guarded(name, sql, *params):
    from django.db import transaction

    with (
        pytest.raises(IntegrityError, match=name) if name else pytest.raises(IntegrityError) as broken,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, params)
    return broken


def test_the_database_keeps_what_was_finalised():
    invoice = invoices_of(make_subscription().account)[0]
    number = invoice.number

    for column, value in (("total_minor", 1), ("number", "X"), ("issued_at", LATER), ("buyer", "{}"), ("status", "draft")):
        guarded(
            f"invoice {number} is finalised and cannot be edited",
            f"update billing_invoice set {column} = %s where id = %s",
            value,
            invoice.pk,
        )
    guarded(f"invoice {number} is finalised and cannot be deleted", "delete from billing_invoice where id = %s", invoice.pk)
    for sql in (
        "update billing_invoiceline set amount_minor = 1 where invoice_id = %s",
        "delete from billing_invoiceline where invoice_id = %s",
        "insert into billing_invoiceline (invoice_id, kind, description, part, quantity, unit_amount, amount_minor, tax_minor, cause, voided)"
        " values (%s, 'one_off', 'more', 0, 1, 0, 0, 0, '', false)",
    ):
        guarded(f"the lines of invoice {number} are finalised", sql, invoice.pk)


def test_the_database_refuses_an_invoice_that_is_not_the_sum_of_its_lines():
    sub = make_subscription()
    (draft,) = draft_due(sub, at=instant("2025-02-28"))

    guarded(
        "the lines of invoice X do not sum",
        "update billing_invoice set status = 'open', number = 'X', sequence = 99, issued_at = %s, due_at = %s,"
        " subtotal_minor = 1, total_minor = 1 where id = %s",
        LATER,
        LATER,
        draft.pk,
    )


def test_the_database_refuses_a_ledger_that_does_not_balance_or_is_rewritten():
    sub = make_subscription()
    insert = (
        "insert into billing_creditentry (txn, ledger, account_id, currency, amount_minor, at, reason, playbook)"
        " values (gen_random_uuid(), 'cash', %s, 'EUR', 5, %s, '', '')"
    )

    guarded("does not sum to zero", insert, sub.account_id, LATER)
    guarded("append-only", "update billing_creditentry set amount_minor = 7 where account_id = %s", sub.account_id)
    guarded("append-only", "delete from billing_creditentry where account_id = %s", sub.account_id)


def test_the_database_refuses_to_bill_a_span_twice_or_use_a_number_twice():
    sub = make_subscription()
    (draft,) = draft_due(sub, at=instant("2025-02-28"))
    line = draft.lines.get()
    copy = (
        "insert into billing_invoiceline (invoice_id, item_id, kind, description, part, quantity, unit_amount, amount_minor, tax_minor,"
        " cause, voided, period_start, period_end) values (%s, %s, 'period', 'again', %s, 1, 0, 0, 0, '', false, %s, %s)"
    )

    guarded("a_charge_for_a_period_is_billed_once", copy, draft.pk, line.item_id, 0, line.period_start, line.period_end)
    guarded("no_span_of_an_item_is_billed_twice", copy, draft.pk, line.item_id, 1, line.period_start + timedelta(days=2), line.period_end)
    guarded(
        "an_invoice_number_is_used_once",
        "update billing_invoice set status = 'open', number = 'Y', sequence = 1, issued_at = %s, due_at = %s where id = %s",
        LATER,
        LATER,
        draft.pk,
    )
    guarded("only_a_draft_has_no_number", "update billing_invoice set status = 'open' where id = %s", draft.pk)


def test_the_database_keeps_a_price_that_is_used_and_one_item_a_slot():
    sub = make_subscription()
    item = sub.history[0]

    guarded("is in use and cannot be changed", "update billing_price set unit_amount = 1 where id = %s", item.price_id)
    guarded(
        "a_slot_holds_one_item_at_a_time",
        "insert into billing_subscriptionitem (subscription_id, slot, price_id, quantity, valid_from) values (%s, 0, %s, 1, %s)",
        sub.pk,
        item.price_id,
        LATER,
    )
    guarded(
        "a_subscription_ends_after_it_starts",
        "update billing_subscription set status = 'ended', ended_at = %s where id = %s",
        START - timedelta(days=1),
        sub.pk,
    )


def test_mallory_sees_no_invoice_of_others(ada, mallory):
    from crm.models import Installation

    Installation.load()
    Installation.objects.update(visibility="own")
    invoice = invoices_of(make_subscription(account=make_account(owner=ada)).account)[0]

    assert list(Invoice.objects.visible_to(ada)) == [invoice]
    assert list(Invoice.objects.visible_to(mallory)) == []
