"""The English of the language: what a condition says, and why it holds for an account or not."""

import json

import pytest

from customers.conditions.explain import explain, why_sentence
from customers.conditions.measures import parse_measure
from customers.conditions.parse import parse
from customers.conditions.sentence import sentence
from tests.customers.conditions.test_evaluate import AT, FALL, calls, event, facts, logins


@pytest.mark.parametrize(
    ("doc", "text"),
    [
        (FALL, "logins fell 60 % or more over 30 days against the 30 days before (at least 8 before)"),
        ({"field": "lifecycle", "eq": "customer"}, "lifecycle is customer"),
        ({"field": "lifecycle", "in": ["trial", "customer"]}, "lifecycle is trial or customer"),
        ({"field": "arr", "gte": 1000, "currency": "EUR"}, "arr is at least 1,000 EUR"),
        ({"field": "plan.is_top", "eq": False}, "plan.is_top is no"),
        ({"field": "renewal_date", "lt": "2023-05-31"}, "renewal date is before 31 May 2023"),
        ({"field": "nps", "exists": False}, "nps is not known"),
        ({"metric": "login", "window": "30d", "is": {"lt": 3}}, "fewer than 3 logins in the last 30 days"),
        (
            {"metric": "api_call", "agg": "avg", "window": "7d", "is": {"gte": 2.5}},
            "the average api call in the last 7 days is at least 2.5",
        ),
        ({"metric": "login", "agg": "distinct", "window": "7d", "is": {"gte": 5}}, "at least 5 people with logins in the last 7 days"),
        ({"absent": "login", "for": "14d"}, "no login for 14 days"),
        ({"happened": "invoice.paid", "window": "lifetime"}, "at least one invoice.paid event ever"),
        ({"not": {"happened": "conversation.held", "window": "168h"}}, "no conversation.held event in the last 168 hours"),
        ({"date": "renewal_date", "within": "90d"}, "renewal date is within the next 90 days"),
        ({"date": "renewal_date", "overdue": "5d"}, "renewal date passed 5 days ago or more"),
        (
            {"usage_of": {"metric": "api_call", "allowance": "seats", "pct": {"gte": 90}}},
            "api call usage this billing period is at 90 % or more of seats",
        ),
        (
            {"usage_of": {"metric": "api_call", "allowance": "plan.allowance.api_call", "pct": {"gte": 90}}},
            "api call usage this billing period is at 90 % or more of the plan's api calls",
        ),
        ({"all": [{"tag": "vip"}, {"any": [{"tag": "a"}, {"tag": "b"}]}]}, "has the tag vip and (has the tag a or has the tag b)"),
        ({"not": {"tag": "vip"}}, "does not have the tag vip"),
        ({"since_run_start": {"event": "login", "count": {"gte": 4}}}, "at least 4 logins since the run started"),
    ],
)
def test_a_condition_reads_as_english(doc: dict, text: str) -> None:
    assert sentence(parse(doc, run_scope=True)) == text


@pytest.mark.parametrize(
    ("doc", "text"),
    [
        ({"field": "nps"}, "nps"),
        ({"metric": "login", "window": "30d"}, "logins in the last 30 days"),
        (
            {"change_pct": {"metric": "login", "window": "30d", "to": "previous"}},
            "change of logins in percent over 30 days against the 30 days before",
        ),
        ({"usage_of": {"metric": "api_call", "allowance": "seats"}}, "api call usage this billing period in percent of seats"),
        ({"days_since": "login"}, "days since the last login"),
        ({"days_until": "renewal_date"}, "days until renewal date"),
        ({"age_days": True}, "days since the account started"),
        ({"condition": {"tag": "vip"}}, "whether this holds: has the tag vip"),
    ],
)
def test_a_measure_reads_as_english(doc: dict, text: str) -> None:
    assert sentence(parse_measure(doc)) == text


def test_labels_replace_keys() -> None:
    doc = {"all": [{"absent": "Report Exported", "for": "7d"}, {"field": "arr", "gte": 5}]}
    assert (
        sentence(parse(doc), {"Report Exported": "export", "arr": "yearly revenue"})
        == "no export for 7 days and yearly revenue is at least 5"
    )


@pytest.mark.parametrize(
    ("doc", "account", "text"),
    [
        (FALL, facts(*logins(10, 5)), "logins fell 10 to 5 (50 %), needs 60 %"),
        (FALL, facts(*logins(10, 2)), "logins fell 10 to 2 (80 %), needs 60 %"),
        (FALL, facts(*logins(3, 0)), "logins fell 3 to 0 (100 %), needs 60 % and at least 8 before"),
        (FALL, facts(started="2023-05-20T00:00"), "logins unknown: the account is too young"),
        ({"field": "arr", "gte": 1000}, facts(arr={"minor": 50000, "currency": "USD"}), "arr is $500.00, needs that it is at least 1,000"),
        ({"field": "health", "eq": "red"}, facts(), "health unknown: no value is known"),
        ({"absent": "login", "for": "14d"}, facts(event("2023-05-30T12:00")), "the last login was on 30 May 2023, needs none for 14 days"),
        ({"metric": "login", "window": "30d", "is": {"gte": 3}}, facts(event("2023-05-30T12:00")), "1 login in the last 30 days, needs 3"),
        (
            {"date": "renewal_date", "within": "30d"},
            facts(renewal_date="2023-08-01"),
            "renewal date is 1 Aug 2023, needs to be within the next 30 days",
        ),
        (
            {"date": "renewal_date", "within": "90d"},
            facts(renewal_date="2023-08-01"),
            "renewal date is 1 Aug 2023, within the next 90 days",
        ),
        ({"field": "day", "eq": "x"}, facts(day="2023-02-31"), "day is 2023-02-31, needs that it is x"),
        ({"date": "due", "overdue": "5d"}, facts(due="2023-05-29"), "due is 29 May 2023, needs to be at least 5 days ago"),
        (
            {"usage_of": {"metric": "api_call", "allowance": "calls", "pct": {"gte": 90}}},
            facts(calls("2023-05-02T00:00", 55), calls=60),
            "55 of 60 api calls (91.6 %), needs 90 %",
        ),
        ({"all": [{"tag": "vip"}, FALL]}, facts(*logins(10, 2), tag__vip=None), "does not have the tag vip"),
        ({"any": [{"tag": "vip"}, {"tag": "x"}]}, facts(tag__x=True), "has the tag x"),
        ({"not": {"tag": "vip"}}, facts(tag__vip=True), "has the tag vip"),
    ],
)
def test_why_is_one_sentence_of_the_decisive_parts(doc: dict, account: object, text: str) -> None:
    assert why_sentence(explain(parse(doc), account, AT)) == text


def test_an_explanation_has_value_limit_and_truth_at_every_leaf_and_is_json() -> None:
    doc = {"all": [{"field": "arr", "gte": 1000}, FALL]}
    found = explain(parse(doc), facts(*logins(10, 2)), AT)
    assert json.loads(json.dumps(found)) == found
    assert (found["truth"], found["cause"]) == (None, "no_value")
    field, fall = found["parts"]
    assert (field["truth"], field["cause"], field["limit"]) == (None, "no_value", {"field": "arr", "gte": 1000})
    assert fall["value"] == {"current": 2, "baseline": 10, "change_pct": -80}
    assert (fall["kind"], fall["truth"], fall["limit"]) == ("compare", True, FALL)
