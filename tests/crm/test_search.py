"""Search: by prefix, own accounts first, and nothing a person may not see."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Installation, User
from crm.search import find
from tests.factories import make_account


def labels(user: User, text: str) -> list[str]:
    return [hit.label for group in find(user, text) for hit in group.hits]


def test_accounts_are_found_by_the_beginning_of_their_name_in_any_case(ada: User) -> None:
    make_account("Ærlig Øl")
    make_account("Halvorsen Marine")
    assert labels(ada, "aerlig") == ["Ærlig Øl"]


def test_own_accounts_stand_first(ada: User, bob: User) -> None:
    make_account("Acme Alpha", owner=bob)
    make_account("Acme Beta", owner=ada)
    assert labels(ada, "acme") == ["Acme Beta", "Acme Alpha"]


def test_hidden_accounts_are_not_found(ada: User, mallory: User) -> None:
    Installation.load()
    Installation.objects.update(visibility="own")
    account = make_account("Acme", owner=ada)
    assert labels(mallory, "acme") == []
    assert labels(mallory, f"#{account.pk}") == []
    assert labels(ada, f"#{account.pk}") == ["Acme"]


@pytest.mark.parametrize("text", ["%", "_", "#", "@", ">", "#999999999999999999999", "'; drop", "\x00x"])
def test_odd_text_is_searched_without_harm(client, ada: User, text: str) -> None:
    client.force_login(ada)
    assert client.get("/search/", {"q": text}).status_code == 200


def test_a_search_costs_the_same_for_one_and_many(ada: User) -> None:
    Installation.load()
    costs = []
    for number in range(12):
        make_account(f"Acme {number}")
        with CaptureQueriesContext(connection) as queries:
            labels(ada, "acme")
        costs.append(len(queries))
    assert len(set(costs)) == 1
    assert costs[0] <= 10
