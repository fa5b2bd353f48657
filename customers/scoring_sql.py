"""A scorecard as one SQL expression over all accounts: the same points as customers.scoring, to the point.

Measures are compiled by customers.conditions; what follows is whole-number arithmetic in nested subqueries, one step a
level. `offset 0` keeps PostgreSQL from merging the levels, which would write every expression out again and again.
"""

# ruff: noqa: S608  values are bound, only names of columns, placeholders and checked numbers are put in

from collections.abc import Collection
from datetime import date, timedelta

from customers.conditions.to_sql import Compiler
from customers.scoring import FORMS, FULL, HOLD_DAYS, PIECES, TOTAL, Card, Factor, Shape, Steps, millionths, whole_weights


def scores_sql(card: Card, compiler: Compiler, day: date, account_ids: Collection[int] | None = None) -> str:
    """Rows of (account_id, score, band, known, points jsonb, reason), one per account. Bind `compiler.params`."""
    text = values(card, compiler, account_ids)
    for level in (shares, weighed, floors, possible, parts, points):
        text = f"select {level(card, compiler, day)} from ({text} offset 0) x{held_join(card, day) if level is shares else ''}"
    reason = f"left({reason_sql(card, compiler)}, 200)"
    return f"select account_id, score, {band_sql(card)} as band, known, {points_json(card)} as points, {reason} as reason from ({text} offset 0) x"


def values(card: Card, compiler: Compiler, account_ids: Collection[int] | None) -> str:
    columns = ", ".join(f"{compiler.measure(factor.measure)} as v{i}" for i, factor in enumerate(card.factors))
    return f"select a.account_id, {columns} from {compiler.from_sql(account_ids)}"


def shares(card: Card, compiler: Compiler, day: date) -> str:
    """v: values, s: shares in millionths (null: does not count), h: the day a held value was known."""
    found = [f"x.v{i}, {counted_sql(factor, i, day)} as s{i}" for i, factor in enumerate(card.factors)]
    found += [f"{since_sql(factor, i, day)} as h{i}" for i, factor in holding(card)]
    known = " + ".join(f"(x.v{i} is not null)::int" for i in each(card))
    return f"x.account_id, {', '.join(found)}, {known} as known"


def holding(card: Card) -> list[tuple[int, Factor]]:
    return [(i, factor) for i, factor in enumerate(card.factors) if factor.missing == "hold"]


def held_join(card: Card, day: date) -> str:
    if not holding(card):
        return ""
    return (
        " left join (select distinct on (account_id) account_id, points from customers_score"
        f" where day >= date '{day - timedelta(days=HOLD_DAYS)}' and day < date '{day}'"
        " order by account_id, day desc) h on h.account_id = x.account_id"
    )


def counted_sql(factor: Factor, i: int, day: date) -> str:
    missing = "null"
    if factor.missing == "zero":
        missing = "0"
    elif factor.missing == "hold":
        missing = f"case when {since_past(factor)} >= date '{day - timedelta(days=HOLD_DAYS)}' then (h.points->'{factor.key}'->>'share')::bigint end"
    return f"(case when x.v{i} is null then {missing} else {share_sql(factor.shape, f'x.v{i}')} end)::bigint"


def since_past(factor: Factor) -> str:
    return f"(h.points->'{factor.key}'->>'since')::date"


def since_sql(factor: Factor, i: int, day: date) -> str:
    return f"case when x.v{i} is null then {since_past(factor)} else date '{day}' end"


def share_sql(shape: Shape, value: str) -> str:
    """The share of a known value in millionths; see customers.scoring.share."""
    if isinstance(shape, Steps):
        cases = " ".join(f"when {value} >= {limit:f} then {millionths(percent)}" for limit, percent in reversed(shape.steps))
        return f"(case {cases} else {millionths(shape.below)} end)"
    way, whole = f"({value} - ({shape.start:f}))", shape.end - shape.start
    if whole < 0:
        way, whole = f"(({shape.start:f}) - {value})", -whole
    exact = f"div(2 * {way} * {FULL} + {whole:f}, {2 * whole:f})"
    return f"(case when {way} <= 0 then 0 when {way} >= {whole:f} then {FULL} else {exact} end)"


def weighed(card: Card, _: Compiler, day: date) -> str:
    """w: the weight of the factors that count."""
    parts = " + ".join(f"(case when s{i} is null then 0 else {weight} end)" for i, weight in enumerate(whole_weights(card.factors)))
    return f"x.*, (case when known < {card.min_known} then 0 else ({parts})::bigint end) as w"


def floors(card: Card, _: Compiler, day: date) -> str:
    """q: possible points rounded down, r: what that left."""
    found = []
    for i, weight in enumerate(whole_weights(card.factors)):
        counts = f"s{i} is not null and w > 0"
        found.append(f"(case when {counts} then {TOTAL * weight} / w else 0 end) as q{i}")
        found.append(f"(case when {counts} then {TOTAL * weight} %% w else 0 end) as r{i}")
    return f"x.*, {', '.join(found)}"


def possible(card: Card, _: Compiler, day: date) -> str:
    """p: possible points, 100 in all."""
    rest = f"(case when w > 0 then {TOTAL} else 0 end - ({total(card, 'q')}))"
    return f"{kept(card)}, " + ", ".join(f"q{i} + (r{i} > 0 and {rank(card, 'r', i)} < {rest})::int as p{i}" for i in each(card))


def parts(card: Card, _: Compiler, day: date) -> str:
    """e: points rounded down, f: what that left, score."""
    exact = [f"coalesce(s{i}, 0) * p{i}" for i in each(card)]
    found = [f"({part}) / {FULL} as e{i}, ({part}) %% {FULL} as f{i}" for i, part in enumerate(exact)]
    score = f"case when w > 0 then ({' + '.join(exact)} + {FULL // 2}) / {FULL} end"
    return f"{kept(card)}, {numbered(card, 'p')}, {', '.join(found)}, {score} as score"


def points(card: Card, _: Compiler, day: date) -> str:
    """g: points, which add up to the score."""
    rest = f"(coalesce(score, 0) - ({total(card, 'e')}))"
    found = ", ".join(f"e{i} + (f{i} > 0 and {rank(card, 'f', i)} < {rest})::int as g{i}" for i in each(card))
    return f"{kept(card)}, {numbered(card, 'p')}, score, {found}"


def rank(card: Card, name: str, i: int) -> str:
    """How many remainders come before this one: the larger ones, and equal ones of earlier factors.

    Only remainders above zero ever get a point, so the callers ask for nothing more where there is none.
    """
    before = [f"({name}{j} {'>=' if j < i else '>'} {name}{i})::int" for j in each(card) if j != i]
    return f"({' + '.join(before) or '0'})"


def each(card: Card) -> range:
    return range(len(card.factors))


def total(card: Card, name: str) -> str:
    return " + ".join(f"{name}{i}" for i in each(card))


def numbered(card: Card, name: str) -> str:
    return ", ".join(f"{name}{i}" for i in each(card))


def kept(card: Card) -> str:
    """The columns that every level hands on."""
    return ", ".join(["account_id", numbered(card, "v"), numbered(card, "s"), *(f"h{i}" for i, _ in holding(card)), "known", "w"])


def band_sql(card: Card) -> str:
    return f"case when score is null then 'unknown' when score >= {card.good} then 'good' when score >= {card.watch} then 'watch' else 'risk' end"


def points_json(card: Card) -> str:
    """The factors as customers.models.Score.points holds them."""
    factors = " || ', ' || ".join(factor_json(factor, i) for i, factor in enumerate(card.factors))
    return f"('{{' || {factors} || '}}')::jsonb"


def factor_json(factor: Factor, i: int) -> str:
    """One factor as text, in parentheses so that many do not nest. Faster than format(), which looks up each argument's type."""
    value, share = f"coalesce(trim_scale(v{i})::text, 'null')", f"coalesce(s{i}::text, 'null')"
    known = f"case when v{i} is null then 'false' else 'true' end"
    since = f"""coalesce(', "since": "' || h{i} || '"', '') || """ if factor.missing == "hold" else ""
    head = f"""'"{factor.key}": {{"value": ' || {value} || ', "share": ' || {share}"""
    return f"""({head} || ', "points": ' || g{i} || ', "possible": ' || p{i} || ', "known": ' || {known} || {since}'}}')"""


def reason_sql(card: Card, compiler: Compiler) -> str:
    """The factor that costs most points in words, empty when none does; see customers.scoring.in_words."""
    dearest = f"greatest({', '.join(f'p{i} - g{i}' for i in each(card))})"
    cases = " ".join(f"when p{i} - g{i} = {dearest} then {words_sql(factor, i, compiler)}" for i, factor in enumerate(card.factors))
    return f"case when score is null or {dearest} = 0 then '' {cases} else '' end"


def words_sql(factor: Factor, i: int, compiler: Compiler) -> str:
    text = compiler.bound.text
    spoken = {"{value}": number_sql(f"v{i}"), "{abs}": number_sql(f"abs(v{i})"), "{label}": text(factor.label)}
    pieces = [spoken.get(piece) or form_sql(piece, i, compiler) or text(piece) for piece in PIECES.split(factor.says) if piece]
    return f"(case when v{i} is null then {text(factor.label)} else {' || '.join(pieces)} end)"


def form_sql(piece: str, i: int, compiler: Compiler) -> str:
    """ "{ticket|tickets}" by the number shown; empty for any other piece."""
    forms = FORMS.fullmatch(piece)
    if not forms:
        return ""
    one, many = compiler.bound.text(forms[1]), compiler.bound.text(forms[2])
    return f"(case when {number_sql(f'abs(v{i})')} = '1' then {one} else {many} end)"


def number_sql(value: str) -> str:
    """A number for people; see customers.scoring.number."""
    size = f"round(abs({value}), case when abs({value}) >= 10 then 0 else 1 end)"
    return f"(case when {value} < 0 and {size} > 0 then '−' else '' end || trim_scale({size}))"
