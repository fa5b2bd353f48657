"""A row of the list of accounts, formatted once in Python: the table prints it and does nothing else.

Values come as dictionaries (`FIELDS`), not as records: a list of 50 then costs the database one query and the page little.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from crm.lib import charts
from crm.templatetags.crm import avatar, band, change, display_cached, short_day, tone_of

FIELDS = (
    "pk",
    "name",
    "folded",
    "domain",
    "owner_id",
    "owner__first_name",
    "owner__last_name",
    "owner__email",
    *(
        f"state__{name}"
        for name in (
            "lifecycle",
            "currency",
            "mrr_minor",
            "arr_minor",
            "arr_base_minor",
            "overdue_minor",
            "plan",
            "renewal_on",
            "score",
            "band",
            "score_change",
            "top_reason",
            "trend",
            "last_contact_at",
            "open_tasks",
            "sentiment",
            "coverage",
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One account as the table shows it; every value is text."""

    pk: str
    name: str
    domain: str
    logo: SafeString
    lifecycle: str
    owner: str
    plan: str
    arr: str
    mrr: str
    health: SafeString
    trend: SafeString
    change: SafeString
    reason: str
    renewal: str
    renewal_day: str
    renewal_tone: str
    contact: str
    contact_day: str
    tasks: str
    overdue: str


def values(rows: QuerySet) -> QuerySet:
    return rows.values(*FIELDS)


def formatted(found: Iterable[dict[str, Any]], *, at: datetime, today: date) -> list[Row]:
    return [row(item, at, today) for item in found]


def row(item: dict[str, Any], at: datetime, today: date) -> Row:
    renewal, contact, currency = item["state__renewal_on"], item["state__last_contact_at"], item["state__currency"]
    lifecycle = item["state__lifecycle"]
    return Row(
        pk=str(item["pk"]),
        name=item["name"],
        domain=item["domain"],
        logo=avatar(item["name"], "logo"),
        lifecycle="" if lifecycle == "customer" else lifecycle,
        owner=owner_name(item),
        plan=item["state__plan"].replace("-", " ").capitalize(),
        arr=amount(item["state__arr_minor"], currency),
        mrr=amount(item["state__mrr_minor"], currency),
        health=band(item["state__band"], item["state__score"]),
        trend=trend(item["name"], item["state__trend"], item["state__band"]),
        change=change(item["state__score_change"]),
        reason=item["state__top_reason"],
        renewal=days(renewal, today),
        renewal_day=short_day(renewal) if renewal else "",
        renewal_tone="watch" if renewal and 0 <= (renewal - today).days <= 30 else "",
        contact=f"{max((at - contact).days, 0)} d" if contact else "",
        contact_day=short_day(contact.date()) if contact else "",
        tasks=str(item["state__open_tasks"] or ""),
        overdue=amount(item["state__overdue_minor"], currency) if item["state__overdue_minor"] else "",
    )


def owner_name(item: dict[str, Any]) -> str:
    if item["owner_id"] is None:
        return ""
    return f"{item['owner__first_name']} {item['owner__last_name']}".strip() or item["owner__email"].split("@")[0]


def amount(minor: int | None, currency: str) -> str:
    return "" if minor is None or not currency else display_cached(minor, currency, whole=True)


def days(day: date | None, today: date) -> str:
    """ "41 d"; "−3 d" for a day that has passed."""
    if day is None:
        return ""
    away = (day - today).days
    return f"{away} d" if away >= 0 else f"−{-away} d"


def trend(name: str, scores: Sequence[int | None], band: str) -> SafeString:
    """Twelve weeks as a line; nothing where there are not two points to join."""
    if sum(score is not None for score in scores) < 2:
        return SafeString("")
    return charts.spark("12 weeks", scores, tone=tone_of(band), low=0, high=100).svg


def weeks(name: str, scores: Sequence[int | None], card_bands: tuple[int, int]) -> SafeString:
    """Twelve weeks as coloured bars for the head of an account; each bar says its score."""
    good, watch = card_bands
    tones = ["unknown" if s is None else "good" if s >= good else "watch" if s >= watch else "bad" for s in scores]
    return charts.strip(f"Health of {name}, 12 weeks", scores, tones).svg if scores else SafeString("")
