"""SQL and memory give the same points, for any card and any values."""

import json
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.conditions.nodes import FieldValue
from customers.conditions.to_sql import Compiler
from customers.models import Score
from customers.scoring import Card, Factor, Linear, Reading, Steps, assess, costs, in_words
from customers.scoring_sql import scores_sql, values
from customers.traits import TraitFact, set_traits_batch
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db
DAY = NOW.date()
FIELDS = 6
numbers = st.integers(-400, 400).map(lambda n: Decimal(n) / 4)
linear = st.tuples(numbers, numbers).filter(lambda ends: ends[0] != ends[1]).map(lambda ends: Linear(*ends))
steps = st.tuples(st.lists(numbers, min_size=1, max_size=4, unique=True), st.integers(0, 100)).map(
    lambda x: Steps(tuple((limit, Decimal((37 * i + x[1]) % 101)) for i, limit in enumerate(sorted(x[0]))), Decimal(x[1]))
)
factor = st.tuples(st.decimals("0.1", 50, places=1), st.one_of(linear, steps), st.sampled_from(["share_out", "zero", "hold"]))
cards = st.tuples(st.lists(factor, min_size=1, max_size=FIELDS), st.integers(1, 2)).map(lambda x: card_of(*x))


def card_of(rows, min_known) -> Card:
    says = ["{label} {value} %", "at {abs}", "it is 100% bad {ticket|tickets}"]
    found = [
        Factor(f"f{i}", f"it's {i}", w, FieldValue(f"f{i}"), shape, missing, says[i % 3]) for i, (w, shape, missing) in enumerate(rows)
    ]
    return Card("c", "c", tuple(found), 70, 40, min_known)


@pytest.fixture
def accounts(db):
    """Forty accounts with random traits, some of them missing; the first twenty were scored before."""
    rng = Random(7)
    made = [make_account(f"A{i}") for i in range(40)]
    facts = [TraitFact(a.pk, f"f{i}", rng.randint(-4000, 4000) / 40, NOW) for a in made for i in range(FIELDS) if rng.random() < 0.75]
    set_traits_batch(facts, at=NOW)
    past = {
        f"f{i}": {
            "value": 1,
            "share": 123456 * i,
            "points": 0,
            "possible": 0,
            "known": True,
            "since": str(DAY - timedelta(days=20 + 5 * i)),
        }
        for i in range(FIELDS)
    }
    yesterday = DAY - timedelta(days=1)
    Score.objects.bulk_create(
        [
            Score(account_id=a.pk, day=yesterday, at=NOW, version_id=1, score=1, band="risk", known=1, factors=1, points=past)
            for a in made[:20]
        ]
    )
    return [a.pk for a in made]


def fetch(sql, compiler):
    with connection.cursor() as cursor:
        cursor.execute(sql, compiler.params)
        return cursor.fetchall()


def held(account, position, i):
    """The share that the past row of the fixture lets hold."""
    return 123456 * i if position < 20 and 20 + 5 * i <= 30 else None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(card=cards)
def test_sql_and_memory_agree(accounts, card):
    first, second = (Compiler(at=NOW, zone="UTC") for _ in range(2))
    found = {row[0]: row[1:] for row in fetch(values(card, first, None), first)}
    rows = {row[0]: row[1:] for row in fetch(scores_sql(card, second, DAY), second)}
    for position, account in enumerate(accounts):
        readings = {f"f{i}": Reading(v, "", held(account, position, i)) for i, v in enumerate(found[account])}
        expected = assess(card, readings)
        score, band, known, points, reason = rows[account]
        points = json.loads(points) if isinstance(points, str) else points
        assert (score, band, known) == (expected.score, expected.band, expected.known)
        assert {k: (p["points"], p["possible"], p["share"], p["known"]) for k, p in points.items()} == {
            line.key: (line.points, line.possible, line.share, line.known) for line in expected.lines
        }
        dearest = costs(expected.lines)[:1]
        words = [in_words(f, line.value) for line in dearest for f in card.factors if f.key == line.key]
        assert reason == "".join(words)


def test_a_card_of_sixty_factors_is_no_problem(accounts):
    card = card_of([(Decimal(1 + i % 5), Linear(Decimal(0), Decimal(50)), "share_out") for i in range(60)], 1)
    compiler = Compiler(at=NOW, zone="UTC")
    assert len(fetch(scores_sql(card, compiler, DAY), compiler)) == 40
