"""Read-only pages of the records that Django's admin cannot hold, because their keys are composite. Staff only.

Pages are cut on the key, so any depth costs the same; nothing is counted.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.exceptions import ValidationError

from crm.lib.paging import cut
from crm.models import User
from customers.models import (
    ActivityDay,
    ContactDay,
    Event,
    FactLog,
    ItemKey,
    Score,
    SourceHour,
    TimelineEntry,
    Trait,
    TraitChange,
    TraitType,
)
from customers.visibility import of_seen

SIZE = 100
LONGEST = 200


@dataclass(frozen=True)
class Kind:
    """One table: its order (unique, all the same way), its columns, and the column that `name` narrows."""

    label: str
    model: type[Model]
    ordering: tuple[str, ...]
    columns: tuple[str, ...]
    name: str = ""

    @property
    def by_account(self) -> bool:
        return "account_id" in {field.name for field in self.model._meta.fields}


KINDS = {
    "events": Kind(
        "Events",
        Event,
        ("-account_id", "-occurred_at", "-id"),
        ("account_id", "occurred_at", "name", "contact_id", "quantity", "props", "source_id", "known_at", "late", "historical", "id"),
        "name",
    ),
    "timeline": Kind(
        "Timeline entries",
        TimelineEntry,
        ("-at", "-id"),
        ("account_id", "at", "kind", "name", "title", "user_id", "source_id", "id"),
        "name",
    ),
    "traits": Kind(
        "Traits",
        Trait,
        ("account_id", "contact_id", "path"),
        ("account_id", "contact_id", "path", "value", "type", "occurred_at", "known_at", "source_id"),
        "path",
    ),
    "trait-changes": Kind(
        "Changes of traits",
        TraitChange,
        ("-account_id", "-id"),
        ("account_id", "contact_id", "path", "old", "new", "occurred_at", "known_at", "actor", "source_id", "flags", "id"),
        "path",
    ),
    "trait-types": Kind("Types of traits", TraitType, ("path", "subject"), ("path", "subject", "type", "unit", "writer", "label"), "path"),
    "scores": Kind(
        "Scores", Score, ("-day", "-account_id"), ("account_id", "day", "score", "band", "known", "factors", "version_id", "at"), "band"
    ),
    "activity-days": Kind(
        "Activity by day",
        ActivityDay,
        ("account_id", "name", "day"),
        ("account_id", "name", "day", "n", "total", "min", "max", "last", "last_at"),
        "name",
    ),
    "contact-days": Kind(
        "Contacts by day", ContactDay, ("account_id", "contact_id", "day"), ("account_id", "contact_id", "day", "events", "last_at")
    ),
    "source-hours": Kind("Sources by hour", SourceHour, ("-hour", "-source_id"), ("source_id", "hour", "items", "quarantined")),
    "fact-log": Kind(
        "Fact log", FactLog, ("-id",), ("id", "xid", "at", "kind", "account_ids", "names", "paths", "from_at", "to_at"), "kind"
    ),
    "item-keys": Kind("Item keys", ItemKey, ("source_id", "key"), ("source_id", "key", "at"), "key"),
}


@require_safe
@staff_member_required(login_url="account_login")
def record_index(request: HttpRequest) -> HttpResponse:
    """All tables."""
    return render(request, "customers/records/index.html", {"kinds": KINDS})


@require_safe
@staff_member_required(login_url="account_login")
def record_list(request: HttpRequest, key: str) -> HttpResponse:
    """A page of one table, narrowed by account and name."""
    if key not in KINDS:
        raise Http404
    kind, params = KINDS[key], request.GET
    account, name = params.get("account", "").strip(), params.get("name", "").strip()[:LONGEST].replace("\0", "")
    rows, problems = narrowed(kind, request.user, account, name)
    try:
        found, token = cut(rows, kind.ordering, params.get("cursor", ""), SIZE)
    except ValidationError:
        found, token = cut(rows, kind.ordering, "", SIZE)
        problems.append("The link to this page is not valid; here is the beginning.")
    lines = [[shown(getattr(row, column)) for column in kind.columns] for row in found]
    context = {"kind": kind, "account": account, "name": name, "problems": problems, "lines": lines, "older": older(params, token)}
    return render(request, "customers/records/list.html", context)


def narrowed(kind: Kind, user: User, account: str, name: str) -> tuple[QuerySet, list[str]]:
    """The rows that the person may see, of an account and with a name where they are given; and what was not understood."""
    rows, problems = kind.model.objects.all(), []
    if kind.by_account:
        rows = of_seen(rows, user)
        if account.isascii() and account.isdigit() and len(account) < 19:
            rows = rows.filter(account_id=int(account))
        elif account:
            problems.append("An account is given by its number; this one was left out.")
    return (rows.filter(**{kind.name: name}) if kind.name and name else rows), problems


def shown(value: Any) -> Any:
    """A cell: instants in UTC to the second, JSON as JSON, numbers without empty decimals, nothing as a dash."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dict | list | bool):
        return json.dumps(value, ensure_ascii=False)[:LONGEST]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "–" if value in (None, "") else value


def older(params: QueryDict, token: str) -> str:
    """The link to the next page, "" on the last."""
    kept = params.copy()
    kept["cursor"] = token
    return f"?{kept.urlencode()}" if token else ""
