"""The pages that stand in the left rail and under "New", in order: which icon, which name, which key, who may open them."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True)
class Item:
    url_name: str
    label: str
    icon: str
    key: str = ""
    staff: bool = False
    gap: bool = False


ITEMS = [
    Item("day", "My day", "sun", "g d"),
    Item("customers:account-list", "Accounts", "building-2", "g a"),
    Item("customers:task-list", "Tasks", "list-checks", "g t"),
    Item("customers:timeline", "Timeline", "history", "g l"),
    Item("playbooks:playbook-list", "Playbooks", "workflow", "g p", gap=True),
    Item("billing:invoice-list", "Invoices", "receipt-text", "g i"),
    Item("customers:source-list", "Data", "database", "g s", gap=True),
    Item("admin:index", "Settings", "settings", "", staff=True),
]

NEW = [
    Item("customers:task-create", "Task", "list-checks", "t"),
    Item("customers:note-create", "Note", "sticky-note", "n"),
    Item("customers:account-create", "Account", "building-2"),
]


def frame(request: HttpRequest) -> dict[str, object]:
    """Template context of every page: the rail's items that exist and that this person may open."""
    user = getattr(request, "user", None)
    return {"nav_items": entries(ITEMS, user), "new_items": entries(NEW, user)}


def entries(items: list[Item], user: object) -> list[tuple[Item, str]]:
    """The items that exist and that `user` may open, each with its address."""
    return [entry for item in items if (entry := resolved(item, user))]


def resolved(item: Item, user: object) -> tuple[Item, str] | None:
    if item.staff and not getattr(user, "is_staff", False):
        return None
    try:
        return item, reverse(item.url_name)
    except NoReverseMatch:
        return None
