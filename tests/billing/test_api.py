"""The REST API of billing: what is read, what is written through verbs, who may."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from billing.models import Invoice, Subscription
from crm.models import Installation
from tests.billing.shop import invoices_of, make_price, make_subscription
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def fin():
    return client_of(make_user("Fay Finance", role="finance"))


def client_of(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_a_plan_a_price_and_a_subscription_are_made_over_the_api(fin):
    account = make_account()
    plan = fin.post("/api/v1/plans/", {"key": "growth", "name": "Growth", "rank": 2, "allowances": {"api_call": 1000}}).json()
    price = fin.post("/api/v1/prices/", {"plan": plan["id"], "model": "unit", "currency": "EUR", "unit_amount_minor": "1500.5"}).json()
    made = fin.post("/api/v1/subscriptions/", {"account": account.pk, "price": price["id"], "quantity": 4})

    assert made.status_code == 201
    sub = made.json()
    assert (sub["plan"], sub["quantity"], sub["status"], sub["currency"]) == ("growth", "4", "active", "EUR")
    assert (price["unit_amount_minor"], plan["allowances"]) == ("1500.5", {"api_call": 1000})
    (invoice,) = fin.get("/api/v1/invoices/", {"account": account.pk}).json()["results"]
    assert (invoice["total_minor"], invoice["due_minor"], invoice["number"], invoice["currency"]) == (6002, 6002, "INV-000001", "EUR")


def test_a_list_answers_results_and_next(fin):
    price = make_price()
    for n in range(3):
        make_subscription(price, name=f"Account {n}")

    page = fin.get("/api/v1/subscriptions/", {"page_size": 2}).json()

    assert (len(page["results"]), page["next"] is None) == (2, False)
    assert len(fin.get(page["next"]).json()["results"]) == 1


@pytest.mark.parametrize("noun", ["plans", "prices", "subscriptions", "invoices"])
def test_a_list_of_1_and_of_9_cost_the_same_number_of_queries(fin, noun):
    make_subscription(make_price("first"))
    with CaptureQueriesContext(connection) as one:
        fin.get(f"/api/v1/{noun}/")
    for n in range(8):
        make_subscription(make_price(f"plan-{n}"), name=f"Account {n}")
    with CaptureQueriesContext(connection) as nine:
        answer = fin.get(f"/api/v1/{noun}/").json()

    assert (len(answer["results"]), len(nine)) == (9, len(one))


def test_an_invoice_shows_its_lines_and_payments_and_can_be_paid(fin):
    invoice = invoices_of(make_subscription().account)[0]

    paid = fin.post(f"/api/v1/invoices/{invoice.pk}/payments/", {"amount_minor": 6000, "reference": "bank 7"})
    shown = fin.get(f"/api/v1/invoices/{invoice.pk}/").json()

    assert (paid.status_code, paid.json()["reference"]) == (201, "bank 7")
    assert (shown["status"], shown["lines"][0]["amount_minor"], shown["payments"][0]["amount_minor"]) == ("paid", 6000, 6000)
    assert len(fin.get(f"/api/v1/invoices/{invoice.pk}/payments/").json()["results"]) == 1


def test_a_payment_lies_in_the_past(fin):
    invoice = invoices_of(make_subscription().account)[0]
    url = f"/api/v1/invoices/{invoice.pk}/payments/"

    assert fin.post(url, {"amount_minor": 1, "at": "2999-01-01T00:00:00Z"}).status_code == 400
    assert fin.post(url, {"amount_minor": 1, "at": "2025-02-03T10:00:00Z"}).json()["at"] == "2025-02-03T10:00:00Z"


def test_an_invoice_can_be_voided(fin):
    invoice = invoices_of(make_subscription().account)[0]

    answer = fin.post(f"/api/v1/invoices/{invoice.pk}/void/", {"reason": "wrong"})

    assert (answer.status_code, answer.json()["status"], answer.json()["due_minor"]) == (200, "void", 0)


def test_a_subscription_is_changed_cancelled_and_resumed(fin):
    sub, scale = make_subscription(), make_price("scale", "9000")
    url = f"/api/v1/subscriptions/{sub.pk}"

    assert fin.post(f"{url}/change/", {"price": scale.pk}).json()["plan"] == "scale"
    assert fin.post(f"{url}/cancellation/", {}).json()["status"] == "cancelled"
    assert fin.delete(f"{url}/cancellation/").json()["cancel_at"] is None
    refused = fin.delete(f"{url}/cancellation/")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_cancelled")


def test_a_preview_writes_nothing(fin):
    sub = make_subscription()
    before = Invoice.objects.count()

    seen = fin.get(f"/api/v1/subscriptions/{sub.pk}/preview/", {"at": "2025-02-28T00:00:00Z"}).json()

    assert (seen["total_minor"], seen["lines"][0]["description"], Invoice.objects.count()) == (6000, "Growth, 28 Feb – 30 Mar 2025", before)


def test_credit_is_granted_and_the_balance_read(fin):
    account = make_subscription().account

    granted = fin.post(f"/api/v1/accounts/{account.pk}/credits/", {"amount_minor": 700, "currency": "EUR", "reason": "outage"})
    balance = fin.get(f"/api/v1/accounts/{account.pk}/balance/").json()

    assert (granted.status_code, granted.json()["amount_minor"]) == (201, 700)
    assert (balance["currency"], balance["overdue_minor"]) == ("EUR", 0)
    assert balance["balance_minor"] + sum(i.credit_minor for i in invoices_of(account)) == 700
    assert fin.get(f"/api/v1/accounts/{account.pk}/credits/").json()["results"][-1]["reason"] == "outage"


def test_bad_bodies_are_400_and_refusals_422(fin):
    account, price = make_account(), make_price()

    cases = [
        ("plans", {"key": "a b", "name": "x"}, 400, "invalid"),
        ("plans", {"key": "growth", "name": "x"}, 422, "plan_key_taken"),
        ("prices", {"plan": price.plan_id, "currency": "XQQ", "unit_amount_minor": 1}, 422, "unknown_currency"),
        ("subscriptions", {"account": account.pk, "price": price.pk, "quantity": 0}, 400, "invalid"),
        ("subscriptions", {"account": account.pk, "price": price.pk, "colour": "red"}, 400, "invalid"),
        ("subscriptions", {"account": 10**9, "price": price.pk}, 400, "invalid"),
    ]
    for noun, body, status, code in cases:
        answer = fin.post(f"/api/v1/{noun}/", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (noun, body)


def test_only_some_roles_write(ada):
    sub = make_subscription()
    csm = client_of(ada)

    assert csm.get("/api/v1/invoices/").status_code == 200
    assert csm.post("/api/v1/plans/", {"key": "x", "name": "x"}).status_code == 403
    assert csm.post(f"/api/v1/accounts/{sub.account_id}/credits/", {"amount_minor": 1, "currency": "EUR", "reason": "x"}).status_code == 403


def test_what_mallory_may_not_see_is_404(ada, mallory):
    Installation.load()
    Installation.objects.update(visibility="own")
    sub = make_subscription(account=make_account(owner=ada))
    invoice = invoices_of(sub.account)[0]
    client = client_of(mallory)

    paths = [
        f"subscriptions/{sub.pk}/",
        f"invoices/{invoice.pk}/",
        f"invoices/{invoice.pk}/payments/",
        f"accounts/{sub.account_id}/balance/",
    ]
    paths.append(f"accounts/{sub.account_id}/credits/")
    assert [client.get(f"/api/v1/{path}").status_code for path in paths] == [404] * 5
    assert client.get("/api/v1/invoices/").json()["results"] == []
    assert Subscription.objects.get(pk=sub.pk).status == "active"


def test_the_admin_shows_every_record_of_billing(client, root):
    make_subscription()
    client.force_login(root)

    for noun in ("legalentity", "plan", "subscription", "invoice", "creditentry", "billinghold"):
        assert client.get(f"/admin/billing/{noun}/").status_code == 200
    assert client.get(f"/admin/billing/invoice/{Invoice.objects.get().pk}/change/").status_code == 200
    assert client.get(f"/admin/billing/subscription/{Subscription.objects.get().pk}/change/").status_code == 200
