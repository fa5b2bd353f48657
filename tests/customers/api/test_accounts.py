"""Accounts over REST: who sees them, what narrows them, how they are made and changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Installation
from customers import catalogue
from customers.events import record
from customers.health import score_all
from customers.identifiers import Alias, claim
from customers.models import Account, AccountState, TraitChange
from customers.scorecards import install_default
from customers.traits import set_traits
from tests.factories import NOW, instant, make_account, make_contact, make_source

pytestmark = pytest.mark.django_db
URL = "/api/v1/accounts/"


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


def test_a_list_of_1_and_of_20_cost_the_same_number_of_queries(api, ada):
    client, counts = api(ada), []
    for n in (1, 19):
        for i in range(n):
            make_account(f"Acme {i}", owner=ada, **{"tag.vip": True})
        client.get(URL)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(URL)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4


def test_pages_are_cut_by_keyset_and_next_leads_on(api, ada):
    for i in range(5):
        make_account(f"Acme {i}")
    client, seen, url = api(ada), [], f"{URL}?page_size=2"
    while url:
        body = client.get(url).json()
        seen += [row["name"] for row in body["results"]]
        url = body["next"]
    assert seen == [f"Acme {i}" for i in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "query", ["page_size=0", "page_size=201", "page_size=x", "cursor=zzz", "cursor=WzEsMl0", "nope=1", "owner=x", "q=%00"]
)
def test_a_parameter_that_cannot_be_used_is_named(api, ada, query):
    response = api(ada).get(f"{URL}?{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["errors"][0]["path"] == query.partition("=")[0]


def test_filters_narrow(api, ada, bob):
    make_account("Acme", owner=ada, **{"tag.vip": True, "plan": "pro", "arr": {"minor": 120_000, "currency": "USD"}})
    make_account("Blue Fir", owner=bob)
    make_account("Other")
    client = api(ada)
    for query, expected in {
        "mine=true": ["Acme"],
        f"owner={bob.pk}": ["Blue Fir"],
        "unassigned=true": ["Other"],
        "tag=vip": ["Acme"],
        "q=fir": ["Blue Fir"],
        "plan=pro,basic": ["Acme"],
        "arr_min_minor=120000": ["Acme"],
        "arr_min_minor=120001": [],
        "arr_max_minor=9223372036854775807": ["Acme"],
        "band=risk": [],
        "overdue=true": [],
        "last_event_before=2026-01-01T00:00:00Z": ["Other", "Blue Fir", "Acme"],
        "renewal_before=2026-01-01": [],
        "lifecycle=customer,trial&mine=true": ["Acme"],
    }.items():
        assert names(client.get(f"{URL}?{query}")) == expected, query


def test_an_account_is_found_by_its_identifier_also_with_colons(api, ada):
    source, account = make_source(), make_account("Acme")
    claim(account, Alias(source.key, "group_id", "a:b:c"), at=NOW)
    claim(account, Alias(source.key, "stripe:customer", "cus_1"), at=NOW)
    claim(account, Alias("", "domain", "Acme.example"), at=NOW)
    client = api(ada)
    for text in (f"{source.key}:group_id:a:b:c", f"{source.key}:stripe:customer:cus_1", "*:domain:acme.example", ":domain:acme.example"):
        assert names(client.get(URL, {"identifier": text})) == ["Acme"], text
    for text in (f"{source.key}:group_id:other", "*:group_id:a:b:c"):
        assert names(client.get(URL, {"identifier": text})) == [], text


def test_an_account_is_found_by_the_identifier_of_its_contact(api, ada):
    client = api(ada)
    account = make_account("Acme")
    body = {"name": "Jo", "email": "Jo@Acme.example", "memberships": [{"account": account.pk, "role": "champion"}]}
    contact = client.post("/api/v1/contacts/", body).json()
    assert contact["memberships"][0]["role"] == "champion"
    assert names(client.get(URL, {"identifier": "*:email:jo@acme.EXAMPLE"})) == ["Acme"]


def test_hidden_is_404_and_not_listed(api, ada, mallory):
    Installation.load()
    Installation.objects.update(visibility="own")
    account = make_account("Secret", owner=ada)
    client = api(mallory)
    assert names(client.get(URL)) == []
    for path in ("", "timeline/", "score/", "traits/", "events/", "history/"):
        response = client.get(f"{URL}{account.pk}/{path}")
        assert response.status_code == 404, path
        assert response.json()["code"] == "not_found"
    assert client.put(f"{URL}{account.pk}/traits/", {"a": 1}).status_code == 404
    assert api(ada).get(f"{URL}{account.pk}/").status_code == 200


@pytest.mark.parametrize("pk", ["abc", "0", "-1", "99999999999999999999999", "1.5", "%00"])
def test_an_id_that_is_none_is_404(api, ada, pk):
    response = api(ada).get(f"{URL}{pk}/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_creating_keeps_fields_traits_and_identifiers_and_who_did_it(api, ada):
    source = make_source()
    body = {
        "name": "Acme",
        "domain": "acme.example",
        "owner": ada.pk,
        "stage": "onboarding",
        "traits": {"tier": "gold"},
        "identifiers": [{"source": source.key, "kind": "group_id", "value": "acme"}],
    }
    response = api(ada).post(URL, body)
    assert response.status_code == 201, response.content
    made = response.json()
    assert (made["owner"], made["domain"], made["stage"], made["lifecycle"]) == (ada.pk, "acme.example", "onboarding", "customer")
    account = Account.objects.get(pk=made["id"])
    assert AccountState.objects.filter(pk=account.pk).exists()
    assert account.identifiers.get().value == "acme"
    assert TraitChange.objects.get(account_id=account.pk, path="tier").actor["kind"] == "api_key"


def test_changing_goes_through_the_door_for_traits(api, ada, bob):
    account = make_account("Acme", owner=ada)
    client = api(bob)
    response = client.patch(f"{URL}{account.pk}/", {"owner": bob.pk, "name": "Acme Ltd"})
    assert (response.json()["owner_name"], response.json()["name"]) == ("Bob Ray", "Acme Ltd")
    history = client.get(f"{URL}{account.pk}/history/").json()["results"]
    assert {(row["path"], row["new"]) for row in history[:2]} == {("owner", bob.pk), ("name", "Acme Ltd")}
    assert client.patch(f"{URL}{account.pk}/", {"owner": 999_999}).json()["errors"][0]["path"] == "owner"
    assert client.patch(f"{URL}{account.pk}/", {"nmae": "x"}).json()["errors"][0]["path"] == "nmae"
    assert client.patch(f"{URL}{account.pk}/", {"owner": None}).json()["owner"] is None


def test_traits_are_set_removed_and_read_as_of_an_instant(api, ada):
    account = make_account("Acme")
    client, url = api(ada), f"{URL}{account.pk}/traits/"
    set_traits(account, {"nps": 3}, at=NOW)
    assert client.put(url, {"nps": 9, "tier": "gold"}).json()["values"]["nps"] == 9
    assert client.get(url, {"at": "2026-11-20T13:00:00Z"}).json()["values"]["nps"] == 3
    assert "tier" not in client.put(url, {"tier": None}).json()["values"]
    assert client.get(url, {"at": "nonsense"}).status_code == 400
    assert client.get(url, {"att": "x"}).status_code == 400
    assert client.put(url, [1]).status_code == 400


def test_paths_of_billing_and_health_are_refused(api, ada):
    response = api(ada).put(f"{URL}{make_account().pk}/traits/", {"mrr": 5, "tier": "gold"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["path"] == "mrr"
    assert not TraitChange.objects.filter(path="tier").exists()


def test_contacts_are_listed_by_account(api, ada):
    make_contact("Nobody")
    assert api(ada).get("/api/v1/contacts/", {"account": make_account().pk}).json()["results"] == []


def test_the_timeline_merges_entries_and_folded_days_and_pages(api, ada):
    account, client = make_account(), api(ada)
    url = f"{URL}{account.pk}/timeline/"
    catalogue.install()
    for day in (1, 2, 3):
        record(account=account, name="login", at=instant(f"2026-11-0{day}T10:00"))
    record(account=account, name="incident.resolved", at=instant("2026-11-02T12:00"), title="Incident")
    assert client.post(url, {"kind": "call", "body": "They are *well*."}).status_code == 201
    seen, after = [], f"{url}?page_size=2"
    while after:
        body = client.get(after).json()
        seen += [(row["kind"], row["day"]) for row in body["results"]]
        after = body["next"]
    assert [kind for kind, _ in seen] == ["call", "activity", "event", "activity", "activity"]
    assert client.get(url, {"kind": "activity"}).json()["results"][0]["events"] == [{"name": "login", "count": 1, "contacts": 0}]
    for query in ({"kind": "nope"}, {"cursor": "zzz"}, {"page_size": "0"}, {"nope": "1"}, {"q": "\0"}):
        assert client.get(url, query).status_code == 400, query


def test_the_score_of_an_account_that_was_not_scored_is_unknown(api, ada):
    body = api(ada).get(f"{URL}{make_account().pk}/score/").json()
    assert (body["score"], body["band"], body["factors"], body["change"]) == (None, "unknown", [], None)


def test_the_points_of_the_factors_add_up_to_the_score(api, ada):
    install_default(at=NOW)
    account = make_account(at=instant("2026-01-01"))
    for day in range(1, 20):
        record(account=account, name="login", at=instant(f"2026-11-{day:02}T10:00"))
    score_all(at=NOW)
    body = api(ada).get(f"{URL}{account.pk}/score/", {"at": NOW.isoformat()}).json()
    assert body["score"] is not None
    assert sum(factor["points"] for factor in body["factors"]) == body["score"]


@pytest.mark.parametrize("values", [{"owner": 999_999}, {"owner": "x"}, {"owner": True}, {"sentiment": 10**9}, {"": 1}, {"x" * 201: 1}])
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_values_that_no_column_can_hold_are_refused(api, ada, values, headers):
    account, client = make_account(), api(ada)
    assert client.put(f"{URL}{account.pk}/traits/", values, headers=headers).status_code in {400, 409, 422}
    assert client.post(URL, {"name": "Acme", "traits": values}, headers=headers).status_code in {400, 409, 422}
    assert Account.objects.count() == 1
