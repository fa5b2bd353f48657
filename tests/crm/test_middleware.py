"""The frame's middleware: the settings of the installation within a request, and beside it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Installation, User
from tests.factories import make_account

pytestmark = pytest.mark.django_db


def test_a_request_reads_the_installation_once(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.get("/day/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/day/")
    assert sum('FROM "crm_installation"' in query["sql"] for query in queries) == 1


def test_the_next_request_sees_what_was_changed_meanwhile(client: Client, mallory: User) -> None:
    account = make_account()
    client.force_login(mallory)
    assert client.get(f"/accounts/{account.pk}/").status_code == 200
    Installation.objects.update(visibility="own")
    assert client.get(f"/accounts/{account.pk}/").status_code == 404


def test_outside_a_request_it_is_read_each_time() -> None:
    assert Installation.load().visibility == "all"
    Installation.objects.update(visibility="own")
    assert Installation.load().visibility == "own"


def fail() -> None:
    with Installation.read_once():
        Installation.load()
        raise ZeroDivisionError


def test_what_was_read_is_forgotten_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        fail()
    Installation.objects.update(currency="EUR")
    assert Installation.load().currency == "EUR"
