"""The diff that drafts lines: what is owed and not yet written, whenever it is asked."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.facts import Proration
from billing.engine.invoicing import draft, next_due
from tests.billing.engine.facts import at, history, item, price, run_daily, written


def amounts(missing):
    return [(line.kind, line.first.isoformat(), line.end_day.isoformat(), line.amount) for line in missing]


def test_in_advance_a_period_is_owed_when_it_starts():
    facts = history(item(since=at("2025-01-31T12:00")))

    assert amounts(draft(facts, [], at=at("2025-02-27"))) == [("period", "2025-01-31", "2025-02-28", 6000)]
    assert amounts(draft(facts, [], at=at("2025-02-28"))) == [
        ("period", "2025-01-31", "2025-02-28", 6000),
        ("period", "2025-02-28", "2025-03-31", 6000),
    ]


def test_in_arrears_a_period_is_owed_when_it_is_over():
    facts = history(item(since=at("2025-01-10"), cost=price(in_advance=False)))

    assert draft(facts, [], at=at("2025-02-09T23:59")) == []
    assert amounts(draft(facts, [], at=at("2025-02-10"))) == [("period", "2025-01-10", "2025-02-10", 6000)]


def test_nothing_is_owed_before_the_trial_ends():
    facts = history(item(since=at("2025-01-01")), billed_from=at("2025-01-15"))

    assert draft(facts, [], at=at("2025-01-14T23:59")) == []
    assert amounts(draft(facts, [], at=at("2025-01-15"))) == [("period", "2025-01-15", "2025-02-15", 6000)]


def test_nothing_is_owed_from_the_end_on():
    facts = history(item(since=at("2025-01-01")), ends_at=at("2025-03-01"))

    assert amounts(draft(facts, [], at=at("2025-06-01")))[-1] == ("period", "2025-02-01", "2025-03-01", 6000)


def test_a_downgrade_on_the_21st_credits_ten_days_and_charges_ten():
    before = history(item(1, since=at("2025-04-01")))
    paid = written(draft(before, [], at=at("2025-04-01")))
    after = history(
        item(1, since=at("2025-04-01"), until=at("2025-04-21T09:00")),
        item(2, since=at("2025-04-21T09:00"), cost=price("3000")),
    )

    missing = draft(after, paid, at=at("2025-04-21T09:00"))

    assert amounts(missing) == [("correction", "2025-04-21", "2025-05-01", -2000), ("period", "2025-04-21", "2025-05-01", 1000)]
    assert missing[0].corrects == paid[0].id


def test_two_changes_on_one_day_leave_only_the_last():
    day = "2025-04-21"
    facts = history(
        item(1, since=at("2025-04-01"), until=at(f"{day}T09:00")),
        item(2, since=at(f"{day}T09:00"), until=at(f"{day}T15:00"), cost=price("9000")),
        item(3, since=at(f"{day}T15:00"), cost=price("3000")),
    )

    assert amounts(draft(facts, [], at=at(f"{day}T15:00"))) == [
        ("period", "2025-04-01", "2025-04-21", 4000),
        ("period", "2025-04-21", "2025-05-01", 1000),
    ]


def test_a_change_taken_back_corrects_the_correction():
    first = history(item(1, since=at("2025-04-01")))
    paid = written(draft(first, [], at=at("2025-04-01")))
    cut = history(item(1, since=at("2025-04-01"), until=at("2025-04-21")))
    paid += written(draft(cut, paid, at=at("2025-04-21")), iter([99]))

    again = draft(first, paid, at=at("2025-04-22"))

    assert [(line.amount, line.corrects, line.cause) for line in again] == [(2000, paid[0].id, "change 2")]
    assert amounts(again) == [("correction", "2025-04-21", "2025-05-01", 2000)]


def test_without_proration_a_change_costs_nothing_until_the_next_period():
    none = Proration("none")
    facts = history(
        item(1, since=at("2025-04-01"), until=at("2025-04-21"), cost=price(proration=none)),
        item(2, since=at("2025-04-21"), cost=price("9000", proration=none)),
    )

    assert amounts(draft(facts, [], at=at("2025-05-01"))) == [
        ("period", "2025-04-01", "2025-04-21", 6000),
        ("period", "2025-04-21", "2025-05-01", 0),
        ("period", "2025-05-01", "2025-06-01", 9000),
    ]


def test_an_ended_item_billed_ahead_is_credited_in_full():
    monthly = history(item(1, since=at("2025-04-01")))
    paid = written(draft(monthly, [], at=at("2025-05-01")))
    moved_back = history(item(1, since=at("2025-04-01"), until=at("2025-04-16")))

    assert [line.amount for line in draft(moved_back, paid, at=at("2025-05-02"))] == [-3000, -6000]


def test_a_voided_line_is_owed_again():
    facts = history(item(1, since=at("2025-04-01")))
    paid = written(draft(facts, [], at=at("2025-06-01")))

    assert amounts(draft(facts, [paid[0], paid[2]], at=at("2025-06-01"))) == [("period", "2025-05-01", "2025-06-01", 6000)]


def test_what_is_settled_is_left_alone():
    facts = history(item(1, since=at("2025-01-01")))
    since = at("2025-06-15")

    assert amounts(draft(facts, [], at=at("2025-07-01"), since=since)) == [
        ("period", "2025-06-01", "2025-07-01", 6000),
        ("period", "2025-07-01", "2025-08-01", 6000),
    ]


def test_the_customers_midnight_decides():
    facts = history(item(since=at("2025-06-01T00:00", "Pacific/Kiritimati")), zone="Pacific/Kiritimati")

    assert len(draft(facts, [], at=at("2025-06-30T09:59"))) == 1
    assert len(draft(facts, [], at=at("2025-06-30T10:00"))) == 2


def test_the_next_due_instant_is_the_next_border():
    flat = history(item(since=at("2025-01-31")))
    arrears = history(item(since=at("2025-01-31"), until=at("2025-02-10T12:00"), cost=price(in_advance=False)))

    assert next_due(flat, at=at("2025-02-28")) == at("2025-03-31")
    assert next_due(arrears, at=at("2025-02-01")) == at("2025-02-10T12:00")
    assert next_due(history(item(since=at("2025-01-01")), ends_at=at("2025-02-01")), at=at("2025-01-05")) is None


days = st.integers(0, 700)
costs = st.builds(
    price,
    st.sampled_from(["6000", "1999", "0"]),
    model=st.sampled_from(["flat", "unit"]),
    unit=st.sampled_from(["week", "month", "quarter", "year"]),
    every=st.integers(1, 3),
    in_advance=st.booleans(),
)


@st.composite
def histories(draw):
    """A subscription with up to four changes in plan or quantity, one after the other."""
    start = at("2024-01-01T08:00") + timedelta(days=draw(st.integers(0, 60)))
    changes = sorted(draw(st.lists(st.integers(1, 500), max_size=3)))
    moments = [start, *(start + timedelta(days=n) for n in changes)]
    items = [
        item(n, since=since, until=until, quantity=draw(st.integers(0, 9)), cost=draw(costs))
        for n, (since, until) in enumerate(pairwise([*moments, None]), start=1)
    ]
    ends = draw(st.none() | st.integers(1, 700))
    zone = draw(st.sampled_from(["UTC", "Pacific/Kiritimati", "America/Santiago"]))
    return history(*items, zone=zone, ends_at=start + timedelta(days=ends) if ends else None)


@given(histories(), days)
@settings(max_examples=60, deadline=None)
def test_running_twice_equals_running_once(facts, late):
    now = facts.billed_from + timedelta(days=late)
    billed = written(draft(facts, [], at=now))

    assert draft(facts, billed, at=now) == []


@given(histories(), days)
@settings(max_examples=40, deadline=None)
def test_daily_runs_equal_one_late_run_line_for_line(facts, late):
    every_day = [facts.billed_from + timedelta(days=n) for n in range(late + 1)]

    daily, _ = run_daily(facts, every_day)

    assert daily == draft(facts, [], at=every_day[-1])


@given(histories(), days, days)
@settings(max_examples=60, deadline=None)
def test_after_a_run_nothing_is_missing_before_the_next_due_instant(facts, late, wait):
    now = facts.billed_from + timedelta(days=late)
    billed = written(draft(facts, [], at=now))
    due = next_due(facts, at=now)
    later = now + timedelta(days=wait)
    if due is None or due > later:
        assert draft(facts, billed, at=later) == []
    else:
        assert draft(facts, billed, at=due - timedelta(seconds=1)) == []


@given(histories(), days, days)
@settings(max_examples=60, deadline=None)
def test_leaving_out_what_is_settled_changes_nothing(facts, late, wait):
    now = facts.billed_from + timedelta(days=late)
    billed = written(draft(facts, [], at=now))
    later = now + timedelta(days=wait)

    assert draft(facts, billed, at=later, since=now) == draft(facts, billed, at=later)
