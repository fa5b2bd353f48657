"""Search: records first, then pages. Five of a kind, own accounts first, each kind one indexed prefix query.

`#` narrows to numbers, `@` to people, `>` to pages and actions. People see only what they may see.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, Value, When

from billing.models import Invoice
from crm.lib.text import fold
from crm.models import User
from crm.site_map import ITEMS, NEW, entries
from customers.models import Account, Contact, Task

EACH = 5


@dataclass(frozen=True)
class Hit:
    url: str
    label: str
    note: str = ""
    icon: str = ""
    mark: bool = False
    key: str = ""


@dataclass(frozen=True)
class Group:
    label: str
    hits: list[Hit]


def find(user: User, text: str) -> list[Group]:
    """Groups with at least one hit. Without text: the pages, as a place to start."""
    prefix = text[:1] if text[:1] in PREFIXES else ""
    needle = text.removeprefix(prefix).strip()
    kinds = PREFIXES[prefix] if needle or prefix == ">" else [pages, actions]
    groups = [Group(kind.__name__.capitalize(), list(kind(user, needle))) for kind in kinds]
    return [group for group in groups if group.hits]


def accounts(user: User, text: str) -> Iterable[Hit]:
    mine = Case(When(owner_id=user.pk, then=Value(0)), default=Value(1), output_field=IntegerField())
    match = Q(folded__startswith=fold(text)) | Q(domain__startswith=text.lower()) | number(text)
    rows = Account.objects.visible_to(user).filter(match).select_related("owner").order_by(mine, "folded", "pk")
    return (Hit(row.get_absolute_url(), row.name, row.owner.name if row.owner else "no owner", mark=True) for row in rows[:EACH])


def people(user: User, text: str) -> Iterable[Hit]:
    match = Q(folded__startswith=fold(text)) | Q(email__startswith=text.lower())
    rows = Contact.objects.visible_to(user).filter(match).prefetch_related("memberships__account").order_by("folded", "pk")[:EACH]
    for row in rows:
        home = next((member.account for member in row.memberships.all() if member.to_at is None), None)
        if home:
            yield Hit(f"{home.get_absolute_url()}contacts/", str(row), home.name, "user")


def tasks(user: User, text: str) -> Iterable[Hit]:
    match = Q(title__istartswith=text) | Q(account__folded__startswith=fold(text)) | number(text)
    rows = Task.objects.visible_to(user).open().filter(match).select_related("account").order_by("due_at", "pk")
    return (Hit(f"/tasks/{row.pk}/", row.title, row.account.name, "list-checks") for row in rows[:EACH])


def invoices(user: User, text: str) -> Iterable[Hit]:
    rows = Invoice.objects.visible_to(user).filter(number__istartswith=text).select_related("account")
    return [Hit(f"/invoices/{row.number}/", row.number, row.account.name, "receipt-text") for row in rows.order_by("-number")[:EACH]]


def pages(user: User, text: str) -> Iterable[Hit]:
    return [Hit(url, item.label, "", item.icon, key=item.key) for item, url in entries(ITEMS, user) if fits(item.label, text)]


def actions(user: User, text: str) -> Iterable[Hit]:
    return [
        Hit(url, f"New {item.label.lower()}", "", item.icon, key=item.key)
        for item, url in entries(NEW, user)
        if fits(f"new {item.label}", text)
    ]


def fits(label: str, text: str) -> bool:
    return any(word.startswith(fold(text)) for word in [fold(label), *fold(label).split()])


def number(text: str) -> Q:
    return Q(pk=int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else Q(pk__in=[])


Kind = Callable[[User, str], Iterable[Hit]]
PREFIXES: dict[str, list[Kind]] = {
    "": [accounts, people, tasks, invoices, pages, actions],
    "#": [invoices, accounts, tasks],
    "@": [people],
    ">": [pages, actions],
}
