"""The billing run: repeated, late, in parallel, interrupted; past due; accounts on hold."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.drafting import billed_lines
from billing.engine.invoicing import draft
from billing.invoices import preview
from billing.ledger import balance, grant_credit
from billing.locks import lock_accounts
from billing.models import BillingHold, Invoice, InvoiceLine, Subscription
from billing.payments import record_payment
from billing.renewals import bring_up_to
from billing.run import run_billing
from billing.subscriptions import cancel, change_plan, change_quantity, set_auto_renew
from customers.models import AccountState
from tests.billing.shop import START, events_of, invoices_of, ledger_of, lines_of, make_price, make_subscription, trait
from tests.factories import instant, make_account


@pytest.mark.django_db
def test_missed_periods_are_caught_up_with_one_invoice_each():
    sub = make_subscription(at=START)

    counts = run_billing(at=instant("2025-05-06"))

    assert counts["invoices"] == 3
    assert [line[1:3] for line in lines_of(sub.account)] == [
        ("2025-01-31", "2025-02-28"),
        ("2025-02-28", "2025-03-31"),
        ("2025-03-31", "2025-04-30"),
        ("2025-04-30", "2025-05-31"),
    ]


@pytest.mark.django_db
def test_a_second_run_finds_nothing_to_do():
    sub = make_subscription()
    run_billing(at=instant("2025-05-06"))
    before = (lines_of(sub.account), events_of(sub.account))

    assert set(run_billing(at=instant("2025-05-06")).values()) == {0}
    assert (lines_of(sub.account), events_of(sub.account)) == before


@pytest.mark.django_db
def test_a_run_with_nothing_due_is_one_statement():
    for n in range(5):
        make_subscription(make_price(f"plan-{n}"), name=f"Account {n}")
    run_billing(at=instant("2025-02-01"))

    with CaptureQueriesContext(
        connection,
    ) as seen:
        run_billing(at=instant("2025-02-02"))

    assert len(seen) == 1


@pytest.mark.django_db
def test_a_run_over_1_and_over_20_accounts_costs_the_same_number_of_statements():
    price = make_price()
    make_subscription(price, at=START)
    with CaptureQueriesContext(connection) as one:
        run_billing(at=instant("2025-03-01"))
    for n in range(20):
        make_subscription(price, at=instant("2025-03-01"), name=f"Account {n}")
    with CaptureQueriesContext(connection) as twenty:
        counts = run_billing(at=instant("2025-04-01"))

    assert counts["invoices"] == 21
    assert len(twenty) <= len(one)


def story(name, price, runs):
    """A year of one account with changes, told by runs at these instants."""
    account = make_account(name, at=START)
    sub = make_subscription(price["growth"], at=START, account=account, quantity=5)
    steps = [
        (instant("2025-03-10T10:00"), lambda at: change_quantity(sub, 9, at=at)),
        (instant("2025-05-12T11:00"), lambda at: change_plan(sub, price["lite"], at=at, when="period_end")),
        (instant("2025-07-03T12:00"), lambda at: grant_credit(account, amount_minor=700, currency="EUR", at=at, reason="sorry")),
        (instant("2025-09-20T13:00"), lambda at: change_plan(sub, price["scale"], at=at)),
        (instant("2025-11-05T14:00"), lambda at: cancel(sub, at=at)),
    ]
    timetable = [(at, step) for at, step in steps] + [(at, lambda at: run_billing(at=at)) for at in runs]
    for at, step in sorted(timetable, key=lambda entry: entry[0]):
        step(at)
    return account


@pytest.mark.django_db
def test_daily_runs_equal_one_late_run_line_for_line():
    price = {
        "growth": make_price("growth", "1000", model="unit"),
        "lite": make_price("lite", "2500", rank=0),
        "scale": make_price("scale", "9900", rank=5, in_advance=False),
    }
    last = instant("2025-12-24T06:00")
    days = [START + timedelta(days=n, hours=1) for n in range(330)]

    daily = story("Daily", price, [day for day in days if day <= last] + [last])
    late = story("Late", price, [last])

    assert lines_of(daily) == lines_of(late)
    amounts = [[(i.total_minor, i.credit_minor) for i in invoices_of(account)] for account in (daily, late)]
    assert amounts[0] == amounts[1]
    assert ledger_of(daily) == ledger_of(late)
    assert trait(daily, "lifecycle") == trait(late, "lifecycle") == "churned"
    assert events_of(daily, "subscription.") == events_of(late, "subscription.")


moves = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["seats", "plan", "later", "cancel", "run", "credit", "pay"]), st.integers(1, 9)),
    max_size=7,
)


@pytest.mark.django_db
@given(moves)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_story_nothing_is_missing_and_the_books_balance(steps):
    with transaction.atomic():
        prices = [
            make_price("growth", "1999", model="unit"),
            make_price("scale", "5000", interval="week"),
            make_price("old", "700", in_advance=False),
        ]
        account = make_account(at=START)
        sub = make_subscription(prices[0], account=account)
        at = START
        for days, what, n in steps:
            at += timedelta(days=days, minutes=1)
            play(what, n, sub, prices, at)
        seen, before = preview(sub, at=at).totals, len(invoices_of(account))
        run_billing(at=at)

        made = invoices_of(account)[before:]
        assert (seen.subtotal, seen.credit) == (sum(i.subtotal_minor for i in made), sum(i.credit_minor for i in made))

        found = Subscription.objects.with_items().get(pk=sub.pk)
        found.settled_until = None
        lines = [line for rows in billed_lines([found], at=at).values() for line in rows]
        assert draft(found.facts(found.history), lines, at=at) == []
        assert sum(ledger_of(account).values()) == 0
        owed = sum(i.due_minor for i in invoices_of(account))
        assert ledger_of(account).get("receivable", 0) == owed
        assert [i.sequence for i in invoices_of(account)] == list(range(1, len(invoices_of(account)) + 1))
        transaction.set_rollback(True)


def play(what, n, sub, prices, at):
    from billing.errors import Refused

    try:
        with transaction.atomic():
            {
                "seats": lambda: change_quantity(sub, n, at=at),
                "plan": lambda: change_plan(sub, prices[n % 3], at=at),
                "later": lambda: change_plan(sub, prices[n % 3], at=at, when="period_end"),
                "cancel": lambda: cancel(sub, at=at, when="now" if n % 2 else "period_end"),
                "run": lambda: run_billing(at=at),
                "credit": lambda: grant_credit(sub.account, amount_minor=n * 100, currency="EUR", at=at, reason="x"),
                "pay": lambda: pay_oldest(sub, n, at),
            }[what]()
    except Refused:
        pass


def pay_oldest(sub, n, at):
    invoice = Invoice.objects.open().filter(account=sub.account).order_by("id").first()
    if invoice:
        record_payment(invoice, amount_minor=n * 500, at=at)


@pytest.mark.django_db
def test_an_invoice_becomes_past_due_once_and_stops_being_it_when_paid():
    sub = make_subscription(at=START)
    due = START + timedelta(days=14)

    assert run_billing(at=due - timedelta(seconds=1))["past_due"] == 0
    assert run_billing(at=due)["past_due"] == 1
    assert run_billing(at=due + timedelta(hours=1))["past_due"] == 0

    sub.refresh_from_db()
    assert (sub.status, trait(sub.account, "overdue_amount")) == ("past_due", {"minor": 6000, "currency": "EUR"})
    assert AccountState.objects.get(account=sub.account).overdue_minor == 6000
    record_payment(invoices_of(sub.account)[0], amount_minor=6000, at=due + timedelta(days=1))
    sub.refresh_from_db()
    assert (sub.status, trait(sub.account, "overdue_amount")["minor"]) == ("active", 0)
    assert sorted(events_of(sub.account, "invoice.")) == ["invoice.finalised", "invoice.paid", "invoice.past_due"]


@pytest.mark.django_db
def test_an_account_that_a_guard_refuses_is_held_and_the_others_go_on():
    price = make_price()
    bad, good = make_subscription(price, name="Bad"), make_subscription(price, name="Good")
    line = InvoiceLine.objects.get(invoice__account=bad.account)
    draft_invoice = Invoice.objects.create(account=bad.account, entity=bad.entity, currency="EUR", drafted_at=START)
    overlap = {"period_start": instant("2025-03-10"), "period_end": instant("2025-03-12")}
    InvoiceLine.objects.create(invoice=draft_invoice, item=line.item, description="By hand", amount_minor=1, **overlap)

    counts = run_billing(at=instant("2025-03-01"))

    assert (counts["held"], counts["invoices"]) == (1, 1)
    assert len(lines_of(good.account)) == 2
    assert "no_span_of_an_item_is_billed_twice" in BillingHold.objects.get(account=bad.account).reason
    assert "billing.held" in events_of(bad.account)
    assert run_billing(at=instant("2025-03-02"))["held"] == 0


@pytest.mark.django_db
def test_time_that_runs_out_leaves_the_rest_for_the_next_run(monkeypatch):
    price = make_price()
    for n in range(3):
        make_subscription(price, name=f"Account {n}")
    monkeypatch.setattr("billing.run.SLICE", 2)

    first = run_billing(at=instant("2025-03-01"), limit_seconds=0)
    second = run_billing(at=instant("2025-03-01"))

    assert (first["invoices"], first["more"], second["invoices"], second["more"]) == (2, 1, 1, 0)


@pytest.mark.django_db
def test_killed_before_the_commit_a_slice_leaves_nothing_and_no_gap():
    sub = make_subscription()
    found = list(Subscription.objects.filter(pk=sub.pk).with_items())

    with transaction.atomic():
        bring_up_to(found, at=instant("2025-03-01"))
        transaction.set_rollback(True)
    assert len(lines_of(sub.account)) == 1
    run_billing(at=instant("2025-03-01"))

    assert [i.number for i in invoices_of(sub.account)] == ["INV-000001", "INV-000002"]


@pytest.mark.django_db(transaction=True)
def test_runs_at_the_same_time_bill_every_period_once_and_number_without_gaps():
    price = make_price()
    accounts = [make_subscription(price, name=f"Account {n}").account for n in range(6)]

    assert in_threads(lambda _: run_billing(at=instant("2025-06-01")), range(3)) == []

    assert [len(lines_of(account)) for account in accounts] == [5] * 6
    assert sorted(Invoice.objects.values_list("sequence", flat=True)) == list(range(1, 31))
    assert [events_of(account).count("invoice.finalised") for account in accounts] == [5] * 6


@pytest.mark.django_db
def test_a_change_behind_the_last_run_corrects_what_was_billed_beyond_it():
    """The clock of a run may have been set ahead: what a person then does now lies before it."""
    sub = make_subscription(make_price(model="unit", amount="1000"), at=instant("2025-01-01"), quantity=3)
    run_billing(at=instant("2025-03-01"))

    set_auto_renew(sub, False, at=instant("2025-02-14"))
    assert sum(line[3] for line in lines_of(sub.account)) == 9000
    change_quantity(sub, 6, at=instant("2025-02-15"))
    run_billing(at=instant("2025-03-02"))

    assert sum(line[3] for line in lines_of(sub.account)) == 3000 + 1500 + 3000 + 6000


@pytest.mark.django_db
def test_a_debt_lowered_to_nothing_ends_being_past_due():
    sub = make_subscription(at=instant("2025-04-01"))
    run_billing(at=instant("2025-04-15"))
    assert Subscription.objects.get(pk=sub.pk).status == "past_due"

    change_plan(sub, make_price("free", "0"), at=instant("2025-04-01T00:00:01") + timedelta(days=14))
    record_payment(invoices_of(sub.account)[0], amount_minor=2800, at=instant("2025-04-16"))

    assert Subscription.objects.get(pk=sub.pk).status == "active"
    assert trait(sub.account, "overdue_amount")["minor"] == 0


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gap_whatever_is_rolled_back_meanwhile():
    price = make_price()
    subs = [make_subscription(price, name=f"Account {n}") for n in range(6)]

    def work(n):
        for month in range(2, 6):
            with transaction.atomic():
                lock_accounts([subs[n].account_id])
                found = list(Subscription.objects.filter(pk=subs[n].pk).with_items())
                bring_up_to(found, at=instant(f"2025-{month:02}-28T12:00"))
                if (n + month) % 3 == 0:
                    transaction.set_rollback(True)

    assert in_threads(work, range(6)) == []

    sequences = sorted(Invoice.objects.values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))
    assert len(sequences) > 6


@pytest.mark.django_db(transaction=True)
def test_a_credit_asked_for_at_the_same_time_is_granted_once():
    account = make_account(at=START)

    def work(_):
        grant_credit(account, amount_minor=500, currency="EUR", at=START, reason="outage", effect_key="run-7/credit")

    assert in_threads(work, range(4)) == []

    assert (balance(account), events_of(account)) == (500, ["credit.granted"])


def in_threads(work, items):
    """Run `work` for each item in a thread of its own, all starting together; the errors they ended with."""
    barrier, failures = threading.Barrier(len(items)), []

    def run(one):
        try:
            barrier.wait()
            work(one)
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[one]) for one in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
