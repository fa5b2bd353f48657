"""Points are whole and add up: to the score, and to its change."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.conditions.nodes import AgeDays
from customers.scoring import (
    Card,
    Factor,
    Linear,
    Past,
    Reading,
    Steps,
    Stored,
    apportion,
    assess,
    change,
    costs,
    in_words,
    number,
    sentence,
    share,
)

numbers = st.decimals(-1000, 1000, places=2, allow_nan=False)
shapes = st.one_of(
    st.tuples(numbers, numbers).filter(lambda ends: ends[0] != ends[1]).map(lambda ends: Linear(*ends)),
    st.lists(numbers, min_size=1, max_size=4, unique=True).map(
        lambda ls: Steps(tuple((x, Decimal(20 * i)) for i, x in enumerate(sorted(ls))))
    ),
)
factors = st.lists(
    st.tuples(st.decimals("0.1", 100, places=1), shapes, st.sampled_from(["share_out", "zero", "hold"])), min_size=1, max_size=9
).map(lambda rows: tuple(Factor(f"f{i}", f"f{i}", w, AgeDays(), shape, missing) for i, (w, shape, missing) in enumerate(rows)))
readings = st.lists(
    st.one_of(numbers.map(Reading), st.builds(Reading, held=st.one_of(st.none(), st.integers(0, 10**6)))), min_size=9, max_size=9
)


def by_key(found: list[Reading]) -> dict[str, Reading]:
    return {f"f{i}": reading for i, reading in enumerate(found)}


def stored(assessment, version: int) -> Past:
    lines = {line.key: Stored(line.points, line.possible, line.share, line.known) for line in assessment.lines}
    return Past(version, assessment.score, lines)


@given(factors, readings)
def test_points_add_up_to_the_score_and_possible_ones_to_a_hundred(some, found):
    result = assess(Card("c", "c", some), by_key(found))
    if result.score is None:
        assert all(line.points == line.possible == 0 for line in result.lines)
        return
    assert sum(line.points for line in result.lines) == result.score
    assert sum(line.possible for line in result.lines) == 100
    assert all(0 <= line.points <= line.possible for line in result.lines)


@given(factors, readings, readings, st.booleans())
def test_the_causes_of_a_change_add_up_to_it(some, then, now, new_version):
    card = Card("c", "c", some)
    old, new = assess(card, by_key(then)), assess(card, by_key(now))
    if old.score is None or new.score is None:
        return
    parts = change(stored(old, 1), stored(new, 2 if new_version else 1), {})
    assert sum(part.points for part in parts) == new.score - old.score
    assert all(part.kind != "configuration" for part in parts) or new_version


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_weights_become_a_hundred_whole_points(weights):
    assert sum(apportion(weights)) == (100 if any(weights) else 0)


def test_equal_weights_share_the_odd_points_from_the_top():
    assert apportion([1, 1, 1]) == [34, 33, 33]


@pytest.mark.parametrize(("value", "expected"), [("-61", 0), ("-60", 0), ("-30", 500000), ("0", 10**6), ("12", 10**6), ("-20", 666667)])
def test_a_linear_shape_is_bounded_and_rounds_half_up(value, expected):
    assert share(Linear(Decimal(-60), Decimal(0)), Decimal(value)) == expected


def test_a_linear_shape_may_fall():
    assert [share(Linear(Decimal(30), Decimal(10)), Decimal(n)) for n in (40, 30, 20, 10, 5)] == [0, 0, 500000, 10**6, 10**6]


def test_steps_count_from_their_limit_on():
    shape = Steps(((Decimal(1), Decimal(20)), (Decimal(5), Decimal(100))), below=Decimal(10))
    assert [share(shape, Decimal(n)) for n in ("0.9", "1", "4", "5")] == [100000, 200000, 200000, 10**6]


HALF = Linear(Decimal(0), Decimal(100))


def two(missing: str) -> Card:
    return Card("c", "c", tuple(Factor(key, key, Decimal(50), AgeDays(), HALF, missing) for key in ("a", "b")))


@pytest.mark.parametrize(
    ("missing", "held", "score", "possible"),
    [("share_out", None, 60, [100, 0]), ("zero", None, 30, [50, 50]), ("hold", 400000, 50, [50, 50]), ("hold", None, 60, [100, 0])],
)
def test_missing_data_is_shared_out_counted_as_nothing_or_held(missing, held, score, possible):
    result = assess(two(missing), {"a": Reading(Decimal(60)), "b": Reading(cause="no_value", held=held)})
    assert (result.score, [line.possible for line in result.lines], result.known) == (score, possible, 1)


def test_too_few_known_factors_make_no_score():
    card = Card("c", "c", two("zero").factors, min_known=2)
    result = assess(card, {"a": Reading(Decimal(60))})
    assert (result.score, result.band, result.known) == (None, "unknown", 1)


@pytest.mark.parametrize(("score", "band"), [(100, "good"), (70, "good"), (69, "watch"), (40, "watch"), (39, "risk"), (0, "risk")])
def test_bands_begin_at_their_limit(score, band):
    card = Card("c", "c", two("zero").factors[:1])
    assert assess(card, {"a": Reading(Decimal(score))}).band == band


def test_data_that_went_missing_is_its_own_cause():
    card = two("share_out")
    then = assess(card, {"a": Reading(Decimal(80)), "b": Reading(Decimal(40))})
    now = assess(card, {"a": Reading(Decimal(60))})
    parts = change(stored(then, 1), stored(now, 1), {"a": "logins"})
    assert [(part.label, part.points, part.kind) for part in parts] == [("logins", -20, "behaviour"), ("b no longer known", 20, "missing")]


def test_data_that_became_known_is_named_after_its_factor():
    labels = {"a": "logins", "b": "active days", "c": "sentiment"}
    card = Card("c", "c", tuple(Factor(key, key, Decimal(w), AgeDays(), HALF) for key, w in (("a", 53), ("b", 35), ("c", 12))))
    then, now = (
        assess(card, {"c": Reading(Decimal(100))}),
        assess(card, {key: Reading(Decimal(n)) for key, n in zip("abc", (0, 0, 100), strict=True)}),
    )
    assert sentence(change(stored(then, 1), stored(now, 1), labels)) == "logins now known −53 · active days now known −35"
    assert sentence(change(stored(now, 1), stored(then, 1), labels)) == "logins no longer known +53 · active days no longer known +35"


def test_a_factor_that_counted_as_nothing_brings_its_points_when_it_becomes_known():
    card = two("zero")
    then, now = assess(card, {"a": Reading(Decimal(80))}), assess(card, {"a": Reading(Decimal(80)), "b": Reading(Decimal(60))})
    assert sentence(change(stored(then, 1), stored(now, 1), {"b": "tickets"})) == "tickets now known +30"
    assert sentence(change(stored(then, 1), stored(now, 2), {"b": "tickets"})) == "tickets now known +30"


def test_the_dearest_factor_comes_first_and_says_its_value():
    card = two("zero")
    result = assess(card, {"a": Reading(Decimal(90)), "b": Reading(Decimal("-80"))})
    assert [line.key for line in costs(result.lines)] == ["b", "a"]
    assert in_words(Factor("b", "logins", Decimal(1), AgeDays(), HALF, says="{label} {value} %"), Decimal(-80)) == "logins −80 %"


@pytest.mark.parametrize(
    ("value", "words"), [("1", "1 ticket"), ("0", "0 tickets"), ("2", "2 tickets"), ("1.04", "1 ticket"), (None, "calls")]
)
def test_one_of_something_is_not_many(value, words):
    asked = Factor("a", "calls", Decimal(1), AgeDays(), HALF, says="{value} {ticket|tickets}")
    assert in_words(asked, None if value is None else Decimal(value)) == words


def test_a_change_in_words():
    then, now = Past(1, 63, {"a": Stored(40, 50, 0, True)}), Past(2, 38, {"a": Stored(21, 50, 0, True)})
    assert sentence(change(then, now, {"a": "usage"})) == "usage −19 · configuration −6"


@pytest.mark.parametrize(
    ("value", "text"), [("-80", "−80"), ("2.5", "2.5"), ("2.04", "2"), ("9.96", "10"), ("41.5", "42"), ("-0.01", "0"), ("0", "0")]
)
def test_numbers_for_people(value, text):
    assert number(Decimal(value)) == text
