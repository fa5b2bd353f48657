"""The frame of the API: who may enter, one shape for every error, keys that make a POST happen once, schema and docs."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from crm.lib import clock
from crm.models import ApiKey, StoredAnswer
from customers.models import Account, Task
from tests.customers.api.conftest import api, make_key  # noqa: F401
from tests.factories import make_account

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def assert_problem(response, status: int, code: str = "") -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM
    body = response.json()
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    assert not code or body["code"] == code
    return body


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Bearer", "Basic abc", "Bearer " + "x" * 5000, "Bearer \u00e9"])
def test_without_a_valid_key_it_is_401_and_says_how(client, header):
    response = client.get("/api/v1/accounts/", headers={"Authorization": header} if header else {})
    assert_problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_expired_and_revoked_keys_and_left_people_are_401(ada):
    caller = APIClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {make_key(ada, 'read')}")
    assert caller.get("/api/v1/accounts/").status_code == 200
    for change in ({"expires_at": clock.now() - timedelta(days=1)}, {"expires_at": None, "revoked_at": clock.now()}):
        ApiKey.objects.update(**change)
        assert caller.get("/api/v1/accounts/").status_code == 401
    ApiKey.objects.update(revoked_at=None)
    ada.is_active = False
    ada.save()
    assert caller.get("/api/v1/accounts/").status_code == 401


def test_scopes_open_reading_writing_and_single_nouns(api, ada):  # noqa: F811
    account = make_account()
    url = f"/api/v1/accounts/{account.pk}/"
    assert_problem(api(ada, "read").patch(url, {"name": "New"}), 403, "insufficient_scope")
    assert_problem(api(ada, "write").get(url), 403, "insufficient_scope")
    assert api(ada, "read:accounts").get(url).status_code == 200
    assert_problem(api(ada, "read:accounts").get("/api/v1/tasks/"), 403)
    assert_problem(api(ada, "none").get(url), 403)


def test_a_person_who_is_signed_in_may_use_it_too_but_not_across_sites(ada):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    assert browser.get("/api/v1/accounts/").status_code == 200
    assert_problem(browser.post("/api/v1/accounts/", {"name": "x"}, content_type="application/json"), 403)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/nope/", "/api/v1/nope/", "/api/v1/accounts/abc/", "/api/v1/accounts/1/nope/", "/api/v2/accounts/"]
)
def test_unknown_addresses_are_problems(api, ada, path):  # noqa: F811
    assert_problem(api(ada).get(path), 404, "not_found")


def test_the_root_lists_the_collections_for_callers_who_are_known(client, api, ada):  # noqa: F811
    assert_problem(client.get("/api/v1/"), 401)
    index = api(ada, "read:tasks").get("/api/v1/").json()
    assert index["tasks"] == "http://testserver/api/v1/tasks/"
    assert not [name for name in index if "<" in name]
    for url in index.values():
        assert api(ada).get(url).status_code == 200, url


def test_what_http_itself_forbids_is_a_problem_too(api, ada):  # noqa: F811
    client = api(ada)
    deleted = client.delete("/api/v1/accounts/")
    assert_problem(deleted, 405, "method_not_allowed")
    assert "GET" in deleted["Allow"]
    assert_problem(client.options("/api/v1/accounts/"), 405)
    assert_problem(client.get("/api/v1/accounts/", headers={"Accept": "text/html"}), 406)
    assert_problem(client.post("/api/v1/accounts/", "<a/>", content_type="text/xml"), 415)
    assert_problem(client.post("/api/v1/accounts/", b'{"name": ', content_type="application/json"), 400, "parse_error")
    assert_problem(client.post("/api/v1/accounts/", {"name": "x" * 11_000_000}), 413, "too_large")
    assert_problem(client.post("/api/v1/accounts/", {"name": "x" * 11_000_000}, headers={"Idempotency-Key": "a"}), 413, "too_large")


def test_too_many_calls_are_429_with_the_seconds_to_wait(api, ada, settings):  # noqa: F811
    settings.API_CALLS_PER_MINUTE = 1
    client = api(ada)
    found = [client.get("/api/v1/accounts/") for _ in range(4)]
    refused = [response for response in found if response.status_code == 429]
    assert len(refused) >= 2
    assert_problem(refused[0], 429, "throttled")
    assert 1 <= int(refused[0]["Retry-After"]) <= 60


def test_a_repeated_post_is_answered_from_storage_and_done_once(api, ada, bob):  # noqa: F811
    account, client = make_account(), api(ada)
    body, key = {"account": account.pk, "title": "Call"}, {"Idempotency-Key": "k-1"}
    first, second = (client.post("/api/v1/tasks/", body, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert Task.objects.count() == 1
    assert_problem(client.post("/api/v1/tasks/", {**body, "title": "Other"}, headers=key), 409, "idempotency_conflict")
    assert_problem(client.post("/api/v1/accounts/", {"name": "x"}, headers=key), 409, "idempotency_conflict")
    assert api(bob).post("/api/v1/tasks/", body, headers=key).status_code == 201
    assert Task.objects.count() == 2


def test_a_refused_post_does_not_spend_its_key(api, ada):  # noqa: F811
    client, key = api(ada), {"Idempotency-Key": "k-2"}
    assert_problem(client.post("/api/v1/accounts/", {"name": ""}, headers=key), 400)
    assert client.post("/api/v1/accounts/", {"name": "Acme"}, headers=key).status_code == 201
    assert Account.objects.count() == 1


def test_answers_are_kept_for_a_day(api, ada):  # noqa: F811
    client, key = api(ada), {"Idempotency-Key": "k-3"}
    client.post("/api/v1/accounts/", {"name": "Acme"}, headers=key)
    StoredAnswer.objects.update(at=clock.now() - timedelta(hours=25))
    client.post("/api/v1/accounts/", {"name": "Acme"}, headers=key)
    assert Account.objects.count() == 2
    assert_problem(client.post("/api/v1/accounts/", {}, headers={"Idempotency-Key": "x" * 201}), 400, "bad_idempotency_key")


def test_the_schema_describes_every_operation_in_sentences():
    errors = StringIO()
    call_command("spectacular", fail_on_warn=True, validate=True, format="openapi-json", stdout=StringIO(), stderr=errors)
    assert errors.getvalue() == ""


def test_every_operation_has_a_sentence(client):
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    bare = [f"{method} {path}" for path, item in schema["paths"].items() for method, op in item.items() if not op.get("description")]
    assert bare == []


def test_the_docs_name_no_other_host_and_run_no_inline_script(client):
    page = client.get("/api/docs/")
    assert page.status_code == 200
    html = page.content.decode()
    script = client.get("/api/docs/?script").content.decode()
    assert not re.findall(r"(?:https?:)?//(?!testserver)[\w.-]+\.\w+", html)
    assert "https://" not in script.replace("https://testserver", "")
    assert re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=", html) is None
    assert "'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
