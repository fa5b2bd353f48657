"""Pages of sources: who sees what, making one until its first message, settings with undo, keys, and what came in last."""

import base64
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.lib import clock
from customers import heartbeat
from customers.ingest import apply, receive, refusals
from customers.models import Source, SourceHour
from customers.snippets import snippets
from tests.customers.views.conftest import HTMX
from tests.factories import make_source

pytestmark = pytest.mark.django_db


def sent(source, *items, at=None):
    """A delivery of a batch, applied."""
    at = at or clock.now()
    raw = json.dumps({"batch": list(items) or [{"type": "track", "userId": "u", "event": "login"}]}).encode()
    delivery = receive.store(source, raw, at=at, path="/v1/batch", headers={"user-agent": "curl/8"})
    apply.apply_pending(at=at, source=source)
    delivery.refresh_from_db()
    return delivery


def test_without_a_source_every_door_is_shown_with_what_to_paste(ops):
    html = ops.get("/data/").content.decode()
    assert "Nothing sends data yet" in html
    for snippet in snippets("http://testserver", "KEY"):
        assert snippet.label in html
    assert "http://testserver/v1/track" in html


def test_whoever_may_not_edit_sources_is_told_whom_to_ask(web):
    html = web.get("/data/").content.decode()
    assert "Ask somebody with the role" in html
    assert "Get a key" not in html
    assert web.post("/data/sources/new/", {"name": "Product"}).status_code == 403


def test_the_list_says_state_volume_and_what_did_not_fit(ops):
    source = make_source()
    sent(source, {"type": "track", "userId": "u", "event": "login"}, {"type": "track", "event": "login"})
    html = ops.get("/data/").content.decode()
    assert 'data-state="live"' in html
    assert f"/data/quarantine/items/?source={source.pk}" in html


def test_a_source_is_made_and_its_page_waits_for_the_first_message(ops):
    response = ops.post("/data/sources/new/", {"name": "Product"}, follow=True)
    source = Source.objects.get(name="Product")
    html = response.content.decode()
    assert source.write_key in html
    assert "Waiting for the first message" in html
    waiting = ops.get(f"/data/sources/{source.pk}/heard/", **HTMX)
    assert "every 2s" in waiting.content.decode()
    sent(source)
    heard = ops.get(f"/data/sources/{source.pk}/heard/", **HTMX)
    assert "The first message is here" in heard.content.decode()
    assert "every 2s" not in heard.content.decode()
    assert "arrived" in heard.headers["HX-Trigger"]


def test_what_the_page_says_to_send_is_accepted(ops, client):
    source = make_source()
    shown = next(s for s in snippets("http://testserver", source.write_key) if s.key == "curl")
    body = shown.code.split("'")[1]
    basic = base64.b64encode(f"{source.write_key}:".encode()).decode()
    answer = client.post("/v1/track", body, content_type="application/json", headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 200


def test_a_source_without_name_is_refused_with_422(ops):
    for extra in ({}, HTMX):
        response = ops.post("/data/sources/new/", {"name": " "}, **extra)
        assert response.status_code == 422
        assert "Give the source a name" in response.content.decode()


def test_the_key_is_shown_only_to_those_who_may_edit_sources(ops, web):
    source = make_source()
    url = f"/data/sources/{source.pk}/"
    assert source.write_key in ops.get(url).content.decode()
    assert source.write_key not in web.get(url).content.decode()
    for act in ("settings", "state", "key"):
        assert web.post(f"{url}{act}/").status_code == 403
    assert ops.get("/data/sources/999/").status_code == 404


def form(source, **changes):
    return {"name": source.name, "default_lifecycle": "customer", "allowed_origins": "", **changes}


def test_settings_are_saved_and_can_be_undone(ops, otto):
    source = make_source("Product")
    url = f"/data/sources/{source.pk}/settings/"
    page = ops.post(url, form(source, name="App", owner=otto.pk, item_bytes="5000", allowed_origins="https://app.example/\n"), follow=True)
    source.refresh_from_db()
    assert (source.name, source.owner, source.item_bytes, source.allowed_origins) == ("App", otto, 5000, ["https://app.example"])
    [message] = page.context["messages"]
    ops.post(message.extra_tags)
    source.refresh_from_db()
    assert (source.name, source.owner, source.item_bytes, source.allowed_origins) == ("Product", None, None, [])


def test_ids_can_be_shared_with_another_source_that_has_its_own(ops):
    server, browser = make_source("Server"), make_source("Browser")
    ops.post(f"/data/sources/{browser.pk}/settings/", form(browser, shares_ids_with=server.pk))
    browser.refresh_from_db()
    assert browser.scope == server.pk
    refused = ops.post(f"/data/sources/{server.pk}/settings/", form(server, shares_ids_with=server.pk))
    assert refused.status_code == 422


def test_bad_settings_come_back_with_422_and_what_was_typed(ops):
    source = make_source()
    response = ops.post(f"/data/sources/{source.pk}/settings/", form(source, allowed_origins="app.example/path", item_bytes="0"))
    html = response.content.decode()
    assert response.status_code == 422
    assert "is no origin" in html
    assert "app.example/path" in html


@pytest.mark.parametrize("state", ["paused", "off"])
def test_a_source_is_stopped_and_that_is_undone(ops, state):
    source = make_source()
    page = ops.post(f"/data/sources/{source.pk}/state/", {"state": state}, follow=True)
    source.refresh_from_db()
    assert source.state == state
    [message] = page.context["messages"]
    ops.post(message.extra_tags)
    source.refresh_from_db()
    assert source.state == "live"


def test_an_unknown_state_is_refused(ops):
    source = make_source()
    assert ops.post(f"/data/sources/{source.pk}/state/", {"state": "asleep"}, **HTMX).status_code == 422


def test_a_new_key_keeps_the_old_one_for_its_overlap(ops):
    source = make_source()
    old = source.write_key
    html = ops.post(f"/data/sources/{source.pk}/key/", {"overlap": "24"}, follow=True).content.decode()
    source.refresh_from_db()
    assert (source.old_write_key, source.write_key != old) == (old, True)
    assert source.old_key_until - clock.now() > timedelta(hours=23)
    assert source.write_key in html
    assert "The old key works until" in html


def test_the_last_messages_are_listed_with_answer_and_reason(ops):
    source = make_source()
    sent(source, {"type": "track", "event": "login"})
    refusals.note(source, at=clock.now(), status=400, code="invalid_request", message="body is not readable JSON", raw=b"{")
    url = f"/data/sources/{source.pk}/messages/"
    html = ops.get(url, **HTMX).content.decode()
    assert "<html" not in html
    assert "no_identity" in html
    assert "invalid_request" in html
    assert ">400<" in html


def test_messages_can_be_narrowed_to_problems(ops):
    source = make_source()
    good = sent(source)
    bad = sent(source, {"type": "track", "event": "login"})
    html = ops.get(f"/data/sources/{source.pk}/messages/?bad=1", **HTMX).content.decode()
    assert f"/data/deliveries/{bad.pk}/" in html
    assert f"/data/deliveries/{good.pk}/" not in html


def test_the_pages_cost_the_same_for_1_and_20_rows(ops, django_assert_num_queries):
    source = make_source()
    sent(source)
    pages = ["/data/", f"/data/sources/{source.pk}/"]
    costs = {}
    for page in pages:
        ops.get(page)
        with CaptureQueriesContext(connection) as queries:
            ops.get(page)
        costs[page] = len(queries)
    for n in range(19):
        other = make_source(f"Source {n}")
        sent(other)
        sent(source)
    for page in pages:
        with django_assert_num_queries(costs[page]):
            ops.get(page)


def test_a_silent_feed_is_named_with_what_is_normal_and_who_looks_after_it(ops, otto):
    source, now = make_source("Website", owner=otto), heartbeat.floor(clock.now())
    hours = [SourceHour(source_id=source.pk, hour=now - n * heartbeat.HOUR, items=100) for n in range(3, 24 * 30)]
    SourceHour.objects.bulk_create(hours)
    html = ops.get("/data/").content.decode()
    assert "Website is silent" in html
    assert "100 are normal" in html
    assert "Otto Ops looks after it" in html
    assert 'class="normal"' in html
    assert "Silent, last heard" in ops.get(f"/data/sources/{source.pk}/").content.decode()
