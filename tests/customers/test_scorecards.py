"""A scorecard is text: sound text becomes a version, broken text is refused with its places and the active version goes on."""

import pytest

from crm.lib.yaml_marks import MAX_BYTES
from customers import scorecards
from customers.models import ScorecardVersion
from customers.scorecards import BadScorecard, check, load
from tests.factories import NOW

SOUND = """\
scorecard: simple
format: 1
name: Simple
factors:
  - key: age
    label: age
    weight: 1
    value: {age_days: true}
    shape: {linear: {from: 0, to: 100}}
"""


def places(text: str) -> list[tuple[str, int, int]]:
    return [(p.code, p.line, p.column) for p in check(text)]


def with_factor(lines: str) -> str:
    return SOUND.replace("    weight: 1\n", "").replace("    shape: {linear: {from: 0, to: 100}}\n", "") + lines


def test_the_default_that_ships_is_sound():
    card, _ = load(scorecards.default_text())
    assert [factor.key for factor in card.factors][:2] == ["login-trend", "active-days"]
    assert sum(factor.weight for factor in card.factors) == 100


def test_bands_and_missing_have_defaults():
    card, _ = load(SOUND)
    assert (card.good, card.watch, card.min_known, card.factors[0].missing, card.factors[0].says) == (
        70,
        40,
        1,
        "share_out",
        "{label} {value} {day|days}",
    )


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        (SOUND + "colour: red\n", "unknown_key", 10, 1),
        (SOUND + "name: Again\n", "duplicate_key", 10, 1),
        (SOUND + "bands: {good: 40, watch: 70}\n", "bad_bands", 10, 8),
        (SOUND + "min_known: 4\n", "bad_number", 10, 12),
        (SOUND + "missing: guess\n", "bad_value", 10, 10),
        (SOUND.replace("format: 1", "format: 7"), "bad_format", 2, 9),
        (SOUND.replace("simple", "Not A Key"), "bad_key", 1, 12),
        (SOUND.replace("{age_days: true}", "{metrik: login, window: 30d}"), "unknown_key", 8, 13),
        (SOUND.replace("{age_days: true}", "{metric: login, window: 30x}"), "bad_window", 8, 36),
        (SOUND.replace("weight: 1", "weight: -1"), "bad_weight", 7, 13),
        (SOUND.replace("{from: 0, to: 100}", "{from: 5, to: 5}"), "bad_shape", 9, 21),
        (with_factor("    weight: 1\n    shape: {steps: [[5, 10], [3, 20]]}\n"), "bad_order", 9, 20),
        (with_factor("    weight: 1\n    shape: {steps: [[5, 110]]}\n"), "bad_share", 9, 25),
        (with_factor("    weight: 1\n    shape: {steps: [5]}\n"), "bad_step", 9, 21),
        (with_factor("    weight: yes\n    shape: {steps: [[5, 10]]}\n"), "bad_number", 8, 13),
        (with_factor("    weight: 1\n"), "missing_key", 5, 5),
        ("scorecard: [\n", "bad_yaml", 2, 1),
        ("[]", "not_a_mapping", 1, 1),
        ("x: " + "y" * MAX_BYTES, "too_large", 1, 1),
    ],
)
def test_a_mistake_is_named_with_its_place(text, code, line, column):
    assert places(text)[0] == (code, line, column)


def test_all_mistakes_are_named_at_once_and_hints_help():
    text = SOUND.replace("weight", "wieght") + "bandz: 1\n"
    problems = check(text)
    assert [p.code for p in problems] == ["missing_key", "unknown_key", "unknown_key"]
    assert "`weight`" in problems[1].hint


def test_two_factors_may_not_share_a_key():
    again = SOUND.split("factors:\n")[1]
    assert places(SOUND + again)[0][0] == "duplicate_key"


@pytest.mark.django_db
def test_broken_text_leaves_the_active_version(otto):
    first = scorecards.publish(SOUND, at=NOW, by=otto)
    with pytest.raises(BadScorecard) as error:
        scorecards.publish(SOUND.replace("weight: 1", "weight: 0"), at=NOW)
    assert error.value.problems[0].line == 7
    assert scorecards.active() == first
    assert ScorecardVersion.objects.count() == 1


@pytest.mark.django_db
def test_versions_are_numbered_and_an_old_one_can_come_back(otto):
    first = scorecards.publish(SOUND, at=NOW, by=otto, note="start")
    second = scorecards.publish(SOUND.replace("weight: 1", "weight: 2"), at=NOW)
    assert scorecards.publish(second.text, at=NOW) == second
    third = scorecards.restore(first, at=NOW)
    assert [v.n for v in (first, second, third)] == [1, 2, 3]
    assert (scorecards.active().n, third.text) == (3, first.text)
    assert scorecards.card_of(third).factors[0].weight == 1


@pytest.mark.django_db
def test_the_default_is_installed_once():
    assert scorecards.install_default(at=NOW) == scorecards.install_default(at=NOW)
    assert scorecards.active().scorecard.name == "Default"
