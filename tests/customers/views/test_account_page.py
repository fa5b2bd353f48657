"""The page of an account: what stands on it, what it costs, what is written on it and taken back."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.lib import clock
from crm.models import User
from customers import catalogue, inbox, scorecards, stream
from customers.events import record
from customers.health import score_all
from customers.models import Account, Identifier, Membership, Task, TimelineEntry, TraitChange
from customers.roles import set_role
from tests.customers.views.conftest import HTMX
from tests.factories import make_account, make_contact, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def halvorsen(ada: User) -> Account:
    catalogue.install()
    return make_account(
        "Halvorsen Marine", owner=ada, plan="growth", mrr={"minor": 350000, "currency": "EUR"}, arr={"minor": 4200000, "currency": "EUR"}
    )


def text(response: Any) -> str:
    return response.content.decode()


def events(response: Any) -> dict[str, Any]:
    return json.loads(response.headers["HX-Trigger"])


def join(account: Account, name: str, role: str = "") -> Membership:
    contact = make_contact(name, f"{name.split()[0].lower()}@halvorsen.example")
    return Membership.objects.create(account=account, contact=contact, role=role, from_at=clock.now() - timedelta(days=90))


def fill(account: Account, ada: User, n: int) -> None:
    """`n` of everything an overview shows."""
    at = clock.now()
    for i in range(n):
        inbox.create_task(account=account, title=f"Task {i}", at=at, by=ada, due_at=at + timedelta(days=i))
        stream.write(account, kind="note", text=f"Note {i}", by=ada, at=at - timedelta(days=i))
        record(account=account, name="login", at=at - timedelta(days=i), contact=join(account, f"Person{i} P").contact)


TABS = [
    "",
    "timeline/",
    "health/",
    "contacts/",
    "usage/",
    "history/",
    "facts/",
    "tasks/",
    "edit/",
    "panels/why/",
    "panels/contacts/",
    "panels/usage/",
    "peek/",
]


@pytest.mark.parametrize("n", [2, 50])
def test_the_first_paint_costs_eight_queries_whatever_the_account_holds(web: Client, ada: User, halvorsen: Account, n: int) -> None:
    fill(halvorsen, ada, n)
    scorecards.bands()
    with CaptureQueriesContext(connection) as queries:
        page = text(web.get(halvorsen.get_absolute_url()))
    assert "Task 1" in page
    assert "Note 1" in page
    assert len(queries) <= 8


@pytest.mark.parametrize("tab", TABS[1:])
def test_no_page_costs_more_for_more(web: Client, ada: User, halvorsen: Account, tab: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert web.get(f"{halvorsen.get_absolute_url()}{tab}").status_code == 200
        return len(queries)

    scorecards.install_default(at=clock.now() - timedelta(days=90))
    fill(halvorsen, ada, 2)
    score_all(at=clock.now())
    few = cost()
    for i in range(2, 12):
        record(account=halvorsen, name="login", at=clock.now(), contact=join(halvorsen, f"Person{i} P").contact)
    score_all(at=clock.now())
    assert cost() <= few <= 20


@pytest.mark.parametrize(
    "tab", [*TABS, "tasks/new/", "contacts/new/", "timeline/2026-11-01/", "timeline/notes/details/", "walk/next/", "fields/owner/"]
)
def test_mallory_finds_nothing_at_all(stranger: Client, halvorsen: Account, tab: str) -> None:
    assert stranger.get(f"{halvorsen.get_absolute_url()}{tab}").status_code == 404


@pytest.mark.parametrize("path", ["timeline/notes/", "tasks/new/", "contacts/new/", "edit/", "fields/owner/", "contacts/1/role/"])
def test_mallory_changes_nothing(stranger: Client, halvorsen: Account, path: str) -> None:
    assert stranger.post(f"{halvorsen.get_absolute_url()}{path}", {"text": "x", "title": "x", "name": "x"}).status_code == 404


@pytest.mark.parametrize("tab", TABS)
def test_htmx_gets_parts_and_others_get_pages(web: Client, halvorsen: Account, tab: str) -> None:
    url = f"{halvorsen.get_absolute_url()}{tab}"
    assert "<html" in text(web.get(url))
    if tab:
        assert "<html" not in text(web.get(url, **HTMX))


def test_the_head_says_who_pays_what_and_whose_it_is(web: Client, halvorsen: Account) -> None:
    page = text(web.get(halvorsen.get_absolute_url()))
    for words in ["Halvorsen Marine", "€3,500", "€42,000", "Ada Lind", "Growth", "Unknown", "customer"]:
        assert words in page


def test_walking_follows_the_list_that_one_came_from(web: Client, ada: User, halvorsen: Account) -> None:
    first, last = make_account("Acme", owner=ada), make_account("Zeta", owner=ada)
    make_account("Kestrel")
    web.get("/accounts/?mine=1")
    assert web.get(f"/accounts/{halvorsen.pk}/walk/next/").url == last.get_absolute_url()
    assert web.get(f"/accounts/{halvorsen.pk}/walk/previous/").url == first.get_absolute_url()
    assert web.get(f"/accounts/{last.pk}/walk/next/").url == last.get_absolute_url()


# Writing


def test_a_note_is_written_with_its_task_and_mention(web: Client, ada: User, halvorsen: Account) -> None:
    join(halvorsen, "Jonas Vik")
    response = web.post(
        f"/accounts/{halvorsen.pk}/timeline/notes/", {"kind": "call", "text": "Spoke to @Jonas Vik.\n[] Send the offer"}, **HTMX
    )
    entry = TimelineEntry.objects.get(account_id=halvorsen.pk, name="call.held")
    assert response.status_code == 200
    assert entry.title == "Call with Jonas Vik"
    assert Task.objects.get(title="Send the offer").assignee == ada
    assert {"timeline-changed", "tasks-changed", "toast"} <= events(response).keys()
    assert "Spoke to" in text(web.get(f"/accounts/{halvorsen.pk}/timeline/"))


def test_a_note_sent_twice_is_written_once(web: Client, halvorsen: Account) -> None:
    data = {"kind": "note", "text": "Once", "key": "6f1b3f3e-5c33-4d22-9d6a-0d3f0d6f9a22"}
    for _ in range(2):
        web.post(f"/accounts/{halvorsen.pk}/timeline/notes/", data, **HTMX)
    assert (
        TimelineEntry.objects.filter(account_id=halvorsen.pk, kind="event", body="Once").count()
        + TimelineEntry.objects.filter(account_id=halvorsen.pk, kind="note", body="Once").count()
        == 1
    )


def test_an_empty_note_comes_back_with_what_is_wrong(web: Client, halvorsen: Account) -> None:
    response = web.post(f"/accounts/{halvorsen.pk}/timeline/notes/", {"kind": "call", "text": "  "}, **HTMX)
    assert response.status_code == 422
    assert "Write what happened." in text(response)
    assert 'value="call" checked' in text(response)


def test_one_edits_pins_and_deletes_ones_own_entry_and_gets_it_back(web: Client, ada: User, halvorsen: Account) -> None:
    made = stream.write(halvorsen, kind="note", text="First", by=ada, at=clock.now())
    url = f"/accounts/{halvorsen.pk}/timeline/entries/{made.id}/"
    assert "First" in text(web.get(url))
    assert "Delete" in text(web.get(url, **HTMX))
    assert "First" in text(web.get(f"{url}words/", **HTMX))
    assert web.post(f"{url}words/", {"text": "Second"}, **HTMX).status_code == 204
    assert web.post(f"{url}words/", {"text": " "}, **HTMX).status_code == 422
    web.post(f"{url}pin/", {"pinned": "1"}, **HTMX)
    entry = TimelineEntry.objects.get(account_id=halvorsen.pk, id=made.id)
    assert (entry.body, entry.pinned) == ("Second", True)
    undo = events(web.post(f"{url}deletion/", **HTMX))["toast"]["undo"]
    assert not TimelineEntry.objects.filter(id=made.id).exists()
    web.post(undo, **HTMX)
    assert TimelineEntry.objects.get(id=made.id).body == "Second"


def test_nobody_changes_what_another_wrote(web: Client, bob: User, halvorsen: Account) -> None:
    made = stream.write(halvorsen, kind="note", text="Bob's", by=bob, at=clock.now())
    url = f"/accounts/{halvorsen.pk}/timeline/entries/{made.id}/"
    assert "Delete" not in text(web.get(url, **HTMX))
    assert web.post(f"{url}words/", {"text": "Mine"}, **HTMX).status_code == 422
    assert web.post(f"{url}deletion/", **HTMX).status_code == 422
    assert TimelineEntry.objects.get(id=made.id).body == "Bob's"


# The timeline


def test_the_timeline_pages_without_gaps(web: Client, ada: User, halvorsen: Account) -> None:
    at = clock.now()
    for i in range(60):
        stream.write(halvorsen, kind="note", text=f"Note number {i:02}", by=ada, at=at - timedelta(hours=i))
    url = f"/accounts/{halvorsen.pk}/timeline/"
    first = web.get(url)
    second = web.get(url, {"before": first.context["page"].older}, **HTMX)
    both = text(first) + text(second)
    assert [i for i in range(60) if both.count(f"Note number {i:02}") != 1] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=invoice", {"Invoice"}),
        ("kind=call", {"Call"}),
        ("human=1", {"Invoice", "Call"}),
        ("kind=activity", {"login"}),
        ("until=2020-01-01", set()),
    ],
)
def test_the_timeline_narrows(web: Client, ada: User, halvorsen: Account, query: str, found: set[str]) -> None:
    at = clock.now()
    stream.write(halvorsen, kind="note", text="Invoice monthly", by=ada, at=at)
    stream.write(halvorsen, kind="call", text="Call went well", by=ada, at=at)
    record(account=halvorsen, name="login", at=at)
    page = text(web.get(f"/accounts/{halvorsen.pk}/timeline/?{query}", **HTMX))
    assert {
        word for word, sign in {"Invoice": "Invoice monthly", "Call": "Call went well", "login": "1 login"}.items() if sign in page
    } == found


def test_a_fold_opens_its_events(web: Client, halvorsen: Account) -> None:
    person = join(halvorsen, "Jonas Vik").contact
    at = clock.now()
    record(account=halvorsen, name="login", at=at, contact=person)
    page = text(web.get(f"/accounts/{halvorsen.pk}/timeline/{clock.local_day(at, 'UTC').isoformat()}/", **HTMX))
    assert "Login" in page
    assert "Jonas Vik" in page
    assert web.get(f"/accounts/{halvorsen.pk}/timeline/someday/").status_code == 404


def test_a_wrong_day_is_named(web: Client, halvorsen: Account) -> None:
    assert "“soon” is no day" in text(web.get(f"/accounts/{halvorsen.pk}/timeline/?until=soon&before=rubbish"))


# Tasks


def test_a_task_is_added_once_and_taken_back(web: Client, ada: User, halvorsen: Account) -> None:
    url = f"/accounts/{halvorsen.pk}/tasks/new/"
    assert 'value="Ask them"' in text(web.get(f"{url}?title=Ask+them", **HTMX))
    data = {"title": "Ask them", "due": "2026-12-01", "key": "6f1b3f3e-5c33-4d22-9d6a-0d3f0d6f9a33"}
    response = web.post(url, data, **HTMX)
    web.post(url, data, **HTMX)
    task = Task.objects.get()
    assert (task.assignee, task.created_by) == (ada, ada)
    assert "Ask them" in text(web.get(f"/accounts/{halvorsen.pk}/tasks/", **HTMX))
    web.post(events(response)["toast"]["undo"], **HTMX)
    assert not Task.objects.open().exists()
    assert web.post(url, {"title": ""}, **HTMX).status_code == 422


def test_open_tasks_say_why_and_what_closes_them(web: Client, halvorsen: Account) -> None:
    why = {"sentence": "Logins fell from 10 to 2", "closes_when": "logins are above 8"}
    inbox.create_task(account=halvorsen, title="Call", at=clock.now(), playbook="login-drop-save", version=4, why=why)
    page = text(web.get(halvorsen.get_absolute_url()))
    for words in ["Login drop save v4", "Logins fell from 10 to 2", "over when logins are above 8", "False alarm"]:
        assert words in page


# Health, usage, contacts, history


def test_health_says_what_the_score_is_made_of(web: Client, halvorsen: Account) -> None:
    assert "Not scored" in text(web.get(f"/accounts/{halvorsen.pk}/health/"))
    at = clock.now()
    scorecards.install_default(at=at - timedelta(days=90))
    for day in range(60):
        record(account=halvorsen, name="login", at=at - timedelta(days=day))
    score_all(at=at - timedelta(days=20))
    score_all(at=at)
    page = web.get(f"/accounts/{halvorsen.pk}/health/")
    why = page.context["why"]
    assert sum(each.points for each in why.factors) == why.score
    assert sum(cause["points"] for cause in page.context["causes"]) == why.change.points
    assert "Active days" in text(page)
    assert {each["why"].key: each["target"] for each in page.context["factors"]}.items() >= {
        "login-trend": "0 %",
        "active-days": "4 days",
        "contact": "yes",
        "tickets": "0",
    }.items()
    assert f"Why {why.score}" in text(web.get(f"/accounts/{halvorsen.pk}/panels/why/", **HTMX))


def test_usage_counts_events_and_people(web: Client, halvorsen: Account) -> None:
    assert "No usage" in text(web.get(f"/accounts/{halvorsen.pk}/usage/"))
    record(
        account=halvorsen,
        name="login",
        at=clock.now() - timedelta(days=1),
        contact=join(halvorsen, "Jonas Vik").contact,
        source=make_source(),
    )
    page = web.get(f"/accounts/{halvorsen.pk}/usage/")
    assert page.context["figures"][0]["value"] == 1
    assert "Login" in text(page)


def test_contacts_show_roles_filled_and_missing_and_change_them(web: Client, ada: User, halvorsen: Account) -> None:
    membership = join(halvorsen, "Jonas Vik", "champion")
    Identifier.objects.create(
        kind="email", value="jonas@halvorsen.example", contact=membership.contact, first_seen_at=clock.now(), last_seen_at=clock.now()
    )
    url = f"/accounts/{halvorsen.pk}/contacts/"
    page = text(web.get(url))
    assert page.count("nobody yet") == 2
    assert "jonas@halvorsen.example" in page
    response = web.post(f"{url}{membership.contact_id}/role/", {"role": "buyer"}, **HTMX)
    membership.refresh_from_db()
    assert membership.role == "buyer"
    web.post(events(response)["toast"]["undo"], **HTMX)
    membership.refresh_from_db()
    assert membership.role == "champion"
    assert web.post(f"{url}{membership.contact_id}/role/", {"role": "king"}, **HTMX).status_code == 422


def test_the_same_role_again_is_no_event(ada: User, halvorsen: Account) -> None:
    membership = join(halvorsen, "Jonas Vik", "buyer")
    set_role(membership, role="buyer", by=ada, at=clock.now())
    assert not TimelineEntry.objects.filter(name="contact.role_changed").exists()


def test_a_contact_is_added(web: Client, halvorsen: Account) -> None:
    url = f"/accounts/{halvorsen.pk}/contacts/new/"
    assert web.post(url, {"name": "Marte", "email": "not one"}, **HTMX).status_code == 422
    assert web.post(url, {"name": "Marte Halvorsen", "email": "marte@halvorsen.example", "role": "buyer"}, **HTMX).status_code == 204
    membership = Membership.objects.get(account=halvorsen)
    assert (membership.contact.name, membership.role) == ("Marte Halvorsen", "buyer")


def test_history_says_who_changed_what(web: Client, ada: User, bob: User, halvorsen: Account) -> None:
    web.post(f"/accounts/{halvorsen.pk}/fields/owner/", {"owner": bob.pk})
    url = f"/accounts/{halvorsen.pk}/history/"
    page = text(web.get(f"{url}?what=hand&by=person", **HTMX))
    assert "Bob Ray" in page
    assert "€42,000" not in page
    assert "€42,000.00" in text(web.get(f"{url}?field=arr", **HTMX))
    signed = make_account("Acme", renewal_date="2027-02-18")
    assert "18 Feb 2027" in text(web.get(f"/accounts/{signed.pk}/history/?field=renewal_date", **HTMX))


# Making and editing


def test_an_account_is_made_by_hand(web: Client, ada: User) -> None:
    response = web.post(
        "/accounts/new/", {"name": "Kestrel Labs", "domain": "https://kestrel.example/", "owner": ada.pk, "tags": "vip, nordic"}
    )
    account = Account.objects.select_related("state").get(name="Kestrel Labs")
    assert response.url == account.get_absolute_url()
    assert (account.domain, account.owner) == ("kestrel.example", ada)
    assert set(TraitChange.objects.filter(account_id=account.pk, path__startswith="tag.").values_list("path", flat=True)) == {
        "tag.vip",
        "tag.nordic",
    }


def test_details_change_through_the_door_for_traits(web: Client, ada: User, halvorsen: Account) -> None:
    url = f"/accounts/{halvorsen.pk}/edit/"
    data = {"name": "Halvorsen AS", "domain": "", "owner": ada.pk, "stage": "Growth", "tags": "vip"}
    assert web.post(url, data).status_code == 302
    assert 'value="vip"' in text(web.get(url))
    web.post(url, {**data, "tags": "nordic"})
    changes = TraitChange.objects.filter(account_id=halvorsen.pk, actor__name="Ada Lind").order_by("id").values_list("path", "new")
    assert list(changes[:3]) == [("name", "Halvorsen AS"), ("stage", "Growth"), ("tag.vip", True)]
    assert set(changes[3:]) == {("tag.nordic", True), ("tag.vip", None)}
    response = web.post(url, {"name": "", "domain": "not a domain"}, **HTMX)
    assert response.status_code == 422
    assert "Write the bare domain" in text(response)


def test_every_address_of_an_account_reverses() -> None:
    assert reverse("customers:account", args=[5]) == "/accounts/5/"
