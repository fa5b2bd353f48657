"""docs/health.md says what the code does: its example, its keys, its rules."""

import re
from decimal import Decimal
from pathlib import Path

from customers import scorecards
from customers.conditions.measures import READERS
from customers.scorecard_text import CARD_KEYS, FACTOR_KEYS
from customers.scoring import HOLD_DAYS, MISSING, Reading, assess, costs, in_words

TEXT = (Path(__file__).parents[2] / "docs" / "health.md").read_text()
EXAMPLE = TEXT.split("```yaml\n")[1].split("```")[0]


def table(head: str) -> list[str]:
    """The first cells of the table whose head begins with `head`."""
    rows = TEXT.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [re.sub(r"[`*]", "", row.split("|")[1]).strip() for row in rows]


def test_the_example_is_sound_and_scores_as_the_table_says():
    card, _ = scorecards.load(EXAMPLE)
    values = {"login-trend": Decimal(-30), "tickets": Decimal(2), "sentiment": Decimal(4)}
    result = assess(card, {key: Reading(value) for key, value in values.items()})
    said = re.findall(r"\| (?:logins|tickets|sentiment) \|.*\| (\d+) \| (\d+) \|", TEXT)
    assert [(str(line.possible), str(line.points)) for line in result.lines] == said
    assert f"**{result.score}, {result.band}**" in TEXT
    dearest = costs(result.lines)[0]
    assert f'"{in_words(card.factors[0], dearest.value)}"' in TEXT


def test_every_key_is_in_the_reference():
    assert table("Key") == list(CARD_KEYS)
    assert table("Key of a factor") == list(FACTOR_KEYS)


def test_every_rule_for_missing_data_is_explained():
    assert table("Rule") == list(MISSING)
    assert f"up to {HOLD_DAYS} days" in TEXT


def test_every_measure_is_named():
    assert {re.match(r"\{(\w+)", cell)[1] for cell in table("Measure")} == set(READERS)


def test_the_shipped_scorecard_has_the_factors_that_are_named():
    card, _ = scorecards.load(scorecards.default_text())
    named = TEXT.split("default.yaml`:")[1].split(". An account")[0]
    assert len(re.split(r", | and ", named.replace("\n", " "))) == len(card.factors)
