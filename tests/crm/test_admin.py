"""The admin and the pages of large tables: everybody opens everything without a fault; changes go through the verbs."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from crm.api import routes
from crm.models import ApiKey, Role, User
from customers.events import record
from customers.inbox import create_task
from customers.ingest import receive
from customers.models import Account, Event, Source, Task, TraitChange
from customers.views.records import KINDS
from tests.factories import NOW, make_account, make_contact, make_source, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def something(root: User) -> Account:
    """An installation with a little of everything."""
    account = make_account("Acme", owner=root, nps=3)
    make_contact()
    create_task(account=account, title="Call", at=NOW)
    record(account=account, name="login", at=NOW, key="k1")
    receive.store(make_source(), b'{"batch": [{"type": "track"}]}', at=NOW)
    return account


def entered(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms, as a browser sends them back."""
    fields = re.findall(r'<input type="hidden" name="([\w-]+)"(?: value="([^"]*)")?', page)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken" and "__prefix__" not in name}


def sent(client: Client, url: str, values: dict):
    return client.post(url, {**hidden(client.get(url).content.decode()), **values})


def people() -> list[User]:
    roles = [make_user(f"Staff{role} Member", role=role, is_staff=True) for role in Role.values]
    return [*roles, make_user("Plain Person"), User.objects.get(is_superuser=True)]


def test_everybody_opens_every_list_and_form_of_the_admin_without_a_fault(something):
    for user in people():
        client = entered(user)
        for model in admin.site._registry:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            pages = [reverse(f"{name}_changelist"), reverse(f"{name}_changelist") + "?q=a", reverse(f"{name}_add")]
            if first := model.objects.order_by("pk").first():
                pages.append(reverse(f"{name}_change", args=[first.pk]))
            for page in pages:
                response = client.get(page)
                assert response.status_code in {200, 302, 403}, (user.role, page, response.status_code)


def test_everybody_opens_every_list_of_the_api_without_a_fault(something):
    for user in people():
        client = entered(user)
        for prefix, viewset, _ in routes():
            response = client.get(f"/api/v1/{prefix.replace('<int:account>', str(something.pk))}/")
            expected = {200} if hasattr(viewset, "list") else {200, 404, 405}
            assert response.status_code in expected, (user.role, prefix, response.content)


@pytest.mark.parametrize("key", KINDS)
def test_large_tables_are_shown_to_staff_and_narrowed(something, root, ada, key):
    client, url = entered(root), reverse("customers:record-list", args=[key])
    for query in ("", f"?account={something.pk}", "?account=x&name=a", "?cursor=zzz", "?name=%00", "?account=99999999999999999999"):
        assert client.get(url + query).status_code == 200, query
    assert entered(ada).get(url).status_code == 302
    assert client.get(reverse("customers:record-index")).status_code == 200
    assert client.get("/data/records/nope/").status_code == 404


def test_pages_of_large_tables_lead_on(something, root):
    for i in range(120):
        record(account=something, name="login", at=NOW, key=f"n{i}")
    response = entered(root).get("/data/records/events/")
    assert len(response.context["lines"]) == 100
    assert len(entered(root).get(f"/data/records/events/{response.context['older']}").context["lines"]) == Event.objects.count() - 100


def test_an_account_is_made_and_changed_through_the_door(root):
    client = entered(root)
    client.post("/admin/customers/account/add/", {"name": "Acme", "domain": "acme.example", "owner": root.pk})
    account = Account.objects.get()
    assert (account.owner, account.domain, account.state.lifecycle) == (root, "acme.example", "customer")
    sent(client, f"/admin/customers/account/{account.pk}/change/", {"name": "Acme Ltd", "domain": "acme.example", "owner": ""})
    account.refresh_from_db()
    assert (account.name, account.folded, account.owner) == ("Acme Ltd", "acme ltd", None)
    assert TraitChange.objects.filter(account_id=account.pk, path="name").latest("id").actor["id"] == root.pk


def test_a_task_is_made_given_away_closed_and_reopened(root, ada):
    client, account = entered(root), make_account()
    values = {"account": account.pk, "title": "Call", "kind": "other", "priority": "normal", "due_at_0": "2026-12-01", "due_at_1": "10:00"}
    values["assignee"] = root.pk
    client.post("/admin/customers/task/add/", values)
    task = Task.objects.get()
    sent(client, f"/admin/customers/task/{task.pk}/change/", {"assignee": ada.pk})
    task.refresh_from_db()
    assert task.assignee == ada
    for action, status in (("close_as_no_action", "done"), ("reopen", "open")):
        client.post("/admin/customers/task/", {"action": action, "_selected_action": [task.pk]})
        task.refresh_from_db()
        assert task.status == status
    assert set(Event.objects.values_list("name", flat=True)) >= {"task.created", "task.assigned", "task.closed", "task.reopened"}


def test_a_key_and_a_write_key_are_shown_once(root, ada):
    client = entered(root)
    page = client.post("/admin/crm/apikey/add/", {"name": "Sync", "scopes": ["read"], "user": ada.pk}, follow=True)
    key = next(word for word in page.content.decode().split() if word.startswith("tk_") and word.count("_") >= 2 and len(word) > 30)
    assert ApiKey.objects.get(digest=ApiKey.hash(key)).user == ada
    assert key not in client.get("/admin/crm/apikey/").content.decode()
    page = client.post("/admin/customers/source/add/", {"name": "Web"}, follow=True)
    assert Source.objects.get().write_key in page.content.decode()
    assert Source.objects.get().write_key not in client.get("/admin/customers/source/").content.decode()


def test_an_invited_person_signs_in_by_e_mail(root):
    values = {
        "email": "new@tenure.example",
        "role": "csm",
        "usable_password": "true",
        "password1": "a long Phrase 77",
        "password2": "a long Phrase 77",
    }
    entered(root).post("/admin/crm/user/add/", values)
    made = User.objects.get(email="new@tenure.example")
    assert (made.username, made.check_password("a long Phrase 77")) == (made.email, True)


def test_the_index_names_sections_in_words_and_leaves_out_what_nobody_needs(root):
    sections = {app["name"]: [model["name"] for model in app["models"]] for app in entered(root).get("/admin/").context["app_list"]}
    assert set(sections) == {"Installation", "Customers", "Billing", "Playbooks", "Background work", "MFA"}
    assert {"Users", "Teams", "Api keys"} <= set(sections["Installation"])
    assert not {"Groups", "Email addresses"} & {name for names in sections.values() for name in names}


def test_schedules_are_for_superusers_only(root):
    staff = make_user("Otto Staff", role="admin", is_staff=True)
    assert entered(staff).get("/admin/django_q/schedule/").status_code == 403
    assert entered(root).get("/admin/django_q/schedule/").status_code == 200
    assert "/data/records/" in entered(staff).get("/admin/").content.decode()
    assert entered(staff).post("/admin/crm/user/add/", {"email": "x@y.example"}).status_code == 200


def test_a_list_of_1_and_of_20_cost_the_same_number_of_queries(root, django_assert_max_num_queries):
    for i in range(20):
        create_task(account=make_account(f"Acme {i}"), title="Call", at=NOW)
    client = entered(root)
    for noun in ("account", "task"):
        with django_assert_max_num_queries(14):
            client.get(f"/admin/customers/{noun}/")
