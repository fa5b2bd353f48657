"""Subscribing, changing, cancelling and taking it back: what is billed, what is known about the account afterwards."""

from datetime import date

import pytest

from billing import errors
from billing.models import BillingHold, Subscription
from billing.plans import archive_plan
from billing.run import run_billing
from billing.subscriptions import cancel, change_plan, change_quantity, resume, set_auto_renew, subscribe
from customers.models import AccountState, Event, TimelineEntry
from tests.billing.shop import START, events_of, invoices_of, lines_of, make_price, make_subscription, trait
from tests.factories import instant, make_account

pytestmark = pytest.mark.django_db


def test_subscribing_invoices_the_first_period_and_tells_the_account():
    account = make_account(at=START)

    subscribe(account, make_price(is_top=True, allowances={"api_call": 1000}), at=START)

    assert lines_of(account) == [("period", "2025-01-31", "2025-02-28", 6000)]
    assert [str(i) for i in invoices_of(account)] == ["INV-000001"]
    known = {p: trait(account, p) for p in ("mrr", "arr", "plan", "plan.is_top", "plan.allowance.api_call", "renewal_date", "lifecycle")}
    assert known == {
        "mrr": {"minor": 6000, "currency": "EUR"},
        "arr": {"minor": 72000, "currency": "EUR"},
        "plan": "growth",
        "plan.is_top": True,
        "plan.allowance.api_call": 1000,
        "renewal_date": "2026-01-31",
        "lifecycle": "customer",
    }
    assert (trait(account, "auto_renew"), trait(account, "billing_mode"), trait(account, "seats")) == (True, "invoice", None)
    assert trait(account, "period_start") == "2025-01-31T00:00:00+00:00"
    assert sorted(events_of(account)) == ["invoice.finalised", "subscription.started"]
    state = AccountState.objects.get(account=account)
    assert (state.mrr_minor, state.arr_minor, state.plan, state.renewal_on) == (6000, 72000, "growth", date(2026, 1, 31))
    account.refresh_from_db()
    assert account.currency == "EUR"


def test_an_invoice_stands_on_the_timeline_with_its_number_and_a_link():
    sub = make_subscription()
    invoice = invoices_of(sub.account)[0]

    entry = TimelineEntry.objects.get(account_id=sub.account_id, name="invoice.finalised")

    assert entry.title == "Invoice INV-000001 over €60.00 issued"
    assert entry.url == invoice.get_absolute_url() == "/invoices/INV-000001/"


def test_an_event_of_an_invoice_says_what_a_playbook_needs():
    sub = make_subscription()

    props = Event.objects.get(account_id=sub.account_id, name="invoice.finalised").props

    assert (props["amount_minor"], props["amount_due"], props["currency"], props["number"]) == (6000, 60, "EUR", "INV-000001")
    assert props["invoice_id"] == invoices_of(sub.account)[0].pk


def test_nothing_is_billed_in_a_trial_and_the_trials_end_is_the_anchor():
    sub = make_subscription(trial_end=instant("2025-02-14T09:00"))
    assert (sub.status, lines_of(sub.account), trait(sub.account, "lifecycle")) == ("trialing", [], "trial")
    assert trait(sub.account, "mrr") == {"minor": 0, "currency": "EUR"}

    run_billing(at=instant("2025-02-14T09:00"))

    assert lines_of(sub.account) == [("period", "2025-02-14", "2025-03-14", 6000)]
    assert (trait(sub.account, "lifecycle"), trait(sub.account, "mrr")["minor"]) == ("customer", 6000)


def test_a_trial_cancelled_on_its_last_day_is_never_billed():
    sub = make_subscription(trial_end=instant("2025-02-14T09:00"))

    cancel(sub, at=instant("2025-02-13T22:00"))
    assert trait(sub.account, "lifecycle") == "trial"
    run_billing(at=instant("2025-03-20"))

    assert (lines_of(sub.account), trait(sub.account, "lifecycle")) == ([], "churned")


def test_an_upgrade_now_credits_the_old_plan_and_charges_the_new():
    sub = make_subscription(make_price(amount="3000"), at=instant("2025-04-01"))

    change_plan(sub, make_price("scale", "6000", rank=2), at=instant("2025-04-21T14:00"))
    run_billing(at=instant("2025-05-01"))

    assert lines_of(sub.account) == [
        ("period", "2025-04-01", "2025-05-01", 3000),
        ("correction", "2025-04-21", "2025-05-01", -1000),
        ("period", "2025-04-21", "2025-05-01", 2000),
        ("period", "2025-05-01", "2025-06-01", 6000),
    ]
    assert [i.total_minor for i in invoices_of(sub.account)] == [3000, 1000, 6000]
    assert "subscription.upgraded" in events_of(sub.account)
    assert (trait(sub.account, "plan"), trait(sub.account, "mrr")["minor"]) == ("scale", 6000)


def test_a_downgrade_leaves_credit_that_pays_the_next_invoice():
    sub = make_subscription(make_price(amount="6000"), at=instant("2025-04-01"))
    paid(sub, at="2025-04-02")

    change_plan(sub, make_price("lite", "3000", rank=0), at=instant("2025-04-21"))
    run_billing(at=instant("2025-05-01"))

    totals = [(i.total_minor, i.carried_minor, i.credit_minor, i.due_minor) for i in invoices_of(sub.account)]
    assert totals == [(6000, 0, 0, 0), (0, 1000, 0, 0), (3000, 0, 1000, 2000)]
    assert "subscription.downgraded" in events_of(sub.account)


def paid(sub, *, at):
    from billing.payments import record_payment

    for invoice in invoices_of(sub.account):
        if invoice.status == "open":
            record_payment(invoice, amount_minor=invoice.due_minor, at=instant(at))


def test_a_change_at_the_periods_end_waits_for_it():
    sub = make_subscription(make_price(allowances={"api_call": 100}), at=instant("2025-04-01"))

    change_plan(sub, make_price("lite", "3000", rank=0), at=instant("2025-04-21"), when="period_end")
    run_billing(at=instant("2025-04-30"))
    assert trait(sub.account, "plan") == "growth"
    run_billing(at=instant("2025-05-01"))

    assert [line[3] for line in lines_of(sub.account)] == [6000, 3000]
    assert (trait(sub.account, "plan"), trait(sub.account, "plan.allowance.api_call")) == ("lite", None)
    assert {"subscription.change_scheduled", "subscription.downgraded"} <= set(events_of(sub.account))


def test_seats_up_and_down_on_one_day_leave_only_the_last():
    sub = make_subscription(make_price(model="unit", amount="1000"), at=instant("2025-04-01"), quantity=10)

    change_quantity(sub, 20, at=instant("2025-04-16T09:00"))
    change_quantity(sub, 12, at=instant("2025-04-16T17:00"))

    assert sum(line[3] for line in lines_of(sub.account)) == 5000 + 6000
    assert (trait(sub.account, "seats"), trait(sub.account, "mrr")["minor"]) == (12, 12000)


def test_cancelling_at_the_periods_end_runs_out():
    sub = make_subscription(at=instant("2025-04-01"))

    cancel(sub, at=instant("2025-04-10"))
    assert (trait(sub.account, "auto_renew"), trait(sub.account, "lifecycle")) == (False, "customer")
    run_billing(at=instant("2025-06-10"))

    assert len(lines_of(sub.account)) == 1
    known = {p: trait(sub.account, p) for p in ("lifecycle", "mrr", "plan", "renewal_date")}
    assert known == {"lifecycle": "churned", "mrr": {"minor": 0, "currency": "EUR"}, "plan": None, "renewal_date": None}
    assert {"subscription.cancelled", "subscription.ended"} <= set(events_of(sub.account))
    assert Subscription.objects.get(pk=sub.pk).ended_at == instant("2025-05-01")


def test_cancelling_now_lowers_the_debt_that_was_never_paid():
    sub = make_subscription(at=instant("2025-04-01"))

    cancel(sub, at=instant("2025-04-16"), when="now", reason="involuntary")

    first, second = invoices_of(sub.account)
    assert (first.credit_minor, first.due_minor, first.status) == (3000, 3000, "open")
    assert (second.total_minor, second.carried_minor, second.status) == (0, 3000, "paid")


def test_cancelling_now_what_was_paid_leaves_credit():
    from billing.ledger import balance

    sub = make_subscription(at=instant("2025-04-01"))
    paid(sub, at="2025-04-02")

    cancel(sub, at=instant("2025-04-16"), when="now")

    assert balance(sub.account) == 3000


def test_a_cancellation_can_be_taken_back_until_it_comes_into_effect():
    sub = make_subscription(at=instant("2025-04-01"))
    cancel(sub, at=instant("2025-04-10"))

    resume(sub, at=instant("2025-04-11"))
    run_billing(at=instant("2025-05-01"))

    assert (len(lines_of(sub.account)), trait(sub.account, "auto_renew")) == (2, True)


def test_the_contract_renews_once_a_term_and_keeps_its_day():
    sub = make_subscription(at=instant("2024-02-29"), term_months=6)

    run_billing(at=instant("2025-09-01"))

    sub.refresh_from_db()
    assert (sub.renewal_date, events_of(sub.account).count("contract.renewed")) == (date(2026, 2, 28), 3)
    assert trait(sub.account, "renewal_date") == "2026-02-28"


def test_without_auto_renewal_the_subscription_ends_on_its_renewal_date():
    sub = make_subscription(at=instant("2025-01-01"), auto_renew=False, term_months=3)

    run_billing(at=instant("2025-08-01"))

    sub.refresh_from_db()
    assert (sub.status, sub.end_reason, sub.ended_at) == ("ended", "expired", instant("2025-04-01"))
    assert len(lines_of(sub.account)) == 3
    assert "contract.renewed" not in events_of(sub.account)


def test_renewing_a_contract_that_would_end_in_a_period_charges_the_rest_of_it():
    sub = make_subscription(make_price(interval="year", amount="36500"), at=instant("2025-01-01"), auto_renew=False, term_months=3)
    assert lines_of(sub.account) == [("period", "2025-01-01", "2025-04-01", 9000)]

    set_auto_renew(sub, True, at=instant("2025-03-10"))

    assert lines_of(sub.account)[1] == ("correction", "2025-04-01", "2026-01-01", 27500)
    assert invoices_of(sub.account)[1].lines.get().description == "Additional time on Growth, 1 Apr – 31 Dec 2025"


def test_auto_renewal_can_be_set_and_taken_back():
    sub = make_subscription(at=instant("2025-01-01"), term_months=3)

    assert set_auto_renew(sub, False, at=instant("2025-02-01")).cancel_at == instant("2025-04-01")
    assert set_auto_renew(sub, True, at=instant("2025-02-02")).cancel_at is None


def test_two_plans_of_one_account_add_up_and_the_higher_one_stands_for_it():
    account = make_account(at=START)
    make_subscription(make_price("lite", "1000", rank=1), account=account)
    make_subscription(make_price("scale", "12000", rank=3, interval="year"), account=account)

    assert (trait(account, "mrr")["minor"], trait(account, "arr")["minor"], trait(account, "plan")) == (2000, 24000, "scale")


def test_the_customers_zone_sets_the_border():
    account = make_account(at=START, zone="Pacific/Kiritimati")
    make_subscription(account=account, at=instant("2025-05-31T11:00"))

    run_billing(at=instant("2025-06-30T09:59"))
    assert len(lines_of(account)) == 1
    run_billing(at=instant("2025-06-30T10:00"))
    assert len(lines_of(account)) == 2


def refused(code, call, *args, **more):
    with pytest.raises(errors.Refused) as refusal:
        call(*args, **more)
    assert (refusal.value.code, str(refusal.value)[-1]) == (code, ".")


def test_every_refusal_of_a_start_is_named():
    account, growth, dollars = make_account(), make_price(), make_price("usa", currency="USD")
    subscribe(account, growth, at=START)
    gone = make_price("gone")
    archive_plan(gone.plan, at=START)
    gone.refresh_from_db()

    refused("currency_mismatch", subscribe, account, dollars, at=START)
    refused("plan_archived", subscribe, account, gone, at=START)
    refused("quantity_not_positive", subscribe, account, growth, at=START, quantity=0)
    refused("quantity_not_positive", subscribe, account, growth, at=START, term_months=0)
    refused("trial_already_over", subscribe, account, growth, at=START, trial_end=START)
    refused("renewal_not_ahead", subscribe, account, growth, at=START, renewal_date=date(2025, 1, 31))
    BillingHold.objects.create(account=account, since=START, reason="x")
    refused("account_on_hold", subscribe, account, growth, at=START)


def test_every_refusal_of_a_change_is_named():
    growth, scale = make_price(), make_price("scale", "9000")
    sub = make_subscription(growth)
    later = instant("2025-02-05")

    refused("nothing_changes", change_plan, sub, growth, at=later)
    refused("quantity_not_positive", change_quantity, sub, 0, at=later)
    refused("unknown_choice", change_plan, sub, scale, at=later, when="tomorrow")
    refused("unknown_choice", cancel, sub, at=later, reason="bored")
    refused("before_start", change_plan, sub, scale, at=instant("2025-01-01"))
    refused("not_cancelled", resume, sub, at=later)
    cancel(sub, at=later)
    refused("already_cancelled", cancel, sub, at=later)
    cancel(sub, at=later, when="now")
    refused("subscription_ended", change_plan, sub, scale, at=later)
    Subscription.objects.filter(pk=sub.pk).update(origin="mirrored")
    refused("subscription_mirrored", change_plan, sub, scale, at=later)


def test_mallory_sees_no_subscription_of_others(ada, mallory):
    from crm.models import Installation

    Installation.load()
    Installation.objects.update(visibility="own")
    account = make_account(owner=ada)
    sub = make_subscription(account=account)

    assert list(Subscription.objects.visible_to(ada)) == [sub]
    assert list(Subscription.objects.visible_to(mallory)) == []
