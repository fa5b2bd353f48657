"""Who changed what about an account, when, from what to what: every change of its fields and traits, newest first."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm.lib import clock, htmx
from crm.lib.listing import Column, Listing, choice, text
from crm.lib.money import display
from crm.models import User
from customers import audit
from customers.conditions.phrases import readable
from customers.models import TraitChange
from customers.names import names_of
from customers.trait_types import OWNED
from customers.views.access import account_or_404

KINDS = [
    ("person", "People"),
    ("playbook", "Playbooks"),
    ("source", "Sources"),
    ("api_key", "API keys"),
    ("import", "Imports"),
    ("system", "Tenure"),
]
GROUPS = {
    "hand": (
        "Edited by hand",
        Q(path__in=["name", "domain", "owner", "stage", "zone", "currency", "sentiment"]) | Q(path__startswith="tag."),
    ),
    "billing": ("Billing", Q(path__in=[path for path, owner in OWNED.items() if owner == "billing"]) | Q(path__startswith="plan.")),
    "health": ("Health", Q(path__in=[path for path, owner in OWNED.items() if owner == "health"])),
}
LONGEST = 120


def of_field(rows: QuerySet, value: str) -> QuerySet:
    return rows.filter(path__startswith=value)


def of_group(rows: QuerySet, value: str) -> QuerySet:
    return rows.filter(GROUPS[value][1])


def of_kind(rows: QuerySet, value: str) -> QuerySet:
    return rows.filter(actor__kind=value)


CHANGES = Listing(
    columns=[
        Column("when", "When", sort="id", first="-"),
        Column("field", "Field"),
        Column("old", "Before"),
        Column("new", "After"),
        Column("who", "Who"),
        Column("known", "Known since"),
    ],
    filters=[
        text("field", "Field", of_field),
        choice("what", "All fields", [(key, label) for key, (label, _) in GROUPS.items()], of_group),
        choice("by", "Changed by", KINDS, of_kind),
    ],
    default="-when",
    unique="id",
)


@require_safe
def account_history(request: HttpRequest, pk: int) -> HttpResponse:
    """The audit trail of the account."""
    account = account_or_404(request, pk)
    page = CHANGES.page(audit.history(account), request.GET)
    context = {"account": account, "at": clock.now(), "page": page, "changes": shown(page.rows)}
    return htmx.render(request, "customers/account/history.html", "customers/account/_history.html", context)


def shown(rows: list[TraitChange]) -> list[dict[str, Any]]:
    """The changes with the names behind ids. Two queries at most."""
    names, people = names_of(rows), owners(rows)
    return [
        {
            "change": row,
            "who": who(row, names.source(row.source_id)),
            "kind": row.actor.get("kind", ""),
            "old": words(row, row.old, people),
            "new": words(row, row.new, people),
        }
        for row in rows
    ]


def owners(rows: list[TraitChange]) -> dict[int, str]:
    ids = {value for row in rows if row.path == "owner" for value in (row.old, row.new) if isinstance(value, int)}
    return {user.pk: user.name for user in User.objects.filter(pk__in=ids)} if ids else {}


def who(row: TraitChange, source: str) -> str:
    return row.actor.get("name") or source or {"system": "Tenure", "source": "a source"}.get(row.actor.get("kind", ""), "–")


def words(row: TraitChange, value: Any, people: dict[int, str]) -> str:
    """A value as people read it: money with its sign, days as "2 Jan 2027", owners by name, "–" for nothing."""
    if value is None:
        return "–"
    if isinstance(value, dict) and value.keys() == {"minor", "currency"}:
        return display(value["minor"], value["currency"])
    if row.path == "owner":
        return people.get(value, f"user {value}")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return readable(value)[:LONGEST]
