"""Reading the language: what is refused, with which code and hint, and that rendering reads back."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.conditions.errors import ConditionError, Problem
from customers.conditions.measures import parse_measure
from customers.conditions.parse import parse, substitute
from customers.conditions.render import render
from tests.customers.conditions import worlds


def problems(doc: object, **options: object) -> list[Problem]:
    with pytest.raises(ConditionError) as caught:
        parse(doc, **options)
    return caught.value.problems


def first(doc: object, **options: object) -> tuple[str, str]:
    problem = problems(doc, **options)[0]
    return problem.code, ".".join(map(str, problem.path))


@settings(max_examples=300, deadline=None)
@given(worlds.conditions)
def test_parse_render_parse_is_the_identity(doc: dict) -> None:
    tree = parse(doc, run_scope=True)
    assert parse(render(tree), run_scope=True) == tree


@settings(max_examples=100, deadline=None)
@given(worlds.measures())
def test_measures_too_read_back_what_they_render(doc: dict) -> None:
    measure = parse_measure(doc)
    assert parse_measure(render(measure)) == measure


KEYS = """all any not field metric compare usage_of absent happened date tag eq in is gte between window to for where within
pct input agg drop_pct baseline segment since_run_start event 30d"""
WORDS = st.sampled_from(KEYS.split())
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), WORDS)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(WORDS, WORDS, st.integers(), st.text(max_size=2)), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(JUNK, st.dictionaries(WORDS, JUNK, max_size=4)))
def test_whatever_is_written_is_read_or_refused(doc: object) -> None:
    for read in (parse, parse_measure):
        try:
            tree = read(doc)
        except ConditionError:
            continue
        assert read(render(tree)) == tree


@pytest.mark.parametrize(
    ("doc", "code", "path"),
    [
        ({"compar": {}}, "unknown_key", "compar"),
        ({}, "unknown_key", ""),
        ([], "not_a_mapping", ""),
        ({"all": []}, "not_a_list", "all"),
        ({"all": [{"tag": "x"}], "any": [{"tag": "y"}]}, "several_nodes", ""),
        ({"any": [{"tag": "a"}, {"tag": 3}]}, "bad_name", "any.1.tag"),
        ({"tag": "a", "with": 1}, "unknown_key", "with"),
        ({"segment": "vip"}, "not_supported_yet", "segment"),
        ({"playbook_state": {"playbook": "x", "is": "running"}}, "not_supported_yet", "playbook_state"),
        ({"step": "call", "result": "done"}, "not_supported_yet", "step"),
        ({"since_run_start": {"event": "login"}}, "no_run_here", "since_run_start"),
        ({"field": "arr"}, "missing_key", ""),
        ({"field": "arr", "gte": "a lot"}, "bad_value", "gte"),
        ({"field": "arr", "gte": True}, "bad_value", "gte"),
        ({"field": "arr", "in": []}, "bad_value", "in"),
        ({"field": "arr", "in": [1, "a"]}, "bad_value", "in"),
        ({"field": "arr", "gte": 1, "currency": "XXQ"}, "bad_value", "currency"),
        ({"field": "renewal_date", "lt": "2023-02-29"}, "bad_value", "lt"),
        ({"metric": "login", "window": "30d"}, "missing_key", "is"),
        ({"metric": "login", "window": "3bd", "is": {"gte": 1}}, "bad_window", "window"),
        ({"metric": "login", "window": "30d", "is": {}}, "empty", "is"),
        ({"metric": "login", "window": "30d", "is": {"gte": True}}, "bad_number", "is.gte"),
        ({"metric": "login", "window": "30d", "is": {"between": [1]}}, "bad_number", "is.between"),
        ({"metric": "login", "window": "30d", "agg": "median", "is": {"gte": 1}}, "bad_value", "agg"),
        ({"metric": "login", "window": "lifetime", "offset": "1d", "is": {"gte": 1}}, "bad_window", "offset"),
        ({"compare": {"metric": "a", "window": "30d", "to": "peers_median", "current": {"gte": 1}}}, "not_supported_yet", "compare.to"),
        ({"compare": {"metric": "a", "window": "lifetime", "to": "previous", "current": {"gte": 1}}}, "bad_window", "compare.window"),
        ({"compare": {"metric": "a", "window": "30d", "to": "previous", "drop_pct": {"gte": 60}}}, "missing_key", "compare.baseline"),
        ({"compare": {"metric": "a", "window": "30d", "to": "previous"}}, "missing_key", "compare"),
        (
            {"usage_of": {"metric": "a", "allowance": "b", "pct": {"gte": 1}, "window": "30d", "forecast": "period_end_linear"}},
            "bad_window",
            "usage_of.forecast",
        ),
        ({"absent": "login"}, "missing_key", "for"),
        ({"absent": "login", "for": "14 days"}, "bad_duration", "for"),
        ({"happened": "login", "window": "30d", "where": {"plan": {"like": "x"}}}, "unknown_key", "where.plan.like"),
        ({"happened": "login", "window": "30d", "where": {"plan": ["a"]}}, "bad_value", "where.plan"),
        ({"happened": "login", "window": "30d", "where": {"plan": "a\x00"}}, "bad_value", "where.plan"),
        ({"happened": "login", "window": "30d", "where": {3: "a"}}, "bad_name", "where.3"),
        ({"tag": "a\x00"}, "bad_name", "tag"),
        ({"field": "arr", "gte": float("inf")}, "bad_value", "gte"),
        ({"date": "renewal_date"}, "missing_key", ""),
        ({"date": "renewal_date", "within": "48h"}, "bad_duration", "within"),
        ({"metric": "login", "window": "30d", "is": {"gte": {"input": "n"}}}, "unresolved_input", "is.gte"),
    ],
)
def test_a_mistake_is_told_with_its_code_and_place(doc: object, code: str, path: str) -> None:
    assert first(doc) == (code, path)


def test_all_mistakes_are_told_at_once_with_the_nearest_word() -> None:
    found = problems({"all": [{"absent": "login", "form": "3d"}, {"metric": "login", "windw": "30d", "is": {"gt": 1}}]})
    assert [(each.code, each.hint) for each in found] == [
        ("unknown_key", 'Did you mean "for"?'),
        ("missing_key", ""),
        ("unknown_key", 'Did you mean "window"?'),
        ("missing_key", ""),
    ]


def test_a_fall_that_also_holds_for_a_rise_needs_no_baseline() -> None:
    parse({"compare": {"metric": "login", "window": "30d", "to": "previous", "drop_pct": {"lte": 20}}})


def test_a_limit_of_another_type_than_the_trait_is_refused() -> None:
    types = {"arr": "money", "health": "text", "renewal_date": "date"}
    assert first({"field": "health", "gte": 3}, trait_types=types) == ("wrong_type", "gte")
    assert first({"field": "arr", "eq": "red"}, trait_types=types) == ("wrong_type", "eq")
    parse(
        {"all": [{"field": "arr", "gte": 1}, {"field": "renewal_date", "lt": date(2023, 5, 1)}, {"field": "x", "eq": 1}]}, trait_types=types
    )


def test_inputs_are_put_in_and_missing_ones_are_told() -> None:
    doc = {"compare": {"metric": "login", "drop_pct": {"gte": {"input": "drop"}}}}
    assert substitute(doc, {"drop": 60}) == {"compare": {"metric": "login", "drop_pct": {"gte": 60}}}
    with pytest.raises(ConditionError, match='Did you mean "drop"'):
        substitute({"is": {"input": "drp"}}, {"drop": 1})


def test_numbers_and_booleans_are_kept_apart() -> None:
    assert parse({"field": "a", "eq": 1}) != parse({"field": "a", "eq": True})


@pytest.mark.parametrize(
    ("doc", "code"),
    [
        ({"fields": "arr"}, "unknown_key"),
        ({"days_since": "login", "never": "matches"}, "bad_value"),
        ({"age_days": False}, "bad_value"),
        ({"condition": {"segment": "x"}}, "not_supported_yet"),
        ({"metric": "login", "window": "30d", "is": {"gte": 1}}, "unknown_key"),
        ("arr", "not_a_mapping"),
    ],
)
def test_mistakes_in_measures_are_told(doc: object, code: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_measure(doc)
    assert caught.value.problems[0].code == code
