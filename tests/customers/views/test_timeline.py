"""The timeline of all accounts, how much is new, and a note written from anywhere."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.lib import clock
from customers import stream
from customers.models import TimelineEntry
from tests.customers.views.conftest import HTMX
from tests.factories import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def halvorsen(ada):
    account = make_account("Halvorsen Marine", owner=ada)
    stream.write(account, kind="note", text="Champion leaves in December", by=ada, at=clock.now())
    return account


def test_entries_of_all_accounts_stand_under_their_days(web, ada, halvorsen):
    other = make_account("Arden Shipping", owner=ada)
    yesterday = clock.now() - timedelta(days=1)
    stream.write(other, kind="call", text="Asked for a quote", by=ada, at=clock.now(), happened_at=yesterday)
    html = web.get("/timeline/").content.decode()
    assert html.index("Today") < html.index("Halvorsen Marine") < html.index("Yesterday") < html.index("Arden Shipping")


def test_filters_narrow_and_are_named_when_they_are_nonsense(web, halvorsen):
    assert "Champion" in web.get("/timeline/?kind=note&q=champion&human=1").content.decode()
    html = web.get("/timeline/?kind=call&until=soon").content.decode()
    assert "Nothing fits" in html
    assert "“soon” is no day" in html


def test_a_jump_to_a_day_leaves_out_what_is_newer(web, halvorsen):
    day = (clock.now() - timedelta(days=2)).date()
    assert "Champion" not in web.get(f"/timeline/?until={day.isoformat()}").content.decode()


def test_an_empty_timeline_offers_the_first_note(web):
    assert "Write the first note" in web.get("/timeline/").content.decode()


def test_htmx_gets_the_stream_and_older_pages_only_their_days(web, ada, halvorsen):
    for n in range(51):
        stream.write(halvorsen, kind="note", text=f"Note {n}", by=ada, at=clock.now())
    part = web.get("/timeline/?kind=note", **HTMX)
    assert b"<html" not in part.content
    assert "HX-Request" in part.headers["Vary"]
    older = web.get(f"/timeline/?kind=note&before={part.context['page'].older}", **HTMX).content.decode()
    assert older.count("<article") == 2
    assert 'id="stream"' not in older


def test_what_is_new_is_counted_and_not_pushed(web, ada, halvorsen):
    before = (clock.now() - timedelta(minutes=1)).isoformat()
    assert "1 new" in web.get("/timeline/new/", {"since": before}, **HTMX).content.decode()
    later = (clock.now() + timedelta(minutes=1)).isoformat()
    assert "new</a>" not in web.get("/timeline/new/", {"since": later}, **HTMX).content.decode()
    assert web.get("/timeline/new/?since=x", **HTMX).status_code == 200


def test_what_is_hidden_is_neither_shown_nor_counted_nor_written_on(stranger, halvorsen):
    assert "Halvorsen" not in stranger.get("/timeline/").content.decode()
    before = (clock.now() - timedelta(minutes=1)).isoformat()
    assert "1 new" not in stranger.get("/timeline/new/", {"since": before}).content.decode()
    assert "Halvorsen" not in stranger.get("/notes/accounts/?account_text=halv").content.decode()
    for data in ({"account": halvorsen.pk}, {"account_text": "Halvorsen Marine"}):
        assert stranger.post("/notes/new/", {**data, "kind": "note", "text": "x"}).status_code == 422


def test_a_note_asks_for_the_account_and_offers_names(web, halvorsen):
    html = web.get("/notes/accounts/?account_text=halv").content.decode()
    assert f'data-value="{halvorsen.pk}"' in html
    assert "Halvorsen Marine" in web.get(f"/notes/new/?account={halvorsen.pk}").content.decode()


@pytest.mark.parametrize("named", ["id", "text"])
def test_a_note_is_written_once_and_can_be_undone(web, halvorsen, named):
    data = {"account": halvorsen.pk} if named == "id" else {"account_text": "halv"}
    data |= {"kind": "call", "text": "Renewal is safe", "key": str(uuid4())}
    first = web.post("/notes/new/", data, follow=True)
    web.post("/notes/new/", data)
    written = TimelineEntry.objects.filter(kind="call")
    assert written.get().body == "Renewal is safe"
    [message] = first.context["messages"]
    web.post(message.extra_tags)
    assert not written.exists()


def test_a_note_without_account_or_text_is_refused_and_kept(web, halvorsen):
    make_account("Halvorsen Air")
    several = web.post("/notes/new/", {"account_text": "halv", "kind": "note", "text": "Keep me"})
    assert several.status_code == 422
    assert "Several accounts begin" in several.content.decode()
    assert "Keep me" in several.content.decode()
    assert web.post("/notes/new/", {"account": halvorsen.pk, "kind": "note", "text": ""}).status_code == 422
    assert web.post("/notes/new/", {"account": "", "kind": "note", "text": "x"}).status_code == 422


def test_a_name_typed_over_the_chosen_account_wins(web, halvorsen):
    other = make_account("Arden Shipping")
    web.post("/notes/new/", {"account": halvorsen.pk, "account_text": "Arden", "kind": "note", "text": "For Arden"})
    assert TimelineEntry.objects.get(account_id=other.pk).body == "For Arden"


def test_the_timeline_costs_the_same_for_1_and_20_entries(web, ada, halvorsen, django_assert_num_queries):
    web.get("/timeline/")
    with CaptureQueriesContext(connection) as queries:
        web.get("/timeline/")
    for n in range(19):
        stream.write(make_account(f"Account {n}", owner=ada), kind="note", text="More", by=ada, at=clock.now())
    with django_assert_num_queries(len(queries)):
        web.get("/timeline/")


def test_a_written_note_leads_to_the_account(web, halvorsen):
    response = web.post("/notes/new/", {"account": halvorsen.pk, "kind": "note", "text": "x"})
    assert response.headers["Location"] == f"/accounts/{halvorsen.pk}/timeline/"
