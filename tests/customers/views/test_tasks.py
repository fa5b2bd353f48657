"""Pages of tasks and My day: what first and why, closing with an outcome, undo, snooze, and what Mallory may not see."""

import json
from datetime import timedelta

import pytest

from crm.lib import clock
from crm.models import Installation
from customers import inbox
from customers.models import Task
from tests.factories import make_account, make_source

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def task(ada):
    why = {"sentence": "Logins fell 10 to 2 (80 %), needs 60 %", "name": "Login drop", "closes_when": "logins recover"}
    account = make_account("Halvorsen Marine", owner=ada, arr={"minor": 4_200_000, "currency": "USD"})
    return inbox.create_task(
        account=account, title="Call Halvorsen", at=clock.now(), kind="risk", playbook="login-drop-save", version=1, why=why
    )


def test_my_day_shows_the_task_with_its_reason(client, ada, task):
    client.force_login(ada)
    html = client.get("/day/").content.decode()
    assert "Call Halvorsen" in html
    assert "Logins fell 10 to 2 (80 %)" in html
    assert "$42,000" in html


def test_an_empty_day_leads_to_connecting_a_source_where_there_is_none(client, bob):
    client.force_login(bob)
    assert "Connect a source" in client.get("/day/").content.decode()


def test_another_persons_day_is_empty_but_not_an_error(client, bob, task):
    make_source()
    client.force_login(bob)
    html = client.get("/day/").content.decode()
    assert "Call Halvorsen" not in html
    assert "Nothing is due" in html


@pytest.mark.parametrize("path", ["/day/numbers/", "/day/moved/", "/day/held/", "/day/?view=team", "/tasks/", "/tasks/new/"])
def test_every_part_answers(client, ada, task, path):
    client.force_login(ada)
    assert client.get(path).status_code == 200


def test_what_the_limit_holds_back_is_listed_with_its_place(client, ada, task):
    ada.daily_limit = 1
    ada.save()
    inbox.create_task(account=task.account, title="Second", at=clock.now())
    client.force_login(ada)
    assert "1 more held back" in client.get("/day/").content.decode()
    assert "your limit is 1 a day" in client.get("/day/held/").content.decode()


def test_closing_over_htmx_takes_the_row_away_and_offers_undo(client, ada, task):
    client.force_login(ada)
    response = client.post(f"/tasks/{task.pk}/completion/", {"outcome": "saved"}, headers=HTMX)
    assert (response.status_code, response.content) == (200, b"")
    toast = json.loads(response.headers["HX-Trigger"])["toast"]
    assert toast["undo"] == f"/tasks/{task.pk}/reopening/"
    client.post(toast["undo"], headers=HTMX)
    task.refresh_from_db()
    assert task.status == Task.Status.OPEN


def test_closing_without_script_goes_back_to_the_list(client, ada, task):
    client.force_login(ada)
    response = client.post(f"/tasks/{task.pk}/completion/", {"outcome": "lost", "back": "/day/"})
    assert response.headers["Location"] == "/day/"
    assert "//evil" not in client.post(f"/tasks/{task.pk}/reopening/", {"back": "//evil.example"}).headers["Location"]


def test_closing_needs_an_outcome(client, ada, task):
    client.force_login(ada)
    assert client.post(f"/tasks/{task.pk}/completion/", headers=HTMX).status_code == 422
    task.refresh_from_db()
    assert task.is_open


def test_a_snoozed_task_leaves_the_day_and_says_until_when(client, ada, task):
    client.force_login(ada)
    client.post(f"/tasks/{task.pk}/snooze/", {"for": "week", "reason": "On holiday"})
    client.get("/tasks/")  # the toast is said once
    assert "Call Halvorsen" not in client.get("/day/").content.decode()
    assert "On holiday" in client.get(f"/tasks/{task.pk}/").content.decode()
    task.refresh_from_db()
    assert task.snoozed_until > clock.now() + timedelta(days=5)


@pytest.mark.parametrize("data", [{}, {"until": "soon"}, {"until": "2001-01-01"}])
def test_a_bad_snooze_is_refused_in_words(client, ada, task, data):
    client.force_login(ada)
    response = client.post(f"/tasks/{task.pk}/snooze/", data, headers=HTMX)
    assert response.status_code == 422
    assert "lies ahead" in response.headers["HX-Trigger"]


def test_the_page_of_a_task_says_why_it_exists_and_what_ends_the_problem(client, ada, task):
    client.force_login(ada)
    html = client.get(f"/tasks/{task.pk}/").content.decode()
    assert "Logins fell 10 to 2" in html
    assert "logins recover" in html


def test_a_task_by_hand_is_made_once_however_often_the_form_is_sent(client, ada, task):
    client.force_login(ada)
    data = {"account": "Halvorsen", "title": "Send the offer", "priority": "high", "key": "0f1c0f4e-6f2e-4b8e-9d55-3f7f7f0c0f11"}
    for _ in range(2):
        assert client.post("/tasks/new/", data).status_code == 302
    assert Task.objects.filter(title="Send the offer").count() == 1


def test_a_task_without_account_is_refused_with_422(client, ada, task):
    client.force_login(ada)
    response = client.post("/tasks/new/", {"account": "Nobody", "title": "x"})
    assert response.status_code == 422
    assert "which account" in response.content.decode()


def test_mallory_sees_and_changes_nothing(client, mallory, task):
    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    client.force_login(mallory)
    assert client.get(f"/tasks/{task.pk}/").status_code == 404
    assert client.post(f"/tasks/{task.pk}/completion/", {"outcome": "saved"}).status_code == 404
    assert "Halvorsen" not in client.get("/tasks/").content.decode()


def test_the_list_costs_the_same_for_1_and_20(client, ada, task, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(ada)
    for path in ("/tasks/", "/day/"):
        client.get(path)
        with CaptureQueriesContext(connection) as one:
            client.get(path)
        for n in range(10):
            inbox.create_task(account=make_account(f"Account {path} {n}", owner=ada), title="More", at=clock.now())
        with django_assert_num_queries(len(one)):
            client.get(path)
