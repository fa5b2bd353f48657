"""The pages that stand in the left rail, in order: which icon, which name, who may open them."""

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


ITEMS = [
    Item("customers:day", "My day", "sun", "g d"),
    Item("customers:account-list", "Accounts", "building-2", "g a"),
    Item("customers:task-list", "Tasks", "list-checks", "g t"),
    Item("customers:timeline", "Timeline", "history", "g l"),
    Item("playbooks:playbook-list", "Playbooks", "workflow", "g p"),
    Item("billing:invoice-list", "Invoices", "receipt-text", "g i"),
    Item("customers:source-list", "Data", "database", "g s"),
    Item("admin:index", "Settings", "settings", "", staff=True),
]


def frame(request: HttpRequest) -> dict[str, object]:
    """Template context of every page: the rail's items that exist and that this person may open."""
    user = getattr(request, "user", None)
    return {"nav_items": [entry for item in ITEMS if (entry := resolved(item, user))]}


def resolved(item: Item, user: object) -> tuple[Item, str] | None:
    if item.staff and not getattr(user, "is_staff", False):
        return None
    try:
        return item, reverse(item.url_name)
    except NoReverseMatch:
        return None
