"""Pages of the frame: who may open them, what the status says, errors in the same look."""

import re
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client

from crm.lib import clock
from crm.models import Installation, User
from crm.status import status
from customers.models import Source, SourceHour
from tests.factories import NOW, make_source


@pytest.mark.parametrize("path", ["/", "/search/", "/keys/", "/me/", "/styleguide/", "/status/"])
def test_nobody_sees_a_page_without_signing_in(client: Client, db: None, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/login/")


@pytest.mark.parametrize("path", ["/search/", "/keys/", "/me/", "/styleguide/", "/2fa/", "/password/"])
def test_pages_open(client: Client, ada: User, path: str) -> None:
    client.force_login(ada)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(("path", "start"), [("/favicon.ico", b"<svg"), ("/robots.txt", b"User-agent: *\nDisallow: /")])
def test_what_browsers_and_robots_ask_for_is_answered_to_everybody(client: Client, path: str, start: bytes) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content.startswith(start)) == (200, True)


def test_the_first_field_of_the_sign_in_page_has_the_focus(client: Client, db: None) -> None:
    fields = re.findall(r"<input[^>]*autofocus[^>]*>", client.get("/login/").content.decode())
    assert [re.search(r'name="(\w+)"', field)[1] for field in fields] == ["login"]


def test_a_refusal_and_an_unknown_address_are_one_line_of_the_log(client: Client, ada: User, caplog: pytest.LogCaptureFixture) -> None:
    client.force_login(ada)
    caplog.clear()
    statuses = [client.get(path).status_code for path in ("/playbooks/new/", "/wp-login.php")]
    assert statuses == [403, 404]
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)] * 2


@pytest.mark.parametrize("path", ["/login/", "/password/reset/"])
def test_doors_open_for_nobody(client: Client, db: None, path: str) -> None:
    assert b'class="door' in client.get(path).content


def test_the_page_is_drawn_in_the_readers_theme(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert b'data-theme="system"' in client.get("/keys/").content
    client.post("/me/theme/", {"theme": "dark"})
    assert b'data-theme="dark"' in client.get("/keys/").content
    assert client.post("/me/theme/", {"theme": "pink"}).status_code == 302
    assert b'data-theme="dark"' in client.get("/keys/").content


def test_the_theme_never_sends_the_reader_elsewhere(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.post("/me/theme/", {"theme": "dark", "next": "https://evil.example/"}).headers["Location"] == "/"


def test_unknown_addresses_are_answered_in_the_same_look(client: Client, ada: User) -> None:
    client.force_login(ada)
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


def test_the_page_of_a_failure_needs_nothing() -> None:
    assert "This page failed" in render_to_string("500.html")


def test_the_lamp_tells_when_the_last_message_came(db: None) -> None:
    assert status(at=NOW).state == "none"
    source = Source.objects.create(name="Product", key="product", write_key="k", created_at=NOW, last_message_at=NOW)
    assert status(at=NOW + timedelta(minutes=2)).state == "live"
    assert status(at=NOW + timedelta(days=2)).state == "late"
    source.delete()


def test_the_lamp_names_the_silent_feeds_before_anything_else(db: None) -> None:
    heard = NOW - timedelta(hours=3)
    for name, items in (("Product", 0), ("App", 0), ("Site", 100)):
        source = make_source(name, last_message_at=heard)
        hours = [NOW - timedelta(hours=n) for n in range(1, 720)]
        SourceHour.objects.bulk_create(SourceHour(source_id=source.pk, hour=h, items=100 if h < heard else items) for h in hours)
    found = status(at=NOW)
    assert (found.state, found.text, found.last) == ("silent", "App, Product silent, heard", heard)


def test_a_clock_set_ahead_and_a_filling_demo_are_said_on_every_page(client: Client, ada: User) -> None:
    Installation.load()
    Installation.objects.update(last_tick_at=clock.now() + timedelta(days=9), demo={"state": "filling", "day": "2026-03-01", "share": 0.4})
    client.force_login(ada)
    html = client.get("/status/").content.decode()
    assert "Clock set ahead to" in html
    assert "The demo is filling: now at 2026-03-01" in html
    assert "every 5s" in html


def test_a_page_of_the_frame_costs_two_queries(client: Client, ada: User, django_assert_max_num_queries) -> None:
    client.force_login(ada)
    client.get("/keys/")
    with django_assert_max_num_queries(2):
        client.get("/keys/")
