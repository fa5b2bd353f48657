"""Durations across changes of the clock, in far zones and over leap days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.conditions.durations import TICK, Duration, add, back, cutoff, day_start, parse_duration, resolve, shift_day, shift_months

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lasting(text: str) -> Duration:
    found = parse_duration(text)
    assert found
    return found


@pytest.mark.parametrize("text", ["1m", "48h", "30d", "2w", "3bd", "9999d"])
def test_a_duration_reads_and_writes_the_same(text: str) -> None:
    assert str(parse_duration(text)) == text


@pytest.mark.parametrize("text", ["0d", "d", "1.5d", "10000d", "3 d", "", 3, None, "1y", "-1d"])
def test_what_is_no_duration_is_none(text: object) -> None:
    assert parse_duration(text) is None


def test_a_day_keeps_the_wall_time_when_the_clock_goes_forward() -> None:
    assert add(utc("2023-03-25T11:00"), lasting("1d"), BERLIN) == utc("2023-03-26T10:00")
    assert add(utc("2023-03-25T11:00"), lasting("24h"), BERLIN) == utc("2023-03-26T11:00")


def test_a_wall_time_that_does_not_exist_becomes_the_end_of_the_gap() -> None:
    assert add(utc("2023-03-25T01:30"), lasting("1d"), BERLIN) == utc("2023-03-26T01:00")


def test_a_repeated_wall_time_means_the_first() -> None:
    assert add(utc("2023-10-28T00:30"), lasting("1d"), BERLIN) == utc("2023-10-29T00:30")
    assert back(utc("2023-10-30T01:30"), lasting("1d"), BERLIN) == utc("2023-10-29T00:30")


def test_business_days_skip_the_weekend() -> None:
    friday = date(2023, 5, 5)
    assert shift_day(friday, lasting("1bd")) == date(2023, 5, 8)
    assert shift_day(friday, lasting("6bd")) == date(2023, 5, 15)
    assert shift_day(date(2023, 5, 8), lasting("1bd"), -1) == friday


def test_months_end_on_the_last_day_of_a_shorter_one() -> None:
    assert shift_months(date(2024, 2, 29), -12) == date(2023, 2, 28)
    assert shift_months(date(2023, 3, 31), -1) == date(2023, 2, 28)
    assert shift_months(date(2023, 12, 31), 2) == date(2024, 2, 29)


def test_a_day_that_begins_in_a_gap_begins_at_its_end() -> None:
    assert day_start(date(2018, 11, 4), "America/Sao_Paulo") == utc("2018-11-04T03:00")


def test_far_zones_have_their_own_days() -> None:
    assert day_start(date(2023, 1, 1), "Pacific/Kiritimati") == utc("2022-12-31T10:00")
    assert day_start(date(2023, 1, 1), "Pacific/Pago_Pago") == utc("2023-01-01T11:00")


def test_a_gap_of_a_whole_day_is_skipped() -> None:
    assert resolve(datetime(2011, 12, 30, 12), "Pacific/Apia") == utc("2011-12-30T10:00")  # noqa: DTZ001


ZONES = st.sampled_from([BERLIN, "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Sao_Paulo", "UTC"])
NEAR = st.integers(-400_000, 400_000).map(lambda minutes: utc("2018-06-01T00:00") + timedelta(minutes=minutes))


@given(NEAR, ZONES, st.sampled_from(["1d", "2d", "14d", "1w", "90m", "36h", "1bd", "3bd"]))
def test_the_cutoff_is_the_last_instant_that_lies_so_far_back(at: datetime, zone: str, text: str) -> None:
    border = cutoff(at, (lasting(text),), zone)
    assert add(border, lasting(text), zone) <= at
    for minutes in (1, 30, 90, 600, 3000):
        assert add(border - timedelta(minutes=minutes), lasting(text), zone) <= at
    if lasting(text).unit != "bd":
        assert add(border + timedelta(hours=2), lasting(text), zone) > at


def test_the_cutoff_is_exact_to_the_microsecond_on_ordinary_days() -> None:
    at = utc("2023-05-20T10:00")
    assert cutoff(at, (lasting("14d"),), BERLIN) == utc("2023-05-06T10:00")
    assert add(utc("2023-05-06T10:00") + TICK, lasting("14d"), BERLIN) > at


def test_grace_is_added_after_the_days() -> None:
    assert cutoff(utc("2023-03-27T10:00"), (lasting("1d"), lasting("12h")), BERLIN) == utc("2023-03-25T23:00")
