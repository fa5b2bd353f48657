"""Playbooks in the REST API."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from crm.models import ApiKey, Installation, User
from playbooks import versions
from playbooks.models import Playbook
from tests.factories import NOW, make_account
from tests.playbooks.test_runner import SEATS
from tests.playbooks.world import run_due, set_on, turn_on

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/playbooks/"


@pytest.fixture
def api() -> Callable[..., APIClient]:
    def client(user: User, *scopes: str) -> APIClient:
        key, prefix, digest = ApiKey.generate()
        ApiKey.objects.create(name="key", prefix=prefix, digest=digest, scopes=list(scopes or ("admin",)), user=user, created_at=NOW)
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return made

    return client


@pytest.fixture
def started(ada) -> Playbook:
    """A playbook that has started on Acme, owned by Ada."""
    playbook = turn_on(SEATS, NOW)
    set_on(make_account("Acme", at=NOW, owner=ada), NOW, seats=1)
    run_due(at=NOW)
    return playbook


def test_the_list_and_one_with_its_text(api, ada, started):
    client = api(ada, "read")
    assert [(row["key"], row["status"], row["version"]) for row in client.get(URL).json()["results"]] == [("few-seats", "active", 1)]
    assert client.get(f"{URL}few-seats/").json()["text"] == SEATS
    assert client.get(f"{URL}?status=paused").json()["results"] == []
    assert client.get(f"{URL}none/").status_code == 404


def test_runs_with_their_reason_and_steps(api, ada, started):
    run = api(ada, "read").get(f"{URL}few-seats/runs/").json()["results"][0]
    assert (run["account_name"], run["status"], run["why"]["facts"]["seats"]) == ("Acme", "done", 1)
    assert [(step["id"], step["status"]) for step in run["steps"]] == [("call", "done")]


def test_runs_on_hidden_accounts_are_not_shown(api, mallory, started):
    Installation.objects.update(visibility="own")
    assert api(mallory, "read").get(f"{URL}few-seats/runs/").json()["results"] == []


def test_why(api, ada, started):
    account = started.runs.get().account_id
    answer = api(ada, "read").get(f"{URL}few-seats/explanation/?account={account}&at=2026-11-20T13:00:00Z").json()
    assert (answer["started"], answer["sentence"]) == (True, "Started on 20 November 2026: seats is 1.")


def test_why_needs_an_account_that_the_caller_may_see(api, ada, mallory, started):
    account, url = started.runs.get().account_id, f"{URL}few-seats/explanation/"
    Installation.objects.update(visibility="own")
    statuses = [api(ada, "read").get(f"{url}{query}").status_code for query in ("", "?account=x", "?account=999")]
    assert statuses == [400, 400, 404]
    assert api(mallory, "read").get(f"{url}?account={account}").status_code == 404


def test_operations_may_pause_and_activate(api, otto, started):
    client = api(otto)
    assert client.post(f"{URL}few-seats/pause/").json()["status"] == "paused"
    assert client.post(f"{URL}few-seats/activation/").json()["status"] == "active"
    text = SEATS.replace("Seats of", "Places of")
    assert client.post(f"{URL}few-seats/activation/", {"text": text}).json()["version"] == 2
    assert [change.new for change in started.changes.order_by("id")] == ["active", "paused", "active", "active"]
    assert started.changes.latest("id").actor["kind"] == "api_key"


def test_a_text_that_is_not_usable_is_refused_with_every_place(api, otto, started):
    broken = SEATS.replace("becomes_true:", "becomes_tru:").replace("title:", "titel:")
    answer = api(otto).post(f"{URL}few-seats/activation/", {"text": broken})
    assert answer.status_code == 400
    assert [error["message"].split(" ")[0] for error in answer.json()["errors"]] == ["7:3", "9:23"]
    started.refresh_from_db()
    assert started.active_version.n == 1
    assert api(otto).post(f"{URL}few-seats/activation/", {"text": versions.library()["renewal-90"].read_text()}).status_code == 400


def test_others_may_not(api, ada, started):
    assert api(ada).post(f"{URL}few-seats/pause/").status_code == 403
    assert api(ada, "read").post(f"{URL}few-seats/pause/").status_code == 403
