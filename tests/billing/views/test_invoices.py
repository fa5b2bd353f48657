"""Pages of invoices and an account's revenue: what they show, who may act, and that a refusal keeps the input."""

import pytest

from billing.models import Invoice, Price
from customers.models import Account
from tests.billing.shop import make_price, make_subscription
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(ada):
    account = make_account("Halvorsen Marine", owner=ada)
    make_subscription(make_price(currency="USD"), account=account, at=NOW)
    return Invoice.objects.get(account=account)


@pytest.fixture
def faye(db):
    from tests.factories import make_user

    return make_user("Faye Brandt", role="finance")


def test_the_list_shows_number_account_and_what_is_open(client, ada, invoice):
    client.force_login(ada)
    html = client.get("/invoices/").content.decode()
    assert invoice.number in html
    assert "Halvorsen Marine" in html


def test_htmx_gets_the_rows_alone(client, ada, invoice):
    client.force_login(ada)
    response = client.get("/invoices/", headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()
    assert "HX-Request" in response.headers["Vary"]


def test_an_invoice_says_why_each_line_is_as_it_is(client, ada, invoice):
    client.force_login(ada)
    assert "a month." in client.get(f"/invoices/{invoice.number}/").content.decode()


def test_an_unknown_number_is_404(client, ada):
    client.force_login(ada)
    assert client.get("/invoices/INV-999999/").status_code == 404
    assert client.get("/invoices/99999999999999999999999/").status_code == 404
    assert client.get("/invoices/%00/").status_code == 404


def test_mallory_gets_404_for_an_account_that_is_not_hers(client, mallory, invoice):
    from crm.models import Installation

    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    client.force_login(mallory)
    account = Account.objects.get()
    for path in (f"/invoices/{invoice.number}/", f"/accounts/{account.pk}/revenue/", f"/accounts/{account.pk}/panels/subscription/"):
        assert client.get(path).status_code == 404
    assert invoice.number not in client.get("/invoices/").content.decode()


def test_a_payment_is_recorded_by_finance_and_refused_to_a_csm(client, ada, faye, invoice):
    client.force_login(ada)
    path = f"/invoices/{invoice.pk}/payments/"
    data = {"amount_minor": "10.00", "method": "transfer"}
    assert client.post(path, data).status_code == 403
    client.force_login(faye)
    assert client.post(path, data).status_code == 302
    invoice.refresh_from_db()
    assert invoice.paid_minor == 1000


@pytest.mark.parametrize("amount", ["", "0", "-3", "1.234", "abc"])
def test_a_bad_amount_is_refused_with_422_and_nothing_is_paid(client, faye, invoice, amount):
    client.force_login(faye)
    response = client.post(f"/invoices/{invoice.pk}/payments/", {"amount_minor": amount, "method": "transfer"})
    assert response.status_code == 422
    invoice.refresh_from_db()
    assert invoice.paid_minor == 0


def test_voiding_needs_a_reason_and_a_paid_invoice_refuses(client, faye, invoice):
    client.force_login(faye)
    path = f"/invoices/{invoice.pk}/void/"
    assert client.post(path, {"reason": ""}).status_code == 422
    client.post(f"/invoices/{invoice.pk}/payments/", {"amount_minor": "1.00", "method": "transfer"})
    assert client.post(path, {"reason": "typo"}).status_code == 422


def test_credit_is_granted_by_a_manager_and_shown(client, invoice):
    from tests.factories import make_user

    client.force_login(make_user("Mira Holt", role="manager"))
    account = Account.objects.get()
    assert client.post(f"/accounts/{account.pk}/credits/", {"amount_minor": "12.50", "reason": "Outage"}).status_code == 302
    assert "$12.50" in client.get(f"/accounts/{account.pk}/revenue/").content.decode()


def test_the_list_costs_the_same_for_1_and_20(client, ada, invoice, django_assert_num_queries):
    client.force_login(ada)
    client.get("/invoices/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        client.get("/invoices/")
    price = Price.objects.get()
    for n in range(19):
        make_subscription(price, account=make_account(f"Account {n}", owner=ada), at=NOW)
    with django_assert_num_queries(len(one)):
        client.get("/invoices/")


def test_the_export_is_safe_for_spreadsheets(client, ada, invoice):
    Account.objects.update(name="=cmd()")
    client.force_login(ada)
    assert "'=cmd()" in b"".join(client.get("/invoices/export/").streaming_content).decode()
