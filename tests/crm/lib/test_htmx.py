"""One view answers page and fragment; toasts reach the reader either way."""

import json

from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client, RequestFactory

from crm.lib import htmx
from crm.models import User


def test_a_page_is_whole_and_a_fragment_is_a_part(client: Client, ada: User) -> None:
    client.force_login(ada)
    whole, part = client.get("/keys/"), client.get("/keys/", headers={"HX-Request": "true"})
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert "HX-Request" in whole.headers["Vary"]
    assert "HX-Request" in part.headers["Vary"]


def test_a_restored_history_entry_is_whole(client: Client, ada: User) -> None:
    client.force_login(ada)
    answer = client.get("/keys/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert b"<html" in answer.content


def test_a_refused_form_comes_back_with_422_and_its_input(client: Client, ada: User) -> None:
    client.force_login(ada)
    answer = client.post("/me/", {"zone": "Nowhere", "theme": "dark", "daily_limit": 9}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert b"Nowhere" in answer.content
    assert b'aria-invalid="true"' in answer.content


def test_toasts_and_events_of_one_response_add_up() -> None:
    request = RequestFactory().post("/", headers={"HX-Request": "true"})
    response = htmx.trigger(HttpResponse(), "tasks-changed")
    htmx.toast(request, response, "Task done.", undo="/tasks/1/completion/undo/")
    events = json.loads(response.headers["HX-Trigger"])
    assert events["toast"] == {"text": "Task done.", "undo": "/tasks/1/completion/undo/", "tone": "good"}
    assert "tasks-changed" in events


def test_without_htmx_a_toast_is_said_on_the_next_page(client: Client, ada: User) -> None:
    client.force_login(ada)
    answer = client.post("/me/", {"zone": "Europe/Oslo", "theme": "dark", "daily_limit": 9})
    assert answer.status_code == 302
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["Your preferences are saved."]
