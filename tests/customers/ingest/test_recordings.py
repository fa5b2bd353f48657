"""Contract with the released server libraries: what they were recorded sending is answered, stored and understood."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from crm.lib import clock
from customers.ingest import apply, body, keys
from customers.models import Account, Contact, Delivery, Event, Identifier, Trait
from tests.factories import make_source

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parents[2] / "recordings"
LIBRARIES = ["segment-python", "rudder-python", "segment-node", "rudder-node"]


def recorded(library: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{library}.json").read_text())


def first_requests() -> list[Any]:
    found = []
    for library in LIBRARIES:
        for behaviour, run in recorded(library).items():
            request = run["requests"][0]
            if request.get("body"):
                found.append(pytest.param(request, id=f"{library}-{behaviour}"))
    return found


def replay(client: Client, request: dict[str, Any], **extra: str) -> Any:
    """Send a recorded request as bytes, its headers included, gzip where the recording says so."""
    raw = json.dumps(request["body"]).encode()
    headers = {name.lower(): value for name, value in request["headers"]}
    if headers.get("content-encoding") == "gzip":
        raw = gzip.compress(raw)
    meta = {f"HTTP_{n.upper().replace('-', '_')}": v for n, v in headers.items() if n not in {"host", "content-type", "content-length"}}
    return client.generic(request["method"], request["path"], raw, content_type=headers["content-type"], **meta, **extra)


@pytest.fixture
def source():
    keys.forget()
    return make_source(write_key="WRITEKEY123")


@pytest.mark.parametrize("request_", first_requests())
def test_a_recorded_request_is_accepted_stored_and_applied(client, source, request_):
    answer = replay(client, request_)
    assert (answer.status_code, json.loads(answer.content)) == (200, {"success": True})
    delivery = Delivery.objects.get()
    assert json.loads(body.unpack(bytes(delivery.body))) == request_["body"]
    assert "authorization" not in delivery.headers
    apply.apply_pending(at=clock.now())
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.APPLIED
    assert delivery.items == delivery.applied == len(request_["body"]["batch"])
    tracked = [i for i in request_["body"]["batch"] if i["type"] in {"track", "page", "screen"}]
    assert Event.objects.count() == len(tracked)


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_method_of_a_library_is_understood(client, source, library):
    for request in recorded(library)["ok200"]["requests"]:
        assert replay(client, request).status_code == 200
    apply.apply_pending(at=clock.now())
    ada = Identifier.objects.get(kind="user_id", value="user-1").contact
    acme = Account.objects.get()
    assert (ada.name, ada.email, acme.name) == ("Ada", "ada@example.com", "Acme")
    assert Identifier.objects.get(kind="anonymous_id").contact == ada
    assert Trait.objects.get(contact_id=ada.pk, path="created_at").value.startswith("2024-01-02T03:04:05.678")
    exported = Event.objects.get(name="Invoice Exported")
    assert (exported.account_id, exported.contact_id) == (acme.pk, ada.pk)
    assert abs(exported.occurred_at - datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)).days == 0, "a caller's own time is kept"
    visitor = Event.objects.get(name="Signed Up Ünïcode ☃")
    assert (visitor.account_id, visitor.contact_id, visitor.anonymous_id) == (0, 0, "anon-2")
    assert Event.objects.get(name="page.viewed").props["name"] == "Home"
    assert Event.objects.get(name="screen.viewed").props["name"] == "Main"


def test_a_number_sent_as_an_id_is_text(client, source):
    replay(client, recorded("segment-python")["ok200"]["requests"][0])
    apply.apply_pending(at=clock.now())
    assert Contact.objects.filter(identifiers__kind="user_id", identifiers__value="42").exists()
