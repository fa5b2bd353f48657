"""The arithmetic of health: from readings of factors to points, score and band, and from two scores to the causes of a change.

Pure. Everything is whole numbers, so that SQL (customers.scoring_sql) and this module agree to the point: shares are
millionths, possible points and points are whole and add up exactly. Reading scorecards from text lives in
customers.scorecard_text, the database in customers.health.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from customers.conditions.nodes import Measure

FULL = 1_000_000
TOTAL = 100
HOLD_DAYS = 30
NAMELESS = "missing"
MISSING = ("share_out", "zero", "hold")
PIECES = re.compile(r"(\{(?:label|value|abs|[^{}|]*\|[^{}|]*)\})")
FORMS = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")  # "{ticket|tickets}": for one, and for any other number


@dataclass(frozen=True, slots=True)
class Steps:
    """From each limit on, its share (percent); below the first limit, `below`. Limits rise."""

    steps: tuple[tuple[Decimal, Decimal], ...]
    below: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Linear:
    """No share at `start`, the full share at `end`, in proportion between them, bounded outside. `end` may be the smaller."""

    start: Decimal
    end: Decimal


Shape = Steps | Linear


@dataclass(frozen=True, slots=True)
class Factor:
    """One input of a scorecard. `weight` is any positive number; `says` puts its value into words ("logins {value} %", "{value} {ticket|tickets}")."""

    key: str
    label: str
    weight: Decimal
    measure: Measure
    shape: Shape
    missing: str = "share_out"
    says: str = "{label} {value}"


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard. From `good` points on the band is good, from `watch` on watch, below it risk.

    With fewer than `min_known` known factors the score is unknown.
    """

    key: str
    name: str
    factors: tuple[Factor, ...]
    good: int = 70
    watch: int = 40
    min_known: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What a factor's measure gave: a value, or None with its cause. `held`: the share (millionths) of the last known value."""

    value: Decimal | None = None
    cause: str = ""
    held: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One factor of a score. `share` in millionths; None when the factor does not count."""

    key: str
    value: Decimal | None
    share: int | None
    points: int
    possible: int
    known: bool
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A score (0 to 100, None when unknown) and its lines, whose points add up to it."""

    score: int | None
    band: str
    known: int
    lines: tuple[Line, ...]


def assess(card: Card, readings: Mapping[str, Reading]) -> Assessment:
    """The score of one account from the readings of the card's factors (by key; an absent one is unknown)."""
    given = [readings.get(factor.key, Reading(cause="no_value")) for factor in card.factors]
    shares = [counted(factor, reading) for factor, reading in zip(card.factors, given, strict=True)]
    known = sum(reading.value is not None for reading in given)
    weights = whole_weights(card.factors)
    possible = apportion([0 if share is None else weight for share, weight in zip(shares, weights, strict=True)])
    if known < card.min_known or not any(possible):
        possible = [0] * len(shares)
    earned = split_score([(share or 0) * most for share, most in zip(shares, possible, strict=True)])
    lines = tuple(
        Line(f.key, r.value, s, points, most, r.value is not None, r.cause)
        for f, r, s, points, most in zip(card.factors, given, shares, earned, possible, strict=True)
    )
    score = sum(earned) if any(possible) else None
    return Assessment(score, band(card, score), known, lines)


def counted(factor: Factor, reading: Reading) -> int | None:
    """The share with which a factor counts: its value's, or by its rule for missing data. None: it does not count."""
    if reading.value is not None:
        return share(factor.shape, reading.value)
    if factor.missing == "zero":
        return 0
    return reading.held if factor.missing == "hold" else None


def share(shape: Shape, value: Decimal) -> int:
    """The share of the points that a value earns, in millionths."""
    if isinstance(shape, Steps):
        reached = [percent for limit, percent in shape.steps if value >= limit]
        return millionths(reached[-1] if reached else shape.below)
    way = Fraction(value - shape.start) / Fraction(shape.end - shape.start)
    bounded = min(max(way, Fraction(0)), Fraction(1))
    return (2 * bounded.numerator * FULL + bounded.denominator) // (2 * bounded.denominator)


def millionths(percent: Decimal) -> int:
    """Percent (at most four decimals) as millionths of the whole."""
    return int(percent * (FULL // 100))


def whole_weights(factors: Sequence[Factor]) -> list[int]:
    """The weights in the same proportion as whole numbers."""
    places = max((-int(f.weight.normalize().as_tuple().exponent) for f in factors), default=0)
    return [int(f.weight.scaleb(max(places, 0))) for f in factors]


def apportion(weights: Sequence[int]) -> list[int]:
    """100 possible points by weight, whole, by the largest remainder; the earlier factor wins a tie. No weight: no points."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    return largest_remainder([TOTAL * weight for weight in weights], whole, TOTAL)


def split_score(parts: Sequence[int]) -> list[int]:
    """Exact points (millionths) as whole points that add up to their sum, rounded half up."""
    score = (sum(parts) + FULL // 2) // FULL
    return largest_remainder(parts, FULL, score)


def largest_remainder(parts: Sequence[int], unit: int, total: int) -> list[int]:
    """`parts` / `unit` rounded down, and the rest of `total` given, one each, to the largest remainders."""
    floors = [part // unit for part in parts]
    order = sorted(range(len(parts)), key=lambda i: (-(parts[i] % unit), i))
    for i in order[: total - sum(floors)]:
        floors[i] += 1
    return floors


def band(card: Card, score: int | None) -> str:
    """good, watch, risk or unknown."""
    if score is None:
        return "unknown"
    return "good" if score >= card.good else "watch" if score >= card.watch else "risk"


# Why a score is what it is, and why it changed.


@dataclass(frozen=True, slots=True)
class Part:
    """One cause of a change in points. `kind`: behaviour, configuration or missing."""

    key: str
    label: str
    points: int
    kind: str = "behaviour"


@dataclass(frozen=True, slots=True)
class Stored:
    """One factor of a stored score, as customers.models.Score.points holds it."""

    points: int = 0
    possible: int = 0
    share: int | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A stored score: the version it was made with and its factors by key."""

    version: int
    score: int
    factors: Mapping[str, Stored] = field(default_factory=dict)


def change(then: Past, now: Past, labels: Mapping[str, str]) -> list[Part]:
    """The causes of `now.score - then.score`; their points add up to it. Largest first, parts of zero left out.

    A factor whose value became known or unknown is a part of kind `missing` under its name, with what that moved at the
    others. Between two versions, everything that values alone do not explain is the part `configuration`.
    """
    keys = [*now.factors, *(key for key in then.factors if key not in now.factors)]
    parts = [Part(key, labels.get(key, key), moved(then, now, key)) for key in keys]
    rest = now.score - then.score - sum(part.points for part in parts)
    flipped = [key for key in keys if flips(then, now, key)]
    if then.version != now.version:
        found = {key: now.factors[key].points - then.factors[key].points for key in flipped}
        parts.append(Part("configuration", "configuration", rest - sum(found.values()), "configuration"))
    else:
        found = divided(rest, {key: effect(then, now, key) for key in flipped})
    parts += [Part(key, flip_in_words(now, key, labels), points, "missing") for key, points in found.items()]
    return sorted((part for part in parts if part.points), key=lambda part: -abs(part.points))


def flips(then: Past, now: Past, key: str) -> bool:
    """Whether the value of a factor of both scores became known or unknown."""
    old, new = then.factors.get(key), now.factors.get(key)
    return old is not None and new is not None and old.known != new.known


def effect(then: Past, now: Past, key: str) -> int:
    """About what such a factor moved: its own points, less what the possible points that it took (or left) earn among the others."""
    old, new = then.factors[key], now.factors[key]
    others = then.score if new.known else now.score
    return new.points - old.points - round(Fraction((new.possible - old.possible) * others, TOTAL))


def divided(rest: int, effects: dict[str, int]) -> dict[str, int]:
    """`effects` made to add up to `rest`: the largest takes the difference. Without any, `rest` has no name of its own."""
    if not effects:
        return {NAMELESS: rest}
    largest = max(effects, key=lambda key: abs(effects[key]))
    return {**effects, largest: effects[largest] + rest - sum(effects.values())}


def flip_in_words(now: Past, key: str, labels: Mapping[str, str]) -> str:
    if key == NAMELESS:
        return "missing data"
    return f"{labels.get(key, key)} {'now known' if now.factors[key].known else 'no longer known'}"


def moved(then: Past, now: Past, key: str) -> int:
    """Points that one factor's own behaviour moved.

    Counted in both scores with the same possible points, that is simply the difference of points. Otherwise the change of
    its share is weighed with today's possible points, and the rest belongs to configuration or missing data.
    """
    old, new = then.factors.get(key), now.factors.get(key)
    if old is None or new is None or old.known != new.known or old.share is None or new.share is None:
        return 0
    if old.possible == new.possible:
        return new.points - old.points
    weighed = (new.share - old.share) * new.possible
    return (abs(weighed) + FULL // 2) // FULL * (1 if weighed > 0 else -1)


def costs(lines: Sequence[Line]) -> list[Line]:
    """The lines that cost points, dearest first, in the card's order where equal."""
    return sorted((line for line in lines if line.possible > line.points), key=lambda line: line.points - line.possible)


def sentence(parts: Sequence[Part], most: int = 3) -> str:
    """ "logins −19 · open tickets −6": the largest causes in words."""
    return " · ".join(f"{part.label} {signed(part.points)}" for part in parts[:most])


def signed(points: int) -> str:
    """+3, −6 (with a true minus sign) or 0."""
    return f"+{points}" if points > 0 else f"−{-points}" if points < 0 else "0"


def in_words(factor: Factor, value: Decimal | None) -> str:
    """The factor's value as its `says` puts it: "logins −80 %", "1 ticket". Without a value, the label."""
    if value is None:
        return factor.label
    size = number(abs(value))
    spoken = {"{label}": factor.label, "{value}": number(value), "{abs}": size}
    return "".join(spoken.get(piece) or form(piece, size) for piece in PIECES.split(factor.says))


def form(piece: str, size: str) -> str:
    """ "{ticket|tickets}" for a number as it is shown; any other piece as it is."""
    forms = FORMS.fullmatch(piece)
    return forms[1 if size == "1" else 2] if forms else piece


def number(value: Decimal) -> str:
    """At most one decimal, none from 10 on; a true minus sign."""
    size = abs(value)
    places = 0 if size >= 10 else 1
    shifted = size.scaleb(places)
    whole = int(shifted + Decimal("0.5"))
    text = f"{Decimal(whole).scaleb(-places):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"−{text}" if value < 0 and whole else text
