"""Periods: month ends from the anchor, leap years, zones, and that they tile time."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.facts import Cycle, Interval
from billing.engine.schedule import border, clip, day_start, longest, period_containing, schedule
from tests.billing.engine.facts import at

GOLDEN = [
    ("31 January, into a leap year", "2023-12-31", "month", 1, ["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
    ("31 January, ordinary year", "2025-01-31", "month", 1, ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]),
    ("30 January", "2025-01-30", "month", 1, ["2025-01-30", "2025-02-28", "2025-03-30"]),
    ("29 February each year", "2024-02-29", "year", 1, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
    ("quarters from 30 November", "2024-11-30", "quarter", 1, ["2024-11-30", "2025-02-28", "2025-05-30", "2025-08-30", "2025-11-30"]),
    ("every second week", "2025-03-20", "week", 2, ["2025-03-20", "2025-04-03", "2025-04-17"]),
    ("every ten days", "2025-02-25", "day", 10, ["2025-02-25", "2025-03-07", "2025-03-17"]),
    ("half a year", "2025-08-31", "month", 6, ["2025-08-31", "2026-02-28", "2026-08-31"]),
]


@pytest.mark.parametrize(("why", "anchor", "unit", "every", "days"), GOLDEN)
def test_borders_are_clamped_from_the_anchor(why, anchor, unit, every, days):
    cycle = Cycle(date.fromisoformat(anchor), Interval(unit, every))

    assert [border(cycle, n).isoformat() for n in range(len(days))] == days


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Pacific/Kiritimati", "2025-06-01", "2025-05-31T10:00"),  # +14
        ("Pacific/Pago_Pago", "2025-06-01", "2025-06-01T11:00"),  # -11
        ("Europe/Berlin", "2025-03-30", "2025-03-29T23:00"),
        ("Europe/Berlin", "2025-03-31", "2025-03-30T22:00"),
        ("Europe/Berlin", "2025-10-26", "2025-10-25T22:00"),
        ("Europe/Berlin", "2025-10-27", "2025-10-26T23:00"),
        ("America/Santiago", "2025-09-07", "2025-09-07T04:00"),  # this midnight does not exist
        ("America/Havana", "2025-11-02", "2025-11-02T04:00"),
    ],
)
def test_a_day_starts_at_its_first_local_moment(zone, day, instant):
    assert day_start(date.fromisoformat(day), zone) == at(instant)


def test_a_day_with_a_clock_change_has_23_or_25_hours():
    cycle = Cycle(date(2025, 3, 29), Interval("day"), "Europe/Berlin")

    hours = [(p.end - p.start) / timedelta(hours=1) for p in schedule(cycle, since=at("2025-03-29"), until=at("2025-03-31"))]

    assert hours == [24, 23, 24]


def test_days_before_the_anchor_lie_in_a_period_too():
    period = period_containing(Cycle(date(2012, 1, 30), Interval("month")), date(2011, 12, 5))

    assert (period.number, period.first, period.end_day) == (-2, date(2011, 11, 30), date(2011, 12, 30))


def test_a_skipped_calendar_day_makes_an_empty_period_not_a_gap():
    cycle = Cycle(date(2011, 12, 29), Interval("day"), "Pacific/Apia")

    periods = list(schedule(cycle, since=at("2011-12-29T10:00"), until=at("2012-01-01")))

    assert all(before.end == after.start for before, after in pairwise(periods))


def test_clipping_gives_the_day_of_a_change_to_what_follows():
    period = period_containing(Cycle(date(2025, 6, 1), Interval("month"), "Europe/Berlin"), date(2025, 6, 10))

    used = clip(period, "Europe/Berlin", at("2025-06-01"), at("2025-06-21T15:30", "Europe/Berlin"))
    rest = clip(period, "Europe/Berlin", at("2025-06-21T15:30", "Europe/Berlin"), None)

    assert (used.first, used.end_day) == (date(2025, 6, 1), date(2025, 6, 21))
    assert (rest.first, rest.end_day) == (date(2025, 6, 21), date(2025, 7, 1))
    assert used.end == rest.start


ZONES = ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Santiago", "Africa/Cairo", "Asia/Kolkata"]
cycles = st.builds(
    Cycle,
    st.dates(date(2015, 1, 1), date(2030, 12, 31)),
    st.builds(Interval, st.sampled_from(["day", "week", "month", "quarter", "year"]), st.integers(1, 13)),
    st.sampled_from(ZONES),
)
instants = st.integers(0, 790_000_000).map(lambda seconds: at("2010-01-01") + timedelta(seconds=seconds))


@given(cycles, instants, st.integers(0, 900))
def test_periods_tile_time_for_any_anchor_interval_and_zone(cycle, since, days):
    until = since + timedelta(days=days, seconds=1)

    periods = list(schedule(cycle, since=since, until=until))

    assert periods[0].start <= since < periods[0].end
    assert periods[-1].start < until <= periods[-1].end
    assert all(a.end == b.start and a.end_day == b.first and a.number + 1 == b.number for a, b in pairwise(periods))
    assert all(p.end - p.start <= longest(cycle.interval) for p in periods)
