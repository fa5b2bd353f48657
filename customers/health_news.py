"""Who changed in a scoring run, and telling it: traits for the changed, an event for those whose band changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from customers.events import Fact, record_batch
from customers.scoring import Card, Line, Past, Stored, change, costs, in_words, sentence
from customers.traits import TraitFact, set_traits_batch

TONES = {"good": "good", "watch": "watch", "risk": "bad"}
DRIVERS = 3


@dataclass(frozen=True, slots=True)
class Changed:
    """An account whose score or band is not what it was. `then`: the points before, None when there were none; `is_first`: it was
    never scored before."""

    account_id: int
    score: int | None
    band: str
    points: Mapping[str, Any]
    version: int
    from_score: int | None
    from_band: str
    then: Past | None
    is_first: bool


def replaced(day: date, account_ids: list[int] | None) -> dict[int, tuple[str, int]]:
    """The rows of that day which a run is about to overwrite: account -> (points as text, version)."""
    only = "" if account_ids is None else " and account_id = any(%(ids)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select account_id, points::text, version_id from customers_score where day = %(day)s{only}",  # noqa: S608
            {"day": day, "ids": account_ids},
        )
        return {account: (points, version) for account, points, version in cursor.fetchall()}


CHANGED = """
select n.account_id, n.score, n.band, n.points::text, n.version_id, o.scored_at is null, o.score, o.band, p.score, p.band, p.points, p.version_id
from customers_score n join customers_accountstate o on o.account_id = n.account_id
left join lateral (
    select p.score, p.band, p.points::text, p.version_id from customers_score p where p.account_id = n.account_id
        and p.day < case when o.scored_at is null then %(before)s + 1 else %(day)s end
    order by p.day desc limit 1) p on n.band <> o.band
where n.day = %(day)s and (n.score is distinct from o.score or n.band <> o.band) {only}
"""


def changed(day: date, account_ids: list[int] | None, before: Mapping[int, tuple[str, int]], days: int) -> list[Changed]:
    """Accounts whose new row of `day` differs from their AccountState, which is not updated yet.

    An account that was never scored is compared with what was reconstructed for `days` days ago, if it existed then.
    """
    only = "" if account_ids is None else "and n.account_id = any(%(ids)s)"
    with connection.cursor() as cursor:
        params = {"day": day, "before": day - timedelta(days=days), "ids": account_ids}
        cursor.execute(CHANGED.replace("{only}", only), params)
        return [as_changed(row, before) for row in cursor.fetchall()]


def as_changed(row: tuple[Any, ...], before: Mapping[int, tuple[str, int]]) -> Changed:
    account, score, band, points, version, is_first, old_score, old_band, past_score, past_band, past_points, past_version = row
    if is_first and past_band:
        old_score, old_band = past_score, past_band
    if account in before:
        past_points, past_version = before[account]
    then = None if old_score is None or past_points is None else Past(past_version, old_score, stored(msgspec.json.decode(past_points)))
    return Changed(account, score, band, msgspec.json.decode(points), version, old_score, old_band, then, is_first)


def stored(points: Mapping[str, Any]) -> dict[str, Stored]:
    """The factors of a Score row for customers.scoring.change."""
    return {key: Stored(f["points"], f["possible"], f["share"], f["known"]) for key, f in points.items()}


def lines(points: Mapping[str, Any]) -> list[Line]:
    """The factors of a Score row as customers.scoring.Line, in the card's order where it was kept."""
    return [
        Line(key, None if f["value"] is None else Decimal(str(f["value"])), f["share"], f["points"], f["possible"], f["known"])
        for key, f in points.items()
    ]


def announce(card: Card, found: list[Changed], *, at: datetime) -> int:
    """Set the traits of the changed and record who changed band. Returns how many did."""
    set_traits_batch([fact for each in found for fact in traits(card, each, at)], at=at, writer="health")
    moved = [band_changed(card, each, at) for each in found if each.band != each.from_band and each.from_band != "unknown"]
    if moved:
        record_batch(moved, at=at)
    return len(moved)


def traits(card: Card, each: Changed, at: datetime) -> list[TraitFact]:
    """The traits that can differ: an account changes its band much less often than its score."""
    known = each.score is not None
    values = {"health_score": each.score, "health_drivers": drivers(card, each.points) if known else None}
    if each.band != each.from_band or each.is_first:
        values["health"] = each.band if known else None
    return [TraitFact(each.account_id, path, value, at) for path, value in values.items()]


def drivers(card: Card, points: Mapping[str, Any]) -> str:
    """The factors that cost most, in words: "logins −80 % · 3 tickets in 30 days"."""
    words = {factor.key: factor for factor in card.factors}
    found = lines({key: f for key in words if (f := points.get(key)) and f["points"] < f["possible"]})
    return " · ".join(in_words(words[line.key], line.value) for line in costs(found)[:DRIVERS])


def band_changed(card: Card, each: Changed, at: datetime) -> Fact:
    """The event, with its title and body for the timeline."""
    labels = {factor.key: factor.label for factor in card.factors}
    now = None if each.score is None else Past(each.version, each.score, stored(each.points))
    parts = change(each.then, now, labels) if each.then and now else []
    says = sentence(parts) or drivers(card, each.points)
    props = {
        "score": each.score,
        "from_score": each.from_score,
        "band": each.band,
        "from_band": each.from_band,
        "sentence": says,
        "parts": [{"key": p.key, "label": p.label, "points": p.points, "kind": p.kind} for p in parts],
    }
    return Fact(
        each.account_id,
        "health.band_changed",
        at,
        props=props,
        key=f"band:{each.account_id}:{at.isoformat()}",
        title=f"Health {shown(each.from_score)} → {shown(each.score)}",
        body=" · ".join(filter(None, [f"{each.from_band.capitalize()} → {each.band.capitalize()}", says])),
        icon="heart-pulse",
        tone=TONES.get(each.band, ""),
    )


def shown(score: int | None) -> str:
    return "unknown" if score is None else str(score)
