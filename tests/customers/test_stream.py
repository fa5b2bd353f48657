"""The timeline: entries above one folded line a day, pages that lose and double nothing, and what people write."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Installation
from customers import catalogue, composer, folds, stream
from customers.events import Fact, record_batch
from customers.models import AccountState, Event, Task, TimelineEntry
from customers.stream import Filters
from tests.factories import NOW, make_account, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def names(db):
    catalogue.install()


def happen(account, name, *, days=0, hours=0, contact=0, **fields):
    then = NOW - timedelta(days=days, hours=hours)
    record_batch([Fact(account.pk, name, then, contact_id=contact, source_id=1, **fields)], at=then)


def shown(page) -> list[str]:
    return [item.fold.text if item.fold else item.entry.title for item in page.items]


def test_noise_of_a_day_is_one_line_below_its_entries(ada):
    account, jonas, marte = make_account(), make_contact(), make_contact("Marte")
    for contact in (jonas, jonas, marte):
        happen(account, "login", contact=contact.pk)
    happen(account, "report viewed", hours=2)
    happen(account, "ticket.opened", hours=5, props={"subject": "exports"})
    happen(account, "login", days=1, contact=jonas.pk)
    assert shown(stream.page(account, ada, at=NOW)) == [
        "Ticket opened: exports",
        "3 logins by 2 people, 1 report viewed",
        "1 login by 1 person",
    ]


@pytest.mark.parametrize(
    ("label", "n", "text"),
    [
        ("Login", 1, "1 login"),
        ("Login", 1200, "1,200 logins"),
        ("Report viewed", 4, "4 reports viewed"),
        ("page.viewed", 2, "2 pages viewed"),
        ("Signed Up", 2, "2 × signed up"),
        ("api_call", 3, "3 api calls"),
        ("Reply", 2, "2 replies"),
    ],
)
def test_counts_in_words(label, n, text):
    assert folds.counted(label, n) == text


def busy(account, days: int = 70) -> None:
    for n in range(days):
        happen(account, "login", days=n)
        if n % 2:
            happen(account, "ticket.opened", days=n, hours=1, props={"subject": str(n)})


def walk(account, user, **options) -> list:
    found, before = [], ""
    for _ in range(30):
        page = stream.page(account, user, at=NOW, before=before, **options)
        found += page.items
        before = page.older
        if not before:
            return found
    raise AssertionError("endless")


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_pages_of_an_account_lose_and_double_nothing(ada, limit):
    account = make_account()
    busy(account, 12)
    items = walk(account, ada, limit=limit)
    assert len(items) == 12 + 6 == len({(item.at, item.fold is None) for item in items})
    assert [item.at for item in items] == sorted((item.at for item in items), reverse=True)


@pytest.mark.parametrize("limit", [2, 5, 50])
def test_pages_of_all_accounts_sum_noise_and_lose_nothing(ada, limit):
    for name in ("A", "B"):
        busy(make_account(name), 6)
    items = walk(None, ada, limit=limit)
    assert [item.fold.text for item in items if item.fold] == ["2 logins at 2 accounts"] * 6
    assert sum(item.entry is not None for item in items) == 6


def test_entries_of_one_instant_are_cut_cleanly(ada):
    account = make_account()
    for i in range(5):
        happen(account, "ticket.opened", props={"subject": str(i)})
    assert len({item.entry.id for item in walk(account, ada, limit=2)}) == 5


def test_filters_by_kind_text_and_people(ada):
    account = make_account()
    busy(account, 4)
    stream.write(account, kind="call", text="Spoke about the *budget*", by=ada, at=NOW)
    assert shown(stream.page(account, ada, at=NOW, filters=Filters(human_only=True))) == ["Call"]
    assert shown(stream.page(account, ada, at=NOW, filters=Filters(text="BUDGET spoke"))) == ["Call"]
    assert len(stream.page(account, ada, at=NOW, filters=Filters(kinds=("activity",))).items) == 4
    assert {i.entry.kind for i in stream.page(account, ada, at=NOW, filters=Filters(kinds=("event",))).items} == {"event"}


def test_what_one_contact_was_part_of(ada):
    account, jonas = make_account(), make_contact()
    busy(account, 3)
    stream.write(account, kind="call", text="x", by=ada, at=NOW, contact=jonas)
    assert shown(stream.page(account, ada, at=NOW, filters=Filters(contact_id=jonas.pk))) == ["Call with Jonas Vik"]


def test_new_entries_are_counted(ada):
    account = make_account()
    busy(account, 3)
    assert stream.newer_count(account, ada, since=NOW) == 0
    stream.write(account, kind="note", text="x", by=ada, at=NOW + timedelta(minutes=1))
    assert stream.newer_count(account, ada, since=NOW) == stream.newer_count(None, ada, since=NOW) == 1


def test_jumping_to_a_date_starts_at_its_end(ada):
    account = make_account()
    busy(account, 10)
    page = stream.page(account, ada, at=NOW, until=date(2026, 11, 15))
    assert page.items[0].day == date(2026, 11, 15)


def test_a_broken_cursor_starts_from_the_top(ada):
    account = make_account()
    busy(account, 2)
    assert len(stream.page(account, ada, at=NOW, before="nonsense").items) == 3


def test_the_events_of_a_line_come_page_by_page_with_names(ada):
    account, jonas = make_account(), make_contact("Jonas Vik")
    for minutes in range(7):
        happen(account, "login", hours=minutes / 60, contact=jonas.pk)
    happen(account, "ticket.opened", props={"subject": "x"})
    first = folds.events_of(account, NOW.date(), limit=5)
    rest = folds.events_of(account, NOW.date(), limit=5, before=first.older)
    assert [(len(page.events), page.older is None) for page in (first, rest)] == [(5, False), (2, True)]
    assert first.events[0][1] == "Jonas Vik"


def test_mallory_sees_no_entries_of_others(ada, mallory):
    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    busy(make_account(owner=ada), 3)
    assert stream.page(None, mallory, at=NOW).items == []
    assert len(stream.page(None, ada, at=NOW).items) == 4


def count(run) -> int:
    with CaptureQueriesContext(connection) as caught:
        run()
    return len(caught)


def test_one_line_and_a_hundred_cost_the_same(ada):
    account, jonas = make_account(), make_contact()
    happen(account, "ticket.opened", contact=jonas.pk, props={"subject": "x"})
    costs = [count(lambda: stream.page(account, ada, at=NOW)), count(lambda: stream.page(None, ada, at=NOW))]
    busy(account)
    for i in range(20):
        happen(make_account(f"A{i}"), "ticket.opened", props={"subject": "x"})
    assert [count(lambda: stream.page(account, ada, at=NOW)), count(lambda: stream.page(None, ada, at=NOW))] == costs
    assert max(costs) <= 6


# Writing


def test_a_call_is_an_event_an_entry_and_contact(ada):
    account, jonas = make_account(owner=ada), make_contact("Jonas Vik")
    written = stream.write(
        account, kind="call", text="Moves in December.\n\n[] Ask for Marte\n- [ ] Send offer", by=ada, at=NOW, contact=jonas
    )
    entry = TimelineEntry.objects.get(id=written.id)
    assert (entry.kind, entry.title, entry.body, entry.user_id) == ("call", "Call with Jonas Vik", "Moves in December.", ada.pk)
    assert [task.title for task in written.tasks] == ["Ask for Marte", "Send offer"]
    assert Task.objects.filter(assignee=ada, created_by=ada).count() == 2
    assert AccountState.objects.get(pk=account.pk).last_contact_at == NOW
    assert Event.objects.get(name="call.held").contact_id == jonas.pk


def test_a_note_is_no_contact_and_may_be_pinned(ada):
    account = make_account()
    stream.write(account, kind="note", text="Champion leaves", by=ada, at=NOW, pinned=True)
    assert AccountState.objects.get(pk=account.pk).last_contact_at is None
    assert [item.entry.title for item in stream.page(account, ada, at=NOW).pinned] == ["Note"]


def test_a_call_of_last_week_stands_at_its_time(ada):
    account = make_account()
    then = NOW - timedelta(days=7)
    stream.write(account, kind="call", text="x", by=ada, at=NOW, happened_at=then)
    assert TimelineEntry.objects.get(kind="call").at == then


@pytest.mark.parametrize(("kind", "text", "ahead"), [("note", " ", 0), ("poem", "x", 0), ("call", "x", 1), ("note", "x" * 20_001, 0)])
def test_what_cannot_be_written_is_refused_whole(ada, kind, text, ahead):
    account = make_account()
    with pytest.raises(composer.NothingWritten):
        stream.write(account, kind=kind, text=text, by=ada, at=NOW, happened_at=NOW + timedelta(days=ahead))
    assert not TimelineEntry.objects.exists()


def test_only_the_writer_edits_and_deletes_and_can_take_it_back(ada, bob):
    account = make_account()
    stream.write(account, kind="note", text="frist", by=ada, at=NOW)
    entry = TimelineEntry.objects.get(kind="note")
    with pytest.raises(composer.NotYours):
        stream.edit(entry, text="mine", by=bob, at=NOW)
    stream.edit(entry, text="first", by=ada, at=NOW)
    token = stream.delete(entry, by=ada, at=NOW)
    assert not TimelineEntry.objects.filter(kind="note").exists()
    for by, at in ((bob, NOW), (ada, NOW + timedelta(minutes=11))):
        with pytest.raises(composer.TooLate):
            stream.undo_delete(token, by=by, at=at)
    assert stream.undo_delete(token, by=ada, at=NOW + timedelta(minutes=1)) == account.pk
    assert TimelineEntry.objects.get(kind="note").body == "first"


def test_an_entry_of_a_machine_belongs_to_nobody(ada):
    account = make_account()
    happen(account, "ticket.opened", props={"subject": "x"})
    with pytest.raises(composer.NotYours):
        stream.delete(TimelineEntry.objects.get(), by=ada, at=NOW)
