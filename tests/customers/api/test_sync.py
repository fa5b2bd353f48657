"""A nightly copy: lists narrowed to what changed since an instant, and names of other systems that can be read."""

from datetime import timedelta

import pytest

from customers.identifiers import Alias, claim
from customers.inbox import complete, create_task
from customers.models import AccountState, Task, TraitChange
from customers.traits import set_traits
from tests.factories import NOW, make_account, make_contact, make_source

pytestmark = pytest.mark.django_db
EARLIER, LATER = NOW - timedelta(days=2), NOW + timedelta(hours=1)
SINCE = "2026-11-20T12:30:00Z"


def found(client, address: str, field: str = "id") -> list:
    response = client.get(f"/api/v1/{address}")
    assert response.status_code == 200, response.content
    return [row[field] for row in response.json()["results"]]


def test_accounts_with_events_or_contact_or_made_since(api, ada):
    old, new = make_account("Old", at=EARLIER), make_account("New", at=LATER)
    for account, at in ((old, EARLIER), (new, LATER)):
        AccountState.objects.filter(account=account).update(last_event_at=at, last_contact_at=at)
    for name in ("created_after", "last_event_after", "last_contact_after"):
        assert found(api(ada), f"accounts/?{name}={SINCE}", "name") == ["New"], name


def test_contacts_made_since(api, ada):
    make_contact("Old Hand", at=EARLIER)
    make_contact("New Hire", at=LATER)
    assert found(api(ada), f"contacts/?created_after={SINCE}", "name") == ["New Hire"]


def test_tasks_made_or_closed_since(api, ada):
    account = make_account(at=EARLIER)
    first, second, _ = (create_task(account=account, title="Call", at=EARLIER) for _ in range(3))
    complete(first, outcome="saved", by=ada, at=EARLIER)
    complete(second, outcome="saved", by=ada, at=LATER)
    made = create_task(account=account, title="Call", at=LATER)
    assert found(api(ada), f"tasks/?closed_after={SINCE}") == [second.pk]
    assert found(api(ada), f"tasks/?created_after={SINCE}") == [made.pk]
    assert Task.objects.count() == 4


def test_traits_that_became_known_since_whatever_the_time_they_are_about(api, ada):
    account = make_account(at=EARLIER)
    set_traits(account, {"tier": "gold"}, at=EARLIER)
    set_traits(account, {"segment": "smb"}, at=LATER)
    assert found(api(ada), f"traits/?known_after={SINCE}", "path") == ["segment"]


@pytest.mark.parametrize("noun", ["accounts", "contacts"])
@pytest.mark.parametrize("value", ["a", "a:b", "a::c", ":", "*:domain:"])
def test_an_identifier_that_cannot_be_read_is_refused_with_a_sentence(api, ada, noun, value):
    response = api(ada).get(f"/api/v1/{noun}/", {"identifier": value})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"path": "identifier", "code": "invalid", "message": "Write it as SOURCE:KIND:VALUE; SOURCE is a source's key, or * for all."}
    ]


@pytest.mark.parametrize("noun", ["accounts", "contacts"])
def test_an_identifier_of_an_unknown_source_names_the_source(api, ada, noun):
    response = api(ada).get(f"/api/v1/{noun}/?identifier=nope:group_id:1")
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == "There is no source with the key “nope”."


def test_an_identifier_that_nobody_has_finds_nothing_and_a_value_may_hold_colons(api, ada):
    account, source = make_account(), make_source()
    claim(account, Alias(source.key, "group_id", "a:b:c"), at=NOW)
    assert found(api(ada), f"accounts/?identifier={source.key}:group_id:other") == []
    assert found(api(ada), f"accounts/?identifier={source.key}:group_id:a:b:c") == [account.pk]


def test_a_trait_value_above_32_kib_is_refused_and_nothing_is_changed(api, ada):
    account, contact, client = make_account(), make_contact(), api(ada)
    before = TraitChange.objects.count()
    for url in (f"/api/v1/accounts/{account.pk}/traits/", f"/api/v1/contacts/{contact.pk}/traits/"):
        refused = client.put(url, {"tier": "gold", "blob": {"a": "x" * 32 * 1024}})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "blob")
    assert client.post("/api/v1/accounts/", {"name": "Big", "traits": {"blob": "é" * 20_000}}).status_code == 422
    assert TraitChange.objects.count() == before
    assert client.put(f"/api/v1/accounts/{account.pk}/traits/", {"blob": "x" * 32_000}).status_code == 200
