"""Events over REST: one or many, each with its result; strict where write keys are lenient."""

import pytest

from crm.models import Installation
from customers.identifiers import Alias, claim
from customers.models import Delivery, Event, QuarantinedItem
from tests.factories import make_account, make_contact, make_source

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/"
AT = "2026-11-19T10:00:00Z"


def results(response) -> list[tuple[str, str]]:
    assert response.status_code == 200, response.content
    return [(row["result"], row["reason"]) for row in response.json()["results"]]


def test_one_event_is_recorded_once(api, ada):
    account, client = make_account(), api(ada)
    body = {"key": "k1", "name": "login", "occurred_at": AT, "account": {"id": account.pk}, "properties": {"a": 1}}
    first, second = client.post(URL, body), client.post(URL, body)
    assert (results(first), results(second)) == ([("created", "")], [("repeated", "")])
    assert first.json()["results"][0]["id"] == second.json()["results"][0]["id"] == str(Event.objects.get().id)
    listed = client.get(URL, {"account": account.pk, "name": "login"}).json()["results"]
    assert (listed[0]["properties"], listed[0]["occurred_at"]) == ({"a": 1}, AT)
    assert client.get(f"/api/v1/accounts/{account.pk}/events/").json()["results"] == listed


def test_accounts_and_contacts_are_found_by_their_names(api, ada):
    source, account = make_source(), make_account()
    claim(account, Alias(source.key, "group_id", "acme"), at=account.created_at)
    client = api(ada)
    body = {"name": "Jo", "email": "jo@acme.example", "memberships": [{"account": account.pk}]}
    contact = client.post("/api/v1/contacts/", body).json()["id"]
    named = {"account": {"source": source.key, "kind": "group_id", "value": "acme"}}
    person = {"contact": {"kind": "email", "value": "JO@acme.example"}}
    response = client.post(URL, [{"name": "a", "occurred_at": AT, **named}, {"name": "b", "occurred_at": AT, **person}])
    assert results(response) == [("created", ""), ("created", "")]
    assert set(Event.objects.values_list("name", "account_id", "contact_id")) == {("a", account.pk, 0), ("b", account.pk, contact)}


def test_bad_items_are_quarantined_beside_good_ones_and_replayed(api, ada, otto):
    account, client = make_account(), api(ada)
    good = {"key": "g", "name": "login", "occurred_at": AT, "account": {"id": account.pk}}
    unknown = {**good, "key": "u", "account": {"kind": "domain", "value": "late.example"}}
    bad = [{**good, "occurred_at": "soon"}, {**good, "name": ""}, {"name": "x", "occurred_at": AT}, 5, {**good, "color": 1}]
    response = client.post(URL, [good, good, unknown, *bad])
    reasons = ["bad_time", "bad_field", "no_identity", "bad_field", "bad_field"]
    expected = [("created", ""), ("repeated", ""), ("quarantined", "unmapped_object"), *(("quarantined", reason) for reason in reasons)]
    assert results(response) == expected
    url = f"/api/v1/deliveries/{response.json()['delivery']}/"
    delivery = client.get(url).json()
    assert (delivery["state"], delivery["applied"], delivery["repeated"], delivery["quarantined"]) == ("partly_applied", 1, 1, 6)
    assert [item["reason"] for item in delivery["quarantine"]] == ["unmapped_object", *reasons]
    claim(make_account("Late"), Alias("", "domain", "late.example"), at=account.created_at)
    assert api(otto).post(f"{url}replay/").status_code == 202
    assert client.get(url).json()["quarantined"] == 5
    assert QuarantinedItem.objects.get(index=2).state == "replayed"
    assert Event.objects.count() == 2
    assert len(client.get(f"{url}quarantine/").json()["results"]) == 6


def test_nothing_usable_is_422_with_paths_and_stores_nothing(api, ada, mallory):
    hidden = make_account(owner=ada)
    Installation.load()
    Installation.objects.update(visibility="own")
    base = {"name": "login", "occurred_at": AT}
    response = api(mallory).post(URL, [{**base, "account": {"id": hidden.pk}}, {**base, "account": "acme"}])
    assert (response.status_code, response.json()["code"]) == (422, "nothing_usable")
    assert [(e["path"], e["code"]) for e in response.json()["errors"]] == [("[0].account", "unmapped_object"), ("[1].account", "bad_field")]
    assert not Delivery.objects.exists()


def test_a_contact_of_several_accounts_needs_the_account_said(api, ada):
    contact, client = make_contact(), api(ada)
    response = client.post(URL, {"name": "login", "occurred_at": AT, "contact": {"id": contact.pk}})
    assert response.json()["errors"][0]["code"] == "ambiguous_account"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"name": "\\u0000"}',
        b"[1e999]",
        b'{"a": NaN}',
        b"[" * 5000,
        b"\xff",
        b'{"a": "\\ud800"}',
        b"[99999999999999999999]",
    ],
)
def test_an_unreadable_body_is_a_problem_not_a_fault(api, ada, body):
    response = api(ada).generic("POST", URL, body, content_type="application/json")
    assert response.status_code in {400, 422}, response.content
    assert response["Content-Type"] == "application/problem+json"


def test_more_than_a_thousand_are_refused(api, ada):
    assert api(ada).post(URL, [{}] * 1001).status_code == 400


def test_a_thousand_cost_a_constant_number_of_queries(api, ada, django_assert_max_num_queries):
    account, client = make_account(), api(ada)
    items = [{"key": f"k{i}", "name": "login", "occurred_at": AT, "account": {"id": account.pk}} for i in range(1000)]
    with django_assert_max_num_queries(45):
        assert len(results(client.post(URL, items))) == 1000
    assert Event.objects.count() == 1000
