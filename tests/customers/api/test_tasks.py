"""Tasks over REST: made, closed with an outcome, taken back, put off; each with its playbook, version and why."""

import pytest

from customers.inbox import create_task
from customers.models import Event
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db
URL = "/api/v1/tasks/"


def test_open_tasks_of_an_account_carry_playbook_version_and_why(api, ada):
    account, other = make_account(owner=ada), make_account("Other")
    made = {"playbook": "login-drop-save", "version": 3, "why": {"sentence": "Logins fell by 80 %."}, "effect_key": "e1"}
    task = create_task(account=account, title="Call them", at=NOW, **made)
    create_task(account=other, title="Not this", at=NOW)
    found = api(ada).get(URL, {"account": account.pk, "status": "open"}).json()
    assert found["next"] is None
    (row,) = found["results"]
    assert (row["id"], row["account"], row["assignee"]) == (task.pk, account.pk, ada.pk)
    assert (row["playbook"], row["version"], row["why"]["sentence"]) == ("login-drop-save", 3, "Logins fell by 80 %.")


def test_a_task_is_made_closed_and_reopened(api, ada):
    client = api(ada)
    response = client.post(URL, {"account": make_account(owner=ada).pk, "title": "Call", "due_at": "2026-11-25T09:00:00Z"})
    assert response.status_code == 201, response.content
    url = f"{URL}{response.json()['id']}/"
    assert client.post(f"{url}completion/", {"outcome": "nonsense"}).status_code == 400
    assert client.post(f"{url}completion/", {"outcome": "saved", "note": "All well"}).json()["status"] == "done"
    again = client.post(f"{url}completion/", {"outcome": "saved"})
    assert (again.status_code, again.json()["code"]) == (409, "task_closed")
    assert client.post(f"{url}reopening/").json()["status"] == "open"
    assert Event.objects.filter(name__startswith="task.").count() == 3


def test_a_task_is_put_off_with_a_reason_and_brought_back(api, ada, bob):
    client = api(ada)
    url = f"{URL}{create_task(account=make_account(), title='Call', at=NOW).pk}/"
    assert client.post(f"{url}snooze/", {"until": "2001-01-01T00:00:00Z", "reason": "later"}).json()["code"] == "bad_snooze"
    assert client.post(f"{url}snooze/", {"until": "2101-01-01T00:00:00Z"}).json()["errors"][0]["path"] == "reason"
    assert client.post(f"{url}snooze/", {"until": "2101-01-01T00:00:00Z", "reason": "holidays"}).json()["status"] == "snoozed"
    assert client.post(f"{url}reopening/").json()["status"] == "open"
    assert client.post(f"{url}assignment/", {"assignee": bob.pk}).json()["assignee"] == bob.pk


def test_an_account_that_does_not_exist_is_named(api, ada):
    response = api(ada).post(URL, {"account": 10**18, "title": "Call"})
    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, "account")


def test_a_task_that_changed_meanwhile_is_not_written_over(api, ada, bob):
    client, task = api(ada), create_task(account=make_account(), title="Call", at=NOW)
    url = f"{URL}{task.pk}/"
    tag = client.get(url)["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert client.post(f"{url}assignment/", {"assignee": bob.pk}, headers={"If-Match": tag}).status_code == 200
    late = client.post(f"{url}completion/", {"outcome": "saved"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert client.post(f"{url}completion/", {"outcome": "saved"}, headers={"If-Match": "*"}).status_code == 200
    account = f"/api/v1/accounts/{task.account_id}/"
    tag = client.get(account)["ETag"]
    assert client.patch(account, {"stage": "live"}, headers={"If-Match": '"old"'}).status_code == 412
    assert client.patch(account, {"stage": "live"}, headers={"If-Match": tag}).status_code == 200


@pytest.mark.parametrize("wrong", [0, -1, 2**63 - 1, "x", "", None, True, 1.5, [1], {"id": 1}])
@pytest.mark.parametrize("field", ["account", "assignee"])
def test_a_record_that_is_none_is_refused_at_its_place(api, ada, field, wrong):
    body = {"account": make_account(owner=ada).pk, "title": "Call", field: wrong}
    answer = api(ada).post(URL, body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, field), answer.content
