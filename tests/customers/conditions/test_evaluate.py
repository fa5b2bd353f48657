"""What each node means, in memory: truths, limits, causes of the unknown, and what was known when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from customers.conditions.evaluate import Verdict, evaluate
from customers.conditions.facts import AccountFacts, Change, EventFact, Setting
from customers.conditions.measures import evaluate_measure, parse_measure
from customers.conditions.parse import parse
from customers.conditions.values import Known, Unknown

TRUE, FALSE = Verdict(truth=True), Verdict(truth=False)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


AT = utc("2023-05-31T06:00")


def unknown(cause: str) -> Verdict:
    return Verdict(None, cause)


def event(text: str, name: str = "login", quantity: str = "1", **fields: object) -> EventFact:
    at = utc(text)
    return EventFact(name, at, fields.pop("known_at", at), Decimal(quantity), id=text, **fields)


def trait(value: object, since: str = "2023-01-01T00:00", known: str = "") -> tuple[Change, ...]:
    return (Change(value, utc(since), utc(known or since)),)


def facts(*events: EventFact, started: str = "2020-01-01T00:00", setting: Setting | None = None, **traits: object) -> AccountFacts:
    changes = {path.replace("__", "."): value if isinstance(value, tuple) else trait(value) for path, value in traits.items()}
    return AccountFacts(1, utc(started), changes, events, {}, setting or Setting())


def judge(doc: dict, account: AccountFacts, at: datetime = AT, **options: object) -> Verdict:
    return evaluate(parse(doc, run_scope=True), account, at, **options)


# Three values

LEAVES = {
    True: {"field": "a", "eq": 1},
    False: {"field": "a", "eq": 2},
    None: {"field": "b", "eq": 1},
}
KLEENE_AND = {(True, True): True, (True, None): None, (None, None): None}
KLEENE_OR = {(False, False): False, (False, None): None, (None, None): None}


@pytest.mark.parametrize(("left", "right"), list(product([True, False, None], repeat=2)))
def test_all_and_any_follow_kleene(left: bool | None, right: bool | None) -> None:
    account, parts = facts(a=1), [LEAVES[left], LEAVES[right]]
    pair = (left, right) if (left, right) in KLEENE_AND else (right, left)
    assert judge({"all": parts}, account).truth is KLEENE_AND.get(pair, False)
    pair = (left, right) if (left, right) in KLEENE_OR else (right, left)
    assert judge({"any": parts}, account).truth is KLEENE_OR.get(pair, True)


def test_not_unknown_is_unknown_with_the_same_cause() -> None:
    assert judge({"not": LEAVES[None]}, facts(a=1)) == unknown("no_value")
    assert judge({"not": LEAVES[True]}, facts(a=1)) == FALSE


# Fields


@pytest.mark.parametrize(
    ("value", "test", "expected"),
    [
        (5, {"gte": 5}, TRUE),
        (5, {"gt": 5}, FALSE),
        (0.1, {"eq": 0.1}, TRUE),
        ("5", {"gte": 5}, unknown("wrong_type")),
        (float("inf"), {"gte": 5}, unknown("wrong_type")),
        (True, {"eq": 1}, unknown("wrong_type")),
        (1, {"eq": True}, unknown("wrong_type")),
        (False, {"eq": False}, TRUE),
        ("red", {"in": ["red", "amber"]}, TRUE),
        ("red", {"not_in": ["red"]}, FALSE),
        (["a", "b"], {"contains": "a"}, TRUE),
        ("abc", {"contains": "bc"}, TRUE),
        (7, {"contains": "7"}, unknown("wrong_type")),
        ("2023-05-31", {"gte": "2023-05-31"}, TRUE),
        ("2023-05-30T23:00:00Z", {"gte": "2023-05-31"}, FALSE),
        ("soon", {"gte": "2023-05-31"}, unknown("wrong_type")),
        (None, {"eq": 1}, unknown("no_value")),
        (None, {"exists": False}, TRUE),
        (5, {"exists": False}, FALSE),
        (5, {"gte": 1, "lt": 5}, FALSE),
    ],
)
def test_a_field_is_compared_with_limits_of_its_own_type(value: object, test: dict, expected: Verdict) -> None:
    assert judge({"field": "x", **test}, facts(x=value)) == expected


def test_a_field_that_never_had_a_value_exists_not() -> None:
    assert judge({"field": "x", "exists": True}, facts()) == FALSE
    assert judge({"field": "x", "eq": 1}, facts()) == unknown("no_value")


def test_before_its_first_known_change_a_field_has_no_history() -> None:
    account = facts(x=trait(5, since="2023-05-01T00:00", known="2023-05-20T00:00"))
    assert judge({"field": "x", "eq": 5}, account, utc("2023-05-19T23:59")) == unknown("no_history_before")
    assert judge({"field": "x", "eq": 5}, account, utc("2023-05-20T00:00")) == TRUE


def test_the_newest_change_counts_and_a_late_older_one_does_not_replace_it() -> None:
    changes = (
        *trait("green", "2023-05-01T00:00"),
        *trait("red", "2023-05-10T00:00"),
        *trait("amber", "2023-05-05T00:00", "2023-05-20T00:00"),
    )
    account = facts(health=changes)
    assert judge({"field": "health", "eq": "green"}, account, utc("2023-05-06T00:00")) == TRUE
    assert judge({"field": "health", "eq": "red"}, account, utc("2023-05-25T00:00")) == TRUE


EUROS = Setting("UTC", "USD", {"EUR": ((utc("2023-01-01T00:00").date(), Decimal("1.1")), (utc("2023-05-01T00:00").date(), Decimal("1.2")))})


def test_money_is_compared_in_the_reporting_currency_at_the_rate_of_its_day() -> None:
    money = {"minor": 100000, "currency": "EUR"}
    old, new = facts(arr=trait(money, "2023-02-01T00:00"), setting=EUROS), facts(arr=trait(money, "2023-05-02T00:00"), setting=EUROS)
    assert judge({"field": "arr", "gte": 1200}, old) == FALSE
    assert judge({"field": "arr", "gte": 1200}, new) == TRUE
    assert judge({"field": "arr", "gte": 1000, "currency": "EUR"}, old) == TRUE


def test_money_without_a_rate_is_unknown() -> None:
    assert judge({"field": "arr", "gte": 1}, facts(arr={"minor": 100, "currency": "GBP"}, setting=EUROS)) == unknown("no_rate")
    before = facts(arr=trait({"minor": 100, "currency": "EUR"}, "2022-12-31T23:00"), setting=EUROS)
    assert judge({"field": "arr", "gte": 1}, before) == unknown("no_rate")


def test_a_currency_without_cents_is_not_a_hundred_times_too_small() -> None:
    assert judge({"field": "arr", "eq": 5000, "currency": "JPY"}, facts(arr={"minor": 5000, "currency": "JPY"})) == TRUE


# Windows and falls

FALL = {"compare": {"metric": "login", "window": "30d", "to": "previous", "baseline": {"gte": 8}, "drop_pct": {"gte": 60}}}


def logins(before: int, now: int) -> list[EventFact]:
    past = [event(f"2023-04-{day + 1:02}T12:00") for day in range(before)]
    return past + [event(f"2023-05-{day + 1:02}T12:00") for day in range(now)]


@pytest.mark.parametrize(
    ("before", "now", "expected"), [(10, 2, TRUE), (10, 4, TRUE), (10, 5, FALSE), (8, 3, TRUE), (7, 0, FALSE), (0, 0, FALSE)]
)
def test_ten_logins_then_two_is_a_fall(before: int, now: int, expected: Verdict) -> None:
    assert judge(FALL, facts(*logins(before, now))) == expected


def test_one_to_none_is_a_fall_only_without_a_baseline() -> None:
    low = {"compare": {**FALL["compare"], "baseline": {"gte": 1}}}
    assert judge(low, facts(*logins(1, 0))) == TRUE
    assert judge(FALL, facts(*logins(1, 0))) == FALSE


def test_today_is_not_counted() -> None:
    account = facts(*logins(10, 2), event("2023-05-31T01:00"), event("2023-05-31T02:00"), event("2023-05-31T03:00"))
    assert judge(FALL, account) == TRUE


def test_on_the_third_of_a_month_nobody_has_fallen() -> None:
    daily = [event(f"2023-{month:02}-{day:02}T12:00") for month in (2, 3, 4, 5) for day in range(1, 29)]
    for window in ("30d", "calendar_month", "calendar_month_to_date"):
        doc = {"compare": {**FALL["compare"], "window": window}}
        assert judge(doc, facts(*daily), utc("2023-05-03T13:00")) == FALSE


def test_a_percentage_of_nothing_is_unknown_but_a_missed_baseline_decides() -> None:
    rise = {"compare": {"metric": "login", "window": "30d", "to": "previous", "rise_pct": {"gte": 10}}}
    assert judge(rise, facts(*logins(0, 5))) == unknown("zero_baseline")
    assert judge({"compare": {**rise["compare"], "baseline": {"gte": 8}}}, facts(*logins(0, 5))) == FALSE


@pytest.mark.parametrize(("started", "expected"), [("2023-04-01T23:59", TRUE), ("2023-04-02T00:00", unknown("short_history"))])
def test_an_account_must_be_as_old_as_what_is_read(started: str, expected: Verdict) -> None:
    assert judge(FALL, facts(*logins(10, 2), started=started)) == expected


def test_a_longer_history_can_be_asked_for() -> None:
    doc = {"compare": {**FALL["compare"], "min_history": "90d"}}
    assert judge(doc, facts(*logins(10, 2), started="2023-03-15T00:00")) == unknown("short_history")


def test_the_average_of_three_windows_is_not_rounded() -> None:
    past = [event(f"2023-05-{day:02}T12:00") for day in (20, 21, 10)]
    doc = {
        "compare": {
            "metric": "login",
            "window": "7d",
            "to": "average_of_previous_3",
            "drop_pct": {"gte": 100},
            "baseline": {"gte": 1, "lte": 1},
        }
    }
    assert judge(doc, facts(*past)) == TRUE


def test_an_exact_window_is_open_at_its_start_and_closed_at_its_end() -> None:
    doc = {"metric": "login", "window": "24h", "agg": "count", "is": {"eq": 1}}
    assert judge(doc, facts(event("2023-05-30T06:00"), event("2023-05-31T06:00"))) == TRUE


@pytest.mark.parametrize(
    ("agg", "value"),
    [("sum", 6), ("count", 3), ("min", 1), ("max", 3), ("avg", 2), ("last", 2), ("active_days", 2), ("distinct", 2)],
)
def test_every_aggregate_means_what_it_says(agg: str, value: int) -> None:
    account = facts(
        event("2023-05-20T10:00", quantity="3", contact_id=7),
        event("2023-05-20T11:00", quantity="1"),
        event("2023-05-22T10:00", quantity="2", contact_id=8),
    )
    assert judge({"metric": "login", "agg": agg, "window": "30d", "is": {"eq": value}}, account) == TRUE


def test_nothing_is_zero_but_has_no_average() -> None:
    none = {"metric": "login", "window": "30d", "is": {"lt": 3}}
    assert judge(none, facts()) == TRUE
    assert judge({**none, "agg": "avg"}, facts()) == unknown("no_value")
    assert judge({**none, "missing": "unknown"}, facts()) == unknown("no_value")
    assert judge({**none, "missing": "unknown"}, facts(event("2022-01-01T00:00"))) == TRUE


def test_an_offset_looks_at_an_earlier_window() -> None:
    doc = {"metric": "login", "window": "7d", "offset": "7d", "is": {"eq": 1}}
    assert judge(doc, facts(event("2023-05-23T23:59"), event("2023-05-24T00:00"))) == TRUE


def test_a_late_event_counts_from_the_instant_it_is_known() -> None:
    late = event("2023-05-20T10:00", known_at=utc("2023-05-29T00:00"))
    doc = {"happened": "login", "window": "30d"}
    assert judge(doc, facts(late), utc("2023-05-28T23:00")) == FALSE
    assert judge(doc, facts(late), utc("2023-05-29T00:00")) == TRUE
    assert judge(doc, facts(replace(late, attributed_at=utc("2023-05-30T00:00"))), utc("2023-05-29T00:00")) == FALSE


def test_three_strikes_are_counted_over_exact_hours() -> None:
    strikes = {"happened": "incident.resolved", "where": {"severity": {"in": ["sev1", "sev2"]}}, "window": "720h", "count": {"gte": 3}}
    three = [
        event(text, "incident.resolved", props={"severity": "sev1"})
        for text in ("2023-05-01T06:01", "2023-05-10T00:00", "2023-05-31T05:00")
    ]
    assert judge(strikes, facts(*three)) == TRUE
    assert judge(strikes, facts(*three), AT + timedelta(minutes=1)) == FALSE
    assert judge(strikes, facts(*three[1:], event("2023-05-20T00:00", "incident.resolved", props={"severity": "sev3"}))) == FALSE


@pytest.mark.parametrize(
    ("test", "props", "holds"),
    [
        ("pro", {"plan": "pro"}, True),
        ({"ne": "pro"}, {}, False),
        ({"ne": "pro"}, {"plan": "free"}, True),
        ({"gte": 3}, {"plan": "4"}, False),
        (None, {}, True),
        (None, {"plan": None}, True),
        ({"exists": True}, {"plan": None}, False),
        ({"exists": False}, {}, True),
        (True, {"plan": 1}, False),
        ({"starts_with": "pr"}, {"plan": "pro"}, True),
    ],
)
def test_a_missing_property_passes_no_test_but_exists(test: object, props: dict, holds: bool) -> None:
    account = facts(event("2023-05-30T00:00", props=props))
    assert judge({"happened": "login", "window": "30d", "where": {"plan": test}}, account) == Verdict(holds)


# Usage


def calls(text: str, quantity: int) -> EventFact:
    return event(text, "api_call", str(quantity))


USAGE = {"metric": "api_call", "allowance": "plan.allowance.api_call"}


@pytest.mark.parametrize(("used", "pct", "expected"), [(90, {"gte": 90}, TRUE), (89, {"gte": 90}, FALSE), (130, {"gt": 100}, TRUE)])
def test_usage_counts_today_and_starts_with_the_period(used: int, pct: dict, expected: Verdict) -> None:
    account = facts(
        calls("2023-05-09T23:00", 500),
        calls("2023-05-10T00:00", used - 1),
        calls("2023-05-31T05:59", 1),
        period_start="2023-05-10",
        plan__allowance__api_call=100,
    )
    assert judge({"usage_of": {**USAGE, "pct": pct}}, account) == expected


def test_without_a_period_the_calendar_month_counts() -> None:
    account = facts(calls("2023-04-30T23:59", 500), calls("2023-05-01T00:00", 95), plan__allowance__api_call=100)
    assert judge({"usage_of": {**USAGE, "pct": {"between": [95, 95]}}}, account) == TRUE


@pytest.mark.parametrize(("allowance", "cause"), [(0, "no_allowance"), (None, "no_allowance"), ("many", "wrong_type")])
def test_without_an_allowance_usage_is_unknown(allowance: object, cause: str) -> None:
    assert judge({"usage_of": {**USAGE, "pct": {"gte": 1}}}, facts(plan__allowance__api_call=allowance)) == unknown(cause)


FORECAST = {"usage_of": {**USAGE, "forecast": "period_end_linear", "pct": {"gte": 110}}}


@pytest.mark.parametrize(
    ("at", "expected"), [("2023-05-10T00:01", FALSE), ("2023-05-10T00:00", TRUE), ("2023-05-03T23:00", unknown("short_history"))]
)
def test_a_forecast_scales_by_the_time_gone(at: str, expected: Verdict) -> None:
    account = facts(calls("2023-05-01T00:00", 33), period_start="2023-05-01", period_end="2023-05-31", plan__allowance__api_call=100)
    assert judge(FORECAST, account, utc(at)) == expected


# Absence


@pytest.mark.parametrize(("at", "expected"), [("2023-05-15T10:00", TRUE), ("2023-05-15T09:59", FALSE)])
def test_absence_begins_at_the_same_wall_time_so_many_days_after(at: str, expected: Verdict) -> None:
    assert judge({"absent": "login", "for": "14d"}, facts(event("2023-05-01T10:00")), utc(at)) == expected


def test_grace_postpones_absence() -> None:
    doc = {"absent": "login", "for": "14d", "grace": "12h"}
    assert judge(doc, facts(event("2023-05-01T10:00")), utc("2023-05-15T21:59")) == FALSE
    assert judge(doc, facts(event("2023-05-01T10:00")), utc("2023-05-15T22:00")) == TRUE


def test_absence_over_a_change_of_the_clock_keeps_the_wall_time() -> None:
    account = replace(facts(event("2023-03-20T09:00")), setting=Setting("Europe/Berlin"))
    assert judge({"absent": "login", "for": "7d"}, account, utc("2023-03-27T07:59")) == FALSE
    assert judge({"absent": "login", "for": "7d"}, account, utc("2023-03-27T08:00")) == TRUE


@pytest.mark.parametrize(("never", "expected"), [("counts_from_start", FALSE), ("matches", TRUE), ("unknown", unknown("no_value"))])
def test_an_account_that_never_had_the_event(never: str, expected: Verdict) -> None:
    doc = {"absent": "login", "for": "14d", "never": never}
    assert judge(doc, facts(started="2023-05-20T00:00")) == expected
    if never == "counts_from_start":
        assert judge(doc, facts(started="2023-05-17T06:00")) == TRUE


# Dates, tags, runs


@pytest.mark.parametrize(
    ("value", "test", "expected"),
    [
        ("2023-05-31", {"within": "30d"}, TRUE),
        ("2023-06-30", {"within": "30d"}, TRUE),
        ("2023-07-01", {"within": "30d"}, FALSE),
        ("2023-05-30", {"within": "30d"}, FALSE),
        ("2023-05-26", {"overdue": "5d"}, TRUE),
        ("2023-05-27", {"overdue": "5d"}, FALSE),
        ("2023-02-30", {"overdue": "5d"}, unknown("wrong_type")),
    ],
)
def test_a_date_lies_within_or_is_overdue(value: str, test: dict, expected: Verdict) -> None:
    assert judge({"date": "renewal_date", **test}, facts(renewal_date=value)) == expected


def test_a_playbook_has_its_own_zone_for_dates() -> None:
    account = facts(renewal_date="2023-06-01")
    assert judge({"date": "renewal_date", "overdue": "1d"}, account, utc("2023-06-01T12:00")) == FALSE
    assert judge({"date": "renewal_date", "overdue": "1d"}, account, utc("2023-06-01T12:00"), dates_zone="Pacific/Kiritimati") == TRUE


def test_a_tag_is_never_unknown() -> None:
    account = facts(tag__vip=True, tag__old=None)
    assert [judge({"tag": tag}, account) for tag in ("vip", "old", "other")] == [TRUE, FALSE, FALSE]


def test_since_the_run_started_means_strictly_after() -> None:
    account, start = facts(event("2023-05-30T10:00"), event("2023-05-30T10:01")), utc("2023-05-30T10:00")
    assert judge({"since_run_start": {"event": "login", "count": {"eq": 1}}}, account, run_started_at=start) == TRUE
    with pytest.raises(ValueError, match="run_started_at"):
        judge({"since_run_start": {"event": "login"}}, account)


# Data that cannot be trusted


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        (FALL, unknown("stale_feed")),
        ({"absent": "login", "for": "2d"}, unknown("stale_feed")),
        ({"metric": "login", "window": "30d", "is": {"lt": 3}}, unknown("stale_feed")),
        ({"metric": "login", "window": "30d", "is": {"gte": 3}}, unknown("stale_feed")),
        ({"metric": "login", "window": "30d", "is": {"gte": 2}}, TRUE),
        ({"not": {"happened": "other", "window": "30d"}}, TRUE),
    ],
)
def test_a_stale_feed_leaves_only_what_more_events_would_confirm(doc: dict, expected: Verdict) -> None:
    assert judge(doc, facts(*logins(10, 2)), stale_metrics={"login"}) == expected


def test_a_missed_baseline_decides_also_under_a_stale_feed() -> None:
    assert judge(FALL, facts(*logins(3, 0)), stale_metrics={"login"}) == FALSE


def test_pruned_events_make_what_needs_them_unknown() -> None:
    setting = Setting(events_since=utc("2023-05-20T00:00"))
    raw = {"happened": "login", "window": "30d", "where": {"plan": "pro"}}
    assert judge(raw, facts(setting=setting)) == unknown("beyond_retention")
    assert judge(raw, facts(setting=setting, started="2023-05-25T00:00")) == FALSE
    assert judge({"happened": "login", "window": "30d"}, facts(setting=setting)) == FALSE


# Measures


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ({"field": "seats"}, Known(Decimal(5))),
        ({"field": "plan.is_top"}, Known(Decimal(1))),
        ({"field": "arr"}, Known(Decimal(1100))),
        ({"field": "health"}, Unknown("wrong_type")),
        ({"metric": "login", "agg": "count", "window": "30d"}, Known(Decimal(2))),
        ({"change_pct": {"metric": "login", "window": "30d", "to": "previous"}}, Known(Decimal("-33.333333"))),
        ({"change_pct": {"metric": "login", "window": "30d", "to": "previous", "baseline": {"gte": 8}}}, Unknown("low_baseline")),
        ({"change_pct": {"metric": "other", "window": "30d", "to": "previous"}}, Unknown("zero_baseline")),
        ({"days_since": "login"}, Known(Decimal(29))),
        ({"days_since": "other"}, Known(Decimal(1246))),
        ({"days_since": "other", "never": "unknown"}, Unknown("no_value")),
        ({"days_until": "renewal_date"}, Known(Decimal(-1))),
        ({"age_days": True}, Known(Decimal(1246))),
        ({"condition": {"tag": "vip"}}, Known(Decimal(0))),
        ({"condition": {"field": "nps", "gte": 1}}, Unknown("no_value")),
        ({"usage_of": {"metric": "login", "allowance": "seats"}}, Known(Decimal(40))),
    ],
)
def test_a_measure_is_a_number_or_has_a_cause(doc: dict, expected: object) -> None:
    traits = {"seats": 5, "plan__is_top": True, "arr": {"minor": 100000, "currency": "EUR"}, "health": "red", "renewal_date": "2023-05-30"}
    account = facts(*logins(3, 2), setting=EUROS, **traits)
    assert evaluate_measure(parse_measure(doc), account, AT) == expected


def test_measures_of_a_stale_feed_are_unknown() -> None:
    measure = parse_measure({"metric": "login", "window": "30d"})
    assert evaluate_measure(measure, facts(*logins(3, 2)), AT, stale_metrics={"login"}) == Unknown("stale_feed")
