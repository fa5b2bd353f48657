"""Pages below Data and the timeline in a real browser: no accessibility violation, a first message that lights up, replay by keyboard."""

import json

import pytest
from django.db import close_old_connections
from playwright.sync_api import Page, expect

from crm.lib import clock
from crm.models import Job, User
from customers import stream
from customers.ingest import apply, quarantine, receive, refusals
from customers.models import QuarantinedItem, Source
from tests.factories import make_account, make_source
from tests.web.conftest import sign_in
from tests.web.test_frame import violations

ITEMS = [
    {"type": "track", "userId": "u", "event": "login"},
    {"type": "track", "event": "login"},
    {"type": "track", "userId": "u", "event": "login", "properties": [1]},
]


@pytest.fixture
def source(db: None) -> Source:
    """A source with items in quarantine and a refused message."""
    source, at = make_source(), clock.now()
    receive.store(source, json.dumps({"batch": ITEMS}).encode(), at=at, path="/v1/batch", headers={"user-agent": "curl/8"})
    apply.apply_pending(at=at, source=source)
    refusals.note(source, at=at, status=400, code="invalid_request", message="body is not readable JSON", raw=b"{")
    return source


@pytest.fixture
def ops(visitor: Page, otto: User, live_server: object) -> Page:
    """A browser page of Otto."""
    return sign_in(visitor, otto, live_server.url)


def addresses(source: Source) -> list[str]:
    item = QuarantinedItem.objects.filter(path="properties").get()
    return [
        "/data/",
        "/data/sources/new/",
        f"/data/sources/{source.pk}/",
        f"/data/sources/{make_source('Website').pk}/",
        "/data/quarantine/",
        "/data/quarantine/items/",
        f"/data/quarantine/items/{item.pk}/",
        f"/data/deliveries/{item.delivery_id}/",
        f"/data/quarantine/jobs/{quarantine.replay(at=clock.now(), item_ids=[item.pk]).pk}/",
    ]


def test_no_page_has_an_accessibility_violation(ops: Page, theme: str, source: Source) -> None:
    for address in addresses(source):
        ops.goto(address)
        assert violations(ops) == [], address


def test_an_empty_data_page_has_no_accessibility_violation(ops: Page, theme: str) -> None:
    for address in ("/data/", "/data/quarantine/", "/timeline/"):
        ops.goto(address)
        assert violations(ops) == [], address


def test_timeline_and_note_have_no_accessibility_violation(page: Page, theme: str, ada: User) -> None:
    account = make_account("Halvorsen Marine", owner=ada)
    stream.write(account, kind="call", text="Champion leaves", by=ada, at=clock.now())
    for address in ("/timeline/", "/notes/new/"):
        page.goto(address)
        assert violations(page) == [], address


def test_a_new_source_lights_up_with_its_first_message(ops: Page, live_server: object) -> None:
    ops.goto("/data/")
    ops.get_by_role("button", name="Get a key for curl").click()
    ops.wait_for_url("**/data/sources/*/")
    expect(ops.get_by_role("status").filter(has_text="Waiting for the first message")).to_be_visible()
    source = Source.objects.get()
    expect(ops.get_by_role("region", name="Python, code", exact=True)).to_contain_text(source.write_key)
    sent = ops.request.post(
        f"{live_server.url}/v1/track",
        headers={"Content-Type": "application/json"},
        data=json.dumps({"writeKey": source.write_key, "userId": "u", "event": "login"}),
    )
    assert sent.status == 200
    expect(ops.get_by_text("The first message is here.")).to_be_visible(timeout=8000)
    expect(ops.locator("#arrivals tbody tr")).to_have_count(1)


def test_a_replay_shows_its_progress_until_it_is_done(ops: Page, source: Source) -> None:
    ops.goto("/data/quarantine/")
    ops.keyboard.press("j")
    ops.keyboard.press("r")
    expect(ops.locator("#job")).to_contain_text("Replaying 1 delivery")
    quarantine.run_replay(Job.objects.get(kind="ingest.replay"), at=clock.now())
    close_old_connections()
    expect(ops.locator("#job")).to_contain_text("failed again", timeout=8000)


def test_selected_items_are_discarded_and_that_is_undone(ops: Page, source: Source) -> None:
    ops.goto("/data/quarantine/items/")
    ops.keyboard.press("j")
    ops.keyboard.press("x")
    expect(ops.get_by_text("1 selected")).to_be_visible()
    ops.get_by_label("Why they can go").fill("test traffic")
    ops.get_by_role("button", name="Discard").click()
    expect(ops.locator("#items tbody tr")).to_have_count(1)
    ops.locator("h1").click()
    ops.keyboard.press("u")
    expect(ops.locator("#items tbody tr")).to_have_count(2)


def test_a_note_is_written_from_anywhere(page: Page, ada: User) -> None:
    account = make_account("Halvorsen Marine", owner=ada)
    page.goto("/timeline/")
    page.keyboard.press("n")
    page.wait_for_url("**/notes/new/")
    page.get_by_role("combobox", name="Account").fill("halv")
    page.get_by_role("option", name="Halvorsen Marine").click()
    page.get_by_label("What happened").fill("Renewal is safe")
    page.get_by_role("button", name="Write").click()
    page.wait_for_url(f"**/accounts/{account.pk}/timeline/")
    expect(page.get_by_text("Renewal is safe")).to_be_visible()


class TestOnAPhone:
    @pytest.fixture
    def viewport(self) -> dict[str, int]:
        return {"width": 390, "height": 844}

    def test_nothing_scrolls_sideways(self, ops: Page, source: Source) -> None:
        for address in [*addresses(source), "/timeline/", "/notes/new/"]:
            ops.goto(address)
            assert ops.evaluate("document.documentElement.scrollWidth") <= 390, address
