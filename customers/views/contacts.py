"""The people of an account: who fills which role, who was seen when, under which names they are known; and the panel of the overview."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from customers import activity, people
from customers.models import Account, Identifier, Membership, Source
from customers.rights import can, require
from customers.roles import NEEDED, ROLES, set_role
from customers.views.access import account_or_404, actor_of
from customers.views.account_health import panel
from customers.views.saying import changed, refused, undo_url, undone

QUIET_DAYS = 30
PANEL_MOST = 5
PAGE = "customers/contact/page.html", "customers/contact/_page.html"
FORM = "customers/contact/form.html", "customers/contact/_form.html"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact at this account: the role, when last seen in the product, and the names it is known by."""

    membership: Membership
    role: str
    seen_at: datetime | None
    is_quiet: bool
    identifiers: list[Identifier]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLES, required=False)


class ContactForm(forms.Form):
    name = forms.CharField(max_length=200)
    email = forms.EmailField(max_length=254, required=False, label="E-mail")
    title = forms.CharField(max_length=120, required=False)
    role = forms.ChoiceField(choices=ROLES, required=False)


@require_safe
def account_contacts(request: HttpRequest, pk: int) -> HttpResponse:
    """Roles filled and missing, then everybody."""
    account = account_or_404(request, pk)
    return htmx.render(request, *PAGE, contacts_context(request, account))


def contacts_context(request: HttpRequest, account: Account) -> dict[str, Any]:
    at = clock.now()
    found = staffed(account, at, with_names=True)
    return {
        "account": account,
        "at": at,
        "people": found,
        "slots": slots(found),
        "roles": ROLES,
        "may_edit": can(request.user, "account.edit"),
    }


@require_safe
def account_contacts_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The people who matter most, and the roles that nobody fills."""
    account, at = account_or_404(request, pk), clock.now()
    found = staffed(account, at)
    context = {"account": account, "at": at, "people": found[:PANEL_MOST], "count": len(found), "slots": slots(found)}
    return panel(request, context, "customers/contact/_panel.html")


def staffed(account: Account, at: datetime, *, with_names: bool = False) -> list[Person]:
    """Everybody who belongs to the account today: needed roles first, then by last sign of life. Two queries, four with names."""
    rows = list(Membership.objects.filter(account=account, to_at=None).select_related("contact"))
    seen = activity.last_seen(account)
    names = known_names([row.contact_id for row in rows]) if with_names else {}
    found = [person(row, seen.get(row.contact_id), at, names) for row in rows]
    return sorted(
        found, key=lambda each: (rank(each.membership.role), -(each.seen_at.timestamp() if each.seen_at else 0), each.membership.contact_id)
    )


def person(row: Membership, seen_at: datetime | None, at: datetime, names: dict[int, list[Identifier]]) -> Person:
    quiet = seen_at is not None and (at - seen_at).days > QUIET_DAYS
    return Person(row, dict(ROLES).get(row.role, row.role) if row.role else "", seen_at, quiet, names.get(row.contact_id, []))


def rank(role: str) -> int:
    return NEEDED.index(role) if role in NEEDED else len(NEEDED) + (not role)


def known_names(contact_ids: list[int]) -> dict[int, list[Identifier]]:
    """The identifiers of these contacts, each with `source_name`, by contact. Two queries."""
    rows = list(Identifier.objects.filter(contact__in=contact_ids).order_by("contact_id", "kind", "value"))
    scopes = {row.scope for row in rows} - {0}
    sources = dict(Source.objects.filter(pk__in=scopes).values_list("pk", "name")) if scopes else {}
    found: dict[int, list[Identifier]] = {}
    for row in rows:
        row.source_name = sources.get(row.scope, "everywhere")
        found.setdefault(row.contact_id, []).append(row)
    return found


def slots(found: list[Person]) -> list[dict[str, Any]]:
    """The roles an account needs, each with who fills it."""
    return [{"role": key, "label": dict(ROLES)[key], "people": [p for p in found if p.membership.role == key]} for key in NEEDED]


@require_POST
def contact_role(request: HttpRequest, pk: int, contact: int) -> HttpResponse:
    """Give a contact another role at this account."""
    account, membership = membership_of(request, pk, contact)
    require(request.user, "account.edit")
    form = RoleForm(request.POST)
    if not form.is_valid():
        return refused(request, Refused("There is no such role."), back_to(account))
    old = membership.role
    set_role(membership, role=form.cleaned_data["role"], by=request.user, at=clock.now())
    undo = undo_url("customers:contact-role-undo", request.user, [membership.pk, old])
    return htmx.toast(request, changed(request, back_to(account), "contacts-changed"), f"{membership.contact}: role changed.", undo=undo)


@require_POST
def contact_role_undo(request: HttpRequest) -> HttpResponse:
    """Put the former role back."""
    require(request.user, "account.edit")
    try:
        pk, old = undone(request)
    except Refused as error:
        return refused(request, error, "/accounts/")
    membership = get_object_or_404(Membership.objects.select_related("contact", "account"), pk=pk)
    set_role(membership, role=old, by=request.user, at=clock.now())
    return htmx.toast(request, changed(request, back_to(membership.account), "contacts-changed"), "The role is as it was before.")


@require_http_methods(["GET", "POST"])
def contact_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a person to the account."""
    account = account_or_404(request, pk)
    require(request.user, "account.edit")
    form = ContactForm(request.POST or None)
    if not form.is_valid():
        return asked(request, form, account)
    values = {key: value for key, value in form.cleaned_data.items() if key != "role"}
    try:
        made = people.new_contact(values, at=clock.now(), actor=actor_of(request), homes=[(account, form.cleaned_data["role"])])
    except Refused as error:
        form.add_error("email", error.message)
        return asked(request, form, account)
    response = htmx.trigger(changed(request, back_to(account), "contacts-changed"), "close-dialog")
    return htmx.toast(request, response, f"{made} is added.")


def asked(request: HttpRequest, form: ContactForm, account: Account) -> HttpResponse:
    context = {"form": form, "account": account, "at": clock.now()}
    return htmx.render(request, *FORM, context, status=422 if form.is_bound else 200)


def membership_of(request: HttpRequest, pk: int, contact: int) -> tuple[Account, Membership]:
    account = account_or_404(request, pk)
    rows = Membership.objects.filter(account=account, to_at=None).select_related("contact")
    return account, get_object_or_404(rows, contact_id=contact)


def back_to(account: Account) -> str:
    return reverse("customers:account-contacts", args=[account.pk])
