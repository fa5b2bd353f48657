"""The list of accounts, declared: its columns, its filters (those of customers.filters, so that the page, the export and the API
understand the same words) and the views that stand above it as tabs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import django_filters
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.lib.listing import Column, Filter, Listing, parse_flag
from crm.models import User
from customers.filters import BANDS, LIFECYCLES, AccountFilters
from customers.models import Account, AccountState, TraitType

COLUMNS = [
    Column("name", "Account", sort="folded"),
    Column("owner", "Owner", css="card-off"),
    Column("plan", "Plan", css="card-off roomy"),
    Column("arr", "ARR", sort="state__arr_base_minor", numeric=True, nullable=True, first="-"),
    Column("health", "Health", sort="state__score", nullable=True),
    Column("trend", "12 weeks", css="card-off airy"),
    Column("change", "30 d", numeric=True, css="card-off"),
    Column("reason", "Costs most", css="card-off"),
    Column("renewal", "Renews", sort="state__renewal_on", numeric=True, nullable=True),
    Column("contact", "In touch", sort="state__last_contact_at", numeric=True, nullable=True, css="card-off"),
    Column("tasks", "Tasks", numeric=True, css="card-off"),
    Column("overdue", "Overdue", sort="state__overdue_minor", numeric=True, first="-"),
]
CHOICES_KEPT = 60
MOST_CHOICES = 200


@dataclass(frozen=True)
class View:
    """A list that people come back to: a name and a query string."""

    label: str
    url: str


def listing(request: HttpRequest) -> Listing:
    """The list as this person sees it; what can be chosen is remembered for a minute. Three queries at most."""
    return Listing(columns=COLUMNS, filters=filters(AccountFilters({}, Account.objects.none(), request=request)), default="name")


def filters(known: AccountFilters) -> list[Filter]:
    owners, plans, tags = remembered("owners", owner_choices), remembered("plans", plan_choices), remembered("tags", tag_choices)
    return [
        shared(known, "q", "Search accounts"),
        shared(known, "owner", "Owner", "choice", owners),
        shared(known, "band", "Health", "choice", BANDS),
        shared(known, "lifecycle", "Lifecycle", "choice", LIFECYCLES),
        shared(known, "plan", "Plan", "choice", plans),
        shared(known, "tag", "Tag", "choice", tags),
        shared(known, "renewal_before", "Renews before", "date"),
        shared(known, "mine", "Mine", "flag"),
        shared(known, "unassigned", "Unassigned", "flag"),
        shared(known, "overdue", "Overdue", "flag"),
        shared(known, "open_tasks", "Open tasks", "flag"),
    ]


def shared(known: AccountFilters, name: str, label: str, kind: str = "text", choices: Sequence[tuple[str, str]] = ()) -> Filter:
    """One filter of the FilterSet as a filter of the list. A value that it refuses is a ValueError, so it is named and skipped."""
    item = known.filters[name]
    asked = known.request.GET.get(name, "")
    if kind == "choice" and asked and asked not in dict(choices):
        choices = [*choices, (asked, asked.replace(",", " or "))]
    return Filter(name, label, item.filter, flag_parser if kind == "flag" else parser(item, name), kind, tuple(choices))


def flag_parser(raw: str) -> bool:
    return parse_flag({"true": "1", "True": "1"}.get(raw, raw))


def parser(item: django_filters.Filter, name: str) -> Callable[[str], Any]:
    def parse(raw: str) -> Any:
        try:
            return item.field.clean(item.field.widget.value_from_datadict({name: raw}, {}, name))
        except ValidationError as error:
            raise ValueError(raw) from error

    return parse


def remembered(name: str, load: Callable[[], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """What can be chosen in a filter, asked of the database once a minute and process."""
    return caches["local"].get_or_set(f"account-list-{name}", load, CHOICES_KEPT)


def owner_choices() -> list[tuple[str, str]]:
    rows = User.objects.filter(is_active=True, pk__in=Account.objects.values("owner")).order_by("first_name", "last_name", "pk")
    return [(str(user.pk), user.name) for user in rows[:MOST_CHOICES]]


def plan_choices() -> list[tuple[str, str]]:
    rows = AccountState.objects.exclude(plan="").order_by("plan").values_list("plan", flat=True).distinct()
    return [(plan, plan.replace("-", " ").capitalize()) for plan in rows[:MOST_CHOICES]]


def tag_choices() -> list[tuple[str, str]]:
    rows = TraitType.objects.filter(subject="account", path__startswith="tag.").order_by("path").values_list("path", flat=True)
    return [(path.removeprefix("tag."), path.removeprefix("tag.")) for path in rows[:MOST_CHOICES]]


def rows(user: User) -> QuerySet[Account]:
    """Accounts that the person may see; joined with their state, so that its indexes can order them."""
    return Account.objects.visible_to(user).filter(state__isnull=False)


def views(today: date) -> list[View]:
    """The tabs above the list."""
    soon = today + timedelta(days=91)
    return [
        View("All", "?"),
        View("Mine", "?mine=1"),
        View("At risk", "?band=risk&sort=-arr"),
        View("Renews in 90 days", f"?lifecycle=customer&renewal_before={soon.isoformat()}&sort=renewal"),
        View("Overdue", "?overdue=1&sort=-overdue"),
        View("Open tasks", "?open_tasks=1"),
        View("Without owner", "?unassigned=1"),
    ]
