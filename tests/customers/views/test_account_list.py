"""The list of accounts: rows, filters, figures, the file, what is changed in it and taken back."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.lib import clock
from crm.lib.csvs import cell
from crm.models import User
from customers.models import Account, AccountState, Task
from tests.customers.views.conftest import HTMX
from tests.factories import make_account

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return b"".join(response.streaming_content).decode() if response.streaming else response.content.decode()


def toast(response: Any) -> dict[str, str]:
    return json.loads(response.headers["HX-Trigger"])["toast"]


def make_many(n: int, owner: User | None = None) -> None:
    for i in range(n):
        make_account(f"Account {i:03}", owner=owner, plan="growth", arr={"minor": 588000 + i, "currency": "USD"})
    AccountState.objects.update(score=50, band="watch", trend=[40, 50, None, 60], top_reason="logins 10 to 2")


@pytest.mark.parametrize("n", [2, 50])
def test_the_list_costs_the_same_queries_however_many_rows(web: Client, ada: User, n: int) -> None:
    make_many(n, ada)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = web.get("/accounts/")
    assert text(response).count("<tr data-row") == n
    assert len(queries) == 7


def test_a_row_says_what_matters(web: Client, ada: User) -> None:
    account = make_account("Halvorsen Marine", owner=ada, plan="growth", arr={"minor": 4200000, "currency": "EUR"})
    today = clock.local_day(clock.now(), "UTC")
    AccountState.objects.update(
        score=38, band="risk", score_change=-19, top_reason="logins 10 to 2", renewal_on=today + timedelta(days=41), open_tasks=2
    )
    page = text(web.get("/accounts/"))
    for words in [
        "Halvorsen Marine",
        "Ada Lind",
        "Growth",
        "€42,000",
        "Risk 38",
        "−19",
        "logins 10 to 2",
        "41 d",
        account.get_absolute_url(),
    ]:
        assert words in page


def test_htmx_gets_the_list_without_the_frame(web: Client) -> None:
    make_account("Acme")
    response = web.get("/accounts/", **HTMX)
    assert text(response).lstrip().startswith('<div id="accounts"')
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=halv", {"Halvorsen"}),
        ("mine=1", {"Halvorsen"}),
        ("unassigned=1", {"Acme"}),
        ("band=risk", {"Acme"}),
        ("plan=growth", {"Halvorsen"}),
        ("tag=vip", {"Acme"}),
        ("overdue=1", {"Acme"}),
        ("renewal_before=2027-01-01", {"Halvorsen"}),
        ("band=risk,unknown&mine=1", {"Halvorsen"}),
        ("band=purple", {"Halvorsen", "Acme"}),
    ],
)
def test_filters_narrow_the_list(web: Client, ada: User, query: str, found: set[str]) -> None:
    make_account("Halvorsen", owner=ada, plan="growth", renewal_date="2026-12-31")
    acme = make_account("Acme", **{"tag.vip": True, "overdue_amount": {"minor": 100, "currency": "USD"}})
    AccountState.objects.filter(pk=acme.pk).update(band="risk", score=20)
    page = text(web.get(f"/accounts/?{query}"))
    assert {name for name in ("Halvorsen", "Acme") if f">{name}</span></a>" in page} == found


def test_a_bad_filter_is_named_and_left_out(web: Client) -> None:
    make_account("Acme")
    response = web.get("/accounts/?renewal_before=soon&sort=beauty&after=rubbish")
    page = text(response)
    assert response.status_code == 200
    assert "“soon” is not understood" in page
    assert "Sorting by “beauty” is not available" in page
    assert ">Acme</span></a>" in page


def test_pages_follow_each_other_without_gaps(web: Client) -> None:
    make_many(60)
    first = web.get("/accounts/").context["page"]
    second = web.get(f"/accounts/{first.older}").context["page"]
    names = [row["name"] for row in [*first.rows, *second.rows]]
    assert names == [f"Account {i:03}" for i in range(60)]
    assert web.get(f"/accounts/{second.newer}").context["page"].rows == first.rows


def test_an_empty_installation_says_how_to_begin(web: Client) -> None:
    assert "No accounts yet" in text(web.get("/accounts/"))


def test_no_result_offers_to_clear_the_filters(web: Client) -> None:
    make_account("Acme")
    page = text(web.get("/accounts/?q=zebra"))
    assert "No account fits" in page
    assert "Clear filters" in page


def test_the_figures_follow_the_filters(web: Client, ada: User) -> None:
    make_account("Halvorsen", owner=ada, arr={"minor": 4200000, "currency": "USD"})
    make_account("Acme", arr={"minor": 100000, "currency": "USD"})
    assert "$43,000" in text(web.get("/accounts/tiles/"))
    mine = text(web.get("/accounts/tiles/?mine=1", **HTMX))
    assert "$42,000" in mine
    assert "<html" not in mine


def test_mallory_sees_no_account_of_others(stranger: Client, ada: User) -> None:
    account = make_account("Halvorsen", owner=ada)
    assert "Halvorsen" not in text(stranger.get("/accounts/"))
    assert "Halvorsen" not in text(stranger.get("/accounts/export/"))
    for path in ("peek/", "fields/owner/"):
        assert stranger.get(f"/accounts/{account.pk}/{path}").status_code == 404


# The file


def test_the_file_holds_the_filtered_list(web: Client, ada: User) -> None:
    make_account("Halvorsen", owner=ada, arr={"minor": 4200000, "currency": "USD"})
    make_account("Acme")
    response = web.get("/accounts/export/?mine=1")
    lines = text(response).splitlines()
    assert "attachment" in response.headers["Content-Disposition"]
    assert lines[0].startswith("\ufeffaccount_id,name,domain,owner_email")
    assert [line.split(",")[1] for line in lines[1:]] == ["Halvorsen"]
    assert "4200000" in lines[1]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_a_formula_in_a_file_stays_text(start: str) -> None:
    assert cell(f"{start}1+1") == f"'{start}1+1"
    assert cell(-5) == -5


# What changes in place


def test_the_owner_changes_in_the_row_and_back(web: Client, ada: User, bob: User) -> None:
    account = make_account("Acme", owner=ada)
    url = f"/accounts/{account.pk}/fields/owner/"
    assert "Bob Ray" in text(web.get(url, **HTMX))
    response = web.post(url, {"owner": bob.pk, "in": "row"}, **HTMX)
    account.refresh_from_db()
    assert account.owner == bob
    assert text(response).lstrip().startswith("<tr data-row")
    assert web.post(toast(response)["undo"], **HTMX).status_code == 204
    account.refresh_from_db()
    assert account.owner == ada


@pytest.mark.parametrize(("name", "value", "kept"), [("stage", "Renewal", "Renewal"), ("sentiment", "2", 2), ("sentiment", "", None)])
def test_other_fields_change_in_place(web: Client, name: str, value: str, kept: Any) -> None:
    account = make_account("Acme", sentiment=4)
    response = web.post(f"/accounts/{account.pk}/fields/{name}/", {name: value})
    account = Account.objects.select_related("state").get(pk=account.pk)
    assert response.status_code == 302
    assert (account.stage if name == "stage" else account.state.sentiment) == kept


def test_a_wrong_value_comes_back_with_its_error(web: Client) -> None:
    account = make_account("Acme")
    response = web.post(f"/accounts/{account.pk}/fields/sentiment/", {"sentiment": "9"}, **HTMX)
    assert response.status_code == 422
    assert "9 is not one of the available choices" in text(response)
    assert web.post(f"/accounts/{account.pk}/fields/name/", {"name": "x"}).status_code == 404


def test_nobody_takes_back_what_another_person_did(web: Client, ada: User, bob: User) -> None:
    account = make_account("Acme", owner=ada)
    undo = toast(web.post(f"/accounts/{account.pk}/fields/owner/", {"owner": bob.pk}, **HTMX))["undo"]
    other = Client()
    other.force_login(bob)
    response = other.post(undo, **HTMX)
    assert response.status_code == 422
    assert "Only the person who did this" in toast(response)["text"]
    assert other.post("/accounts/undo/?token=rubbish", **HTMX).status_code == 422


def test_several_accounts_get_an_owner_at_once_and_back(web: Client, ada: User, bob: User) -> None:
    accounts = [make_account("A", owner=ada), make_account("B")]
    response = web.post("/accounts/owner/", {"account": [a.pk for a in accounts], "owner": bob.pk}, **HTMX)
    assert set(Account.objects.values_list("owner", flat=True)) == {bob.pk}
    web.post(toast(response)["undo"], **HTMX)
    assert dict(Account.objects.values_list("name", "owner")) == {"A": ada.pk, "B": None}


def test_nothing_selected_is_said(web: Client, bob: User) -> None:
    response = web.post("/accounts/owner/", {"owner": bob.pk}, **HTMX)
    assert response.status_code == 422
    assert "Select at least one account" in text(response)


def test_a_task_for_each_is_made_once_and_taken_back(web: Client, ada: User) -> None:
    accounts = [make_account("A", owner=ada), make_account("B", owner=ada)]
    data = {"account": [a.pk for a in accounts], "title": "Say hello", "key": "6f1b3f3e-5c33-4d22-9d6a-0d3f0d6f9a11"}
    response = web.post("/accounts/tasks/", data, **HTMX)
    web.post("/accounts/tasks/", data, **HTMX)
    assert Task.objects.filter(title="Say hello", assignee=ada).count() == 2
    web.post(toast(response)["undo"], **HTMX)
    assert not Task.objects.open().exists()


def test_bulk_reaches_only_what_the_person_may_see(stranger: Client, ada: User, mallory: User) -> None:
    account = make_account("Acme", owner=ada)
    response = stranger.post("/accounts/owner/", {"account": [account.pk], "owner": mallory.pk}, **HTMX)
    assert response.status_code == 422
    account.refresh_from_db()
    assert account.owner == ada


def test_a_day_of_a_filter_reads_as_a_day(web: Client) -> None:
    assert "Renews before 1 Jan 2027" in web.get("/accounts/?renewal_before=2027-01-01").content.decode()
