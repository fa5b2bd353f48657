"""Keyset lists: every row exactly once in both directions, unknown values last, bad parameters named."""

from contextlib import suppress

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from crm.lib.listing import Column, Listing, choice, decode_cursor, encode_cursor, flag, on_day, text, whole
from crm.models import Job
from tests.factories import NOW

COLUMNS = [
    Column("kind", "Kind", sort="kind"),
    Column("total", "Total", sort="total", numeric=True, nullable=True, first="-"),
    Column("error", "Error"),
]
FILTERS = [
    text("q", "Search", lambda rows, value: rows.filter(kind__startswith=value)),
    choice("state", "State", [("done", "Done")], lambda rows, value: rows.filter(state=value)),
    whole("least", "At least", lambda rows, value: rows.filter(total__gte=value)),
    flag("known", "Known", lambda rows, value: rows.filter(total__isnull=not value)),
    on_day("since", "Since", lambda rows, value: rows.filter(created_at__date__gte=value)),
]
LISTING = Listing(COLUMNS, default="kind", filters=FILTERS, size=3)
TOTALS = [5, None, 5, 1, None, 9, 5, 0, None, 2]


@pytest.fixture
def jobs(db: None) -> list[Job]:
    return Job.objects.bulk_create(Job(kind=f"k{index % 4}", total=total, created_at=NOW) for index, total in enumerate(TOTALS))


def page(query: str = ""):
    return LISTING.page(Job.objects.all(), QueryDict(query.removeprefix("?")))


def walk(query: str, way: str) -> list[list[int]]:
    found = [page(query)]
    while link := getattr(found[-1], way):
        found.append(page(link))
    return [[row.pk for row in one.rows] for one in found]


@pytest.mark.parametrize("sort", ["kind", "-kind", "total", "-total"])
def test_walking_down_and_up_shows_every_row_once_in_the_same_order(jobs, sort: str) -> None:
    down = walk(f"sort={sort}", "older")
    assert sorted(pk for part in down for pk in part) == sorted(job.pk for job in jobs)
    last = f"?sort={sort}"
    while link := page(last).older:
        last = link
    up = [[row.pk for row in page(last).rows], *walk(page(last).newer, "newer")]
    assert [pk for part in reversed(up) for pk in part] == [pk for part in down for pk in part]


@pytest.mark.parametrize("sort", ["total", "-total"])
def test_unknown_values_stand_last_either_way(jobs, sort: str) -> None:
    by_pk = {job.pk: job.total for job in jobs}
    order = [by_pk[pk] for part in walk(f"sort={sort}", "older") for pk in part]
    assert order[-3:] == [None, None, None]
    assert order[:7] == sorted(order[:7], reverse=sort.startswith("-"))


def test_a_page_is_one_query(jobs, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        page("sort=-total")


def test_bad_parameters_are_named_and_skipped(jobs) -> None:
    found = page("sort=colour&state=blue&least=many&since=soon&known=2&after=rubbish")
    assert len(found.problems) == 6
    assert len(found.rows) == 3
    assert found.active == []


def test_a_cursor_of_another_sort_starts_at_the_beginning(jobs) -> None:
    older = page("sort=kind").older.replace("sort=kind", "sort=total")
    assert "not valid" in page(older).problems[0]


def test_filters_narrow_and_can_be_taken_away_one_by_one(jobs) -> None:
    found = page("q=k1&least=1&sort=-total")
    assert {row.kind for row in found.rows} == {"k1"}
    assert [active.query for active in found.active] == ["?least=1&sort=-total", "?q=k1&sort=-total"]
    assert found.cleared == "?sort=-total"


@pytest.mark.django_db
def test_heads_say_how_the_list_is_sorted() -> None:
    heads = {head.column.key: head for head in page("sort=-total").heads}
    assert (heads["total"].aria_sort, heads["total"].query) == ("descending", "?sort=total")
    assert (heads["kind"].aria_sort, heads["kind"].query) == ("none", "?sort=kind")
    assert heads["error"].aria_sort == ""


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.integers(-(2**60), 2**60),
            st.text(),
            st.datetimes(),
            st.dates(),
            st.decimals(allow_nan=False, allow_infinity=False),
        )
    )
)
def test_cursors_come_back_as_they_went(parts: list) -> None:
    assert decode_cursor(encode_cursor(*parts)) == parts


@given(st.text())
def test_no_text_breaks_the_reading_of_a_cursor(token: str) -> None:
    with suppress(ValueError):
        decode_cursor(token)
