"""The relationship timeline as people read it: entries merged with one folded line of machine noise a day, page by page.

Writing by people is customers.composer; entries of events are customers.timeline. A folded line stands below the entries
of its local day (installation's zone). Pages are cut on a key, so any depth costs the same.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.safestring import SafeString

from crm.lib import clock
from crm.models import Installation, User
from customers import folds, notes
from customers.composer import HUMAN, delete, edit, pin, undo_delete, write
from customers.folds import Fold
from customers.models import Account, TimelineEntry
from customers.names import Names, names_of

__all__ = [
    "Filters",
    "Item",
    "Place",
    "Stream",
    "as_json",
    "by_day",
    "delete",
    "edit",
    "newer_count",
    "page",
    "pin",
    "undo_delete",
    "write",
]
PAGE = 50
NOISE = timedelta(days=30)
LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show. `kinds`: of entries (note, call, meeting, email, event, score, run, task), or `activity` for folded lines.

    `contact_id`: only what one contact did or was part of.
    """

    kinds: tuple[str, ...] = ()
    text: str = ""
    human_only: bool = False
    contact_id: int = 0

    @property
    def with_folds(self) -> bool:
        return not self.text and not self.human_only and not self.contact_id and (not self.kinds or "activity" in self.kinds)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: entries at one instant come before the folded line that stands there."""

    at: datetime
    is_entry: bool = True
    id: UUID = LAST

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.at.isoformat(), int(self.is_entry), self.id.hex]).encode()).decode()

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place in `text`; None when it is none."""
        try:
            at, is_entry, key = json.loads(base64.urlsafe_b64decode(text.encode()))
            return cls(datetime.fromisoformat(at).astimezone(UTC), bool(is_entry), UUID(key))
        except (ValueError, TypeError, AttributeError, binascii.Error):
            return None


@dataclass(frozen=True, slots=True)
class Item:
    """One line: either `entry` (with the names behind its ids) or `fold`. `day` is its local day."""

    at: datetime
    day: date
    account_id: int
    account_name: str = ""
    entry: TimelineEntry | None = None
    fold: Fold | None = None
    contact_name: str = ""
    user_name: str = ""
    source_name: str = ""

    @property
    def html(self) -> SafeString:
        """The entry's body; Markdown of people, plain text of machines."""
        return notes.render(self.entry.body) if self.entry and self.entry.body else SafeString("")

    @property
    def is_human(self) -> bool:
        return self.entry is not None and self.entry.kind in HUMAN


@dataclass(frozen=True, slots=True)
class Stream:
    """One page, newest first. `older` is the cursor of the next page, "" at the end."""

    items: list[Item]
    older: str
    pinned: list[Item] = field(default_factory=list)


def page(
    account: Account | None,
    user: User,
    *,
    at: datetime,
    before: str = "",
    until: date | None = None,
    filters: Filters | None = None,
    limit: int = PAGE,
    zone: str = "",
    with_pinned: bool = True,
) -> Stream:
    """One page of an account that the user may see, or (None) of all of them. A constant number of queries.

    `before` is `older` of the page before; `until` jumps to the end of a local day. A bad cursor starts from the top. `zone` is
    the installation's where it is known already.
    """
    zone, filters = zone or Installation.load().zone, filters or Filters()
    top = Place(clock.local_midnight(until + timedelta(days=1), zone), is_entry=False) if until else Place(at + timedelta(days=1))
    start = Place.read(before) or top
    rows = entries(account, user, filters)
    found = list(after(rows, start)[: limit + 1]) if wants_entries(filters) else []
    days = folded(account, user, start, found, zone, limit) if filters.with_folds else []
    pinned = list(rows.filter(pinned=True).order_by("-at", "-id")[:10]) if account and with_pinned and not before else []
    merged: list[TimelineEntry | Fold] = sorted([*found, *days], key=key, reverse=True)
    names = names_of([e for e in (*merged[:limit], *pinned) if isinstance(e, TimelineEntry)])
    items = [item(each, names, zone) for each in merged[:limit]]
    older = str(Place(*key(merged[limit - 1]))) if len(merged) > limit else ""
    return Stream(items, older, [item(each, names, zone) for each in pinned])


def entries(account: Account | None, user: User, filters: Filters) -> QuerySet[TimelineEntry]:
    rows = TimelineEntry.objects.filter(account_id=account.pk) if account else TimelineEntry.objects.visible_to(user)
    kinds = HUMAN if filters.human_only else tuple(kind for kind in filters.kinds if kind != "activity")
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if filters.contact_id:
        rows = rows.filter(contact_id=filters.contact_id)
    for word in filters.text.split():
        rows = rows.filter(Q(title__icontains=word) | Q(body__icontains=word))
    return rows


def wants_entries(filters: Filters) -> bool:
    return filters.kinds != ("activity",)


def after(rows: QuerySet[TimelineEntry], start: Place) -> QuerySet[TimelineEntry]:
    """The entries below a place, newest first. The plain bound on `at` beside the pair keeps the index useful."""
    if not start.is_entry:
        return rows.filter(at__lt=start.at).order_by("-at", "-id")
    below = Q(at__lt=start.at) | Q(at=start.at, id__lt=start.id)
    return rows.filter(below, at__lte=start.at).order_by("-at", "-id")


def folded(account: Account | None, user: User, start: Place, found: Sequence[TimelineEntry], zone: str, limit: int) -> list[Fold]:
    """The folded lines that can stand on this page. Of all accounts: down to its oldest entry, at the end 30 days at least."""
    last = clock.local_day(start.at, zone)
    if not (start.is_entry or clock.local_midnight(last, zone) < start.at):
        last -= timedelta(days=1)
    if account:
        return folds.of_account(account.pk, last, limit + 1, zone)
    oldest = clock.local_day(found[-1].at, zone) if found else last
    first = oldest + timedelta(days=1) if len(found) > limit else min(oldest, last - NOISE)
    return folds.of_all(user, first, last, zone)


def key(each: TimelineEntry | Fold) -> tuple[datetime, bool, UUID]:
    return (each.at, True, each.id) if isinstance(each, TimelineEntry) else (each.at, False, LAST)


def item(each: TimelineEntry | Fold, names: Names, zone: str) -> Item:
    if isinstance(each, Fold):
        return Item(each.at, each.day, each.account_id, fold=each)
    return Item(
        each.at,
        clock.local_day(each.at, zone),
        each.account_id,
        names.account(each.account_id),
        each,
        contact_name=names.contact(each.contact_id),
        user_name=names.user(each.user_id),
        source_name=names.source(each.source_id),
    )


def by_day(items: Sequence[Item]) -> Mapping[date, list[Item]]:
    """The items under their days, newest day first, for sticky headings."""
    found: dict[date, list[Item]] = {}
    for each in items:
        found.setdefault(each.day, []).append(each)
    return found


def newer_count(account: Account | None, user: User, *, since: datetime) -> int:
    """How many entries of the last day came in after `since`: "3 new", at most 99. One query."""
    rows = entries(account, user, Filters()).filter(at__gt=since - timedelta(days=1), known_at__gt=since)
    return len(rows.values_list("id", flat=True)[:99])


def as_json(each: Item) -> dict[str, Any]:
    """An item for the API."""
    if each.fold:
        return {"type": "fold", "day": each.day, "text": each.fold.text, "events": [vars_of(line) for line in each.fold.lines]}
    entry = each.entry
    return {
        "type": "entry",
        "id": entry.id,
        "at": entry.at,
        "known_at": entry.known_at,
        "account": entry.account_id,
        "kind": entry.kind,
        "name": entry.name,
        "title": entry.title,
        "body": entry.body,
        "contact": entry.contact_id or None,
        "user": entry.user_id or None,
        "source": entry.source_id or None,
        "pinned": entry.pinned,
        "url": entry.url,
        "props": entry.props,
    }


def vars_of(line: folds.Line) -> dict[str, Any]:
    return {"name": line.name, "count": line.events, "people": line.people}
