"""Which days and instants a window covers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.conditions.durations import TICK, day_start, local_day
from customers.conditions.windows import Anchor, Edge, Span, Window, baselines, exact_span, parse_window, span


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(text: str) -> Window:
    found = parse_window(text)
    assert found
    return found


def seen(text: str, at: str, zone: str = "UTC") -> Span:
    return span(window(text), Anchor.of(utc(at), zone), zone)


def before(text: str, to: str, at: str, zone: str = "UTC") -> list[tuple[date | None, date]]:
    return [(each.first, each.until) for each in baselines(to, window(text), Anchor.of(utc(at), zone), zone)]


@pytest.mark.parametrize("text", ["30d", "2w", "720h", "90m", "calendar_month", "billing_period", "lifetime"])
def test_a_window_reads_and_writes_the_same(text: str) -> None:
    assert str(parse_window(text)) == text


@pytest.mark.parametrize("text", ["3bd", "30", "month", 30, None])
def test_what_is_no_window_is_none(text: object) -> None:
    assert parse_window(text) is None


def test_rolling_days_are_complete_and_leave_today_out() -> None:
    assert seen("30d", "2023-05-31T23:59") == Span(date(2023, 5, 1), date(2023, 5, 31))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "America/Sao_Paulo"])
@given(minutes=st.integers(-600_000, 600_000))
def test_a_window_has_exactly_its_days_everywhere(zone: str, minutes: int) -> None:
    at = utc("2018-06-01T00:00") + timedelta(minutes=minutes)
    found = span(window("30d"), Anchor.of(at, zone), zone)
    assert found.until - found.first == timedelta(days=30)
    assert found.until == local_day(at, zone)


def test_calendar_windows_are_the_last_closed_ones() -> None:
    assert seen("calendar_month", "2023-03-03T10:00") == Span(date(2023, 2, 1), date(2023, 3, 1))
    assert seen("calendar_quarter", "2023-02-10T10:00") == Span(date(2022, 10, 1), date(2023, 1, 1))


def test_a_month_to_date_has_today_up_to_now() -> None:
    found = seen("calendar_month_to_date", "2023-03-03T10:00", "Europe/Berlin")
    assert (found.first, found.until) == (date(2023, 3, 1), date(2023, 3, 3))
    assert found.edges == (Edge(utc("2023-03-02T23:00") - TICK, utc("2023-03-03T10:00")),)


def test_a_month_to_date_is_compared_with_the_same_days_of_the_month_before() -> None:
    (found,) = baselines("previous", window("calendar_month_to_date"), Anchor.of(utc("2023-03-31T10:00"), "UTC"), "UTC")
    assert (found.first, found.until, found.edges[0].upto) == (date(2023, 2, 1), date(2023, 2, 28), utc("2023-02-28T10:00"))


def test_the_window_before_ends_where_this_one_begins() -> None:
    assert before("30d", "previous", "2023-05-31T10:00") == [(date(2023, 4, 1), date(2023, 5, 1))]
    assert before("calendar_month", "previous", "2023-03-03T10:00") == [(date(2023, 1, 1), date(2023, 2, 1))]


def test_the_three_before_follow_each_other() -> None:
    assert before("1w", "average_of_previous_3", "2023-05-31T10:00") == [
        (date(2023, 5, 17), date(2023, 5, 24)),
        (date(2023, 5, 10), date(2023, 5, 17)),
        (date(2023, 5, 3), date(2023, 5, 10)),
    ]


def test_last_year_of_29_february_is_28_february() -> None:
    assert before("7d", "same_period_last_year", "2024-02-29T10:00") == [(date(2023, 2, 21), date(2023, 2, 28))]


def test_a_day_of_23_hours_is_one_day() -> None:
    found = seen("1d", "2023-03-27T06:00", "Europe/Berlin")
    assert day_start(found.until, "Europe/Berlin") - day_start(found.first, "Europe/Berlin") == timedelta(hours=23)


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_an_exact_span_is_cut_without_gap_or_overlap(age: int, length: int) -> None:
    upto = utc("2023-11-20T00:00") - timedelta(minutes=age)
    found = exact_span(upto - timedelta(minutes=length), upto, "Europe/Berlin")
    whole = day_start(found.until, "Europe/Berlin") - day_start(found.first, "Europe/Berlin")
    assert sum((edge.upto - edge.after for edge in found.edges), timedelta()) + whole == timedelta(minutes=length)
