"""Pages of quarantine: grouped by reason, one item with its bad field, replay as a job with progress, discarding and its undo."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.lib import clock
from crm.models import Job
from customers import intake, sources
from customers.ingest import quarantine, refusals
from customers.models import Delivery, QuarantinedItem
from tests.customers.views.conftest import HTMX
from tests.customers.views.test_sources import sent
from tests.factories import make_source

pytestmark = pytest.mark.django_db

PAGES = ["/data/quarantine/", "/data/quarantine/items/"]
LARGE = {"type": "track", "userId": "u", "event": "login", "messageId": "large", "properties": {"note": "x" * 40_000}}
NAMELESS = {"type": "track", "event": "login"}


@pytest.fixture
def source(db):
    return make_source()


@pytest.fixture
def item(source):
    sent(source, NAMELESS)
    return QuarantinedItem.objects.get()


def said(response) -> dict:
    return json.loads(response.headers["HX-Trigger"])["toast"]


def test_only_operations_see_what_was_sent(web, item):
    for url in [*PAGES, f"/data/quarantine/items/{item.pk}/", f"/data/deliveries/{item.delivery_id}/"]:
        response = web.get(url)
        assert response.status_code == 403
        assert "admin or ops" in response.content.decode()
    for act in ("replay", "discarding", "undo"):
        assert web.post(f"/data/quarantine/{act}/", {"item": item.pk}).status_code == 403


@pytest.mark.parametrize("url", PAGES)
def test_an_empty_quarantine_says_so(ops, url):
    assert "Quarantine is empty" in ops.get(url).content.decode()


def test_a_group_says_what_is_wrong_and_what_fixes_it(ops, item, source):
    html = ops.get("/data/quarantine/").content.decode()
    meaning, remedy = quarantine.REASONS["no_identity"]
    assert meaning in html
    assert remedy in html
    assert f"?source={source.pk}&amp;reason=no_identity" in html


def test_every_reason_has_words_for_its_remedy():
    assert all(meaning and remedy for meaning, remedy in quarantine.REASONS.values())


def test_what_was_refused_at_the_door_is_listed_too(ops, source):
    refusals.note(source, at=clock.now(), status=413, code="too_large", message="body above 10 bytes", raw=b"x" * 20)
    assert "body above 10 bytes" in ops.get("/data/quarantine/").content.decode()


def test_the_list_filters_by_source_reason_and_state(ops, source):
    sent(source, NAMELESS, {"type": "teleport", "userId": "u"})
    items = "/data/quarantine/items/"
    html = ops.get(f"{items}?source={source.pk}&reason=unknown_type").content.decode()
    assert "teleport" in html
    assert "neither userId" not in html
    assert "No item fits" in ops.get(f"{items}?state=discarded").content.decode()
    assert "is not understood" in ops.get(f"{items}?reason=nonsense").content.decode()


def test_an_item_shows_the_bad_field(ops, source):
    sent(source, {"type": "track", "userId": "u", "event": "login", "properties": [1]})
    html = ops.get(f"/data/quarantine/items/{QuarantinedItem.objects.get().pk}/").content.decode()
    assert '<span class="line bad">  &quot;properties&quot;: [</span>' in html
    assert "must be an object" in html
    assert ops.get("/data/quarantine/items/999/").status_code == 404


def test_a_missing_field_marks_the_object_that_lacks_it(ops, item):
    assert "userId is missing here" in ops.get(f"/data/quarantine/items/{item.pk}/").content.decode()


def test_replaying_a_reason_is_a_job_whose_progress_is_shown(ops, source):
    sent(source, LARGE)
    sources.configure(source, {"item_bytes": 100_000})
    response = ops.post("/data/quarantine/replay/", {"source": source.pk, "reason": "item_too_large"}, **HTMX)
    job = Job.objects.get(kind="ingest.replay")
    assert f"/data/quarantine/jobs/{job.pk}/" in response.content.decode()
    assert "every 2s" in response.content.decode()
    quarantine.run_replay(job, at=clock.now())
    done = ops.get(f"/data/quarantine/jobs/{job.pk}/", **HTMX)
    assert "1 item applied" in done.content.decode()
    assert "quarantine-changed" in done.headers["HX-Trigger"]
    assert not QuarantinedItem.objects.filter(state="open").exists()


def test_what_fails_again_is_said(ops, item):
    ops.post("/data/quarantine/replay/", {"item": [item.pk]})
    job = Job.objects.get(kind="ingest.replay")
    quarantine.run_replay(job, at=clock.now())
    assert "1 failed again" in ops.get(f"/data/quarantine/jobs/{job.pk}/").content.decode()


def test_a_replay_without_script_leads_to_its_progress(ops, item):
    response = ops.post("/data/quarantine/replay/", {"delivery": item.delivery_id}, follow=True)
    assert "Replaying 1 delivery" in response.content.decode()
    assert "waiting for a worker" in ops.get("/data/quarantine/").content.decode()


@pytest.mark.parametrize("data", [{}, {"item": "x"}, {"source": "1"}])
def test_a_replay_of_nothing_is_refused(ops, data):
    response = ops.post("/data/quarantine/replay/", data, **HTMX)
    assert response.status_code == 422
    assert "Choose what" in said(response)["text"]


def test_what_was_stated_over_rest_is_not_replayed_here(ops, item):
    own = intake.own_source(clock.now())
    Delivery.objects.filter(pk=item.delivery_id).update(source=own)
    QuarantinedItem.objects.filter(pk=item.pk).update(source=own)
    for data in ({"item": item.pk}, {"delivery": item.delivery_id}, {"source": own.pk, "reason": "no_identity"}):
        assert "over REST" in said(ops.post("/data/quarantine/replay/", data, **HTMX))["text"]
    assert "is replayed there" in ops.get(f"/data/quarantine/items/{item.pk}/").content.decode()


def test_discarding_needs_a_reason_and_can_be_taken_back(ops, item):
    url = "/data/quarantine/discarding/"
    assert ops.post(url, {"item": item.pk}, **HTMX).status_code == 422
    toast = said(ops.post(url, {"item": item.pk, "note": "test traffic"}, **HTMX))
    item.refresh_from_db()
    assert (toast["text"], item.state, item.note) == ("1 item discarded.", "discarded", "test traffic")
    assert "test traffic" in ops.get(f"/data/quarantine/items/{item.pk}/").content.decode()
    ops.post(toast["undo"], **HTMX)
    item.refresh_from_db()
    assert (item.state, item.closed_at) == ("open", None)


def test_all_of_a_reason_can_be_discarded_and_the_rest_stays(ops, source):
    sent(source, NAMELESS, NAMELESS, {"type": "teleport", "userId": "u"})
    response = ops.post("/data/quarantine/discarding/", {"source": source.pk, "reason": "no_identity", "note": "old"}, follow=True)
    assert "2 items discarded" in response.content.decode()
    assert QuarantinedItem.objects.get(state="open").reason == "unknown_type"


def test_an_undo_that_is_none_is_refused(ops):
    assert ops.post("/data/quarantine/undo/?token=x", **HTMX).status_code == 422


def test_a_delivery_shows_its_body_headers_and_items(ops, item):
    html = ops.get(f"/data/deliveries/{item.delivery_id}/").content.decode()
    assert "&quot;batch&quot;: [" in html
    assert "user-agent" in html
    assert f"/data/quarantine/items/{item.pk}/" in html
    assert ops.get("/data/deliveries/999/").status_code == 404


def test_a_long_body_is_cut_and_one_that_is_gone_is_said_to_be(ops, source):
    delivery = sent(source, *[{**LARGE, "messageId": str(n)} for n in range(9)])
    html = ops.get(f"/data/deliveries/{delivery.pk}/").content.decode()
    assert "cut at 64 kB" in html
    assert len(html) < 200_000
    Delivery.objects.update(body=None)
    assert "no longer kept" in ops.get(f"/data/deliveries/{delivery.pk}/").content.decode()


def test_the_pages_cost_the_same_for_1_and_20_rows(ops, source, django_assert_num_queries):
    delivery = sent(source, NAMELESS)
    pages = [*PAGES, f"/data/deliveries/{delivery.pk}/"]
    costs = {}
    for page in pages:
        ops.get(page)
        with CaptureQueriesContext(connection) as queries:
            ops.get(page)
        costs[page] = len(queries)
    for n in range(19):
        sent(make_source(f"Source {n}"), NAMELESS)
    for page in pages:
        with django_assert_num_queries(costs[page]):
            ops.get(page)
