"""An account: the overview with what is to do and what happened, its facts, and the way to the next one of the list.

The first paint costs eight queries whatever the account holds; panels at the right are requests of their own.
"""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.lib import clock, htmx
from crm.lib.listing import encode_cursor, value_of
from crm.models import Installation
from customers import stream
from customers.models import Account, Task
from customers.rights import can
from customers.views import account_rows
from customers.views.access import NOT_OF_OWNER, account_or_404
from customers.views.account_listing import listing, rows
from customers.views.timeline_writing import composer

COOKIE = "accounts"


@require_safe
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """The overview: open tasks, composer, the first page of the timeline; panels follow."""
    at, installation = clock.now(), Installation.load()
    visible = Account.objects.visible_to(request.user, installation.visibility)
    found = get_object_or_404(visible.select_related("state", "owner").defer(*NOT_OF_OWNER), pk=pk)
    page = stream.page(found, request.user, at=at, zone=installation.zone, with_pinned=False, limit=30)
    context = {
        "account": found,
        "at": at,
        "page": page,
        "days": stream.by_day(page.items),
        "stream_url": reverse("customers:account-timeline", args=[pk]),
        "may_write": can(request.user, "timeline.write"),
        **open_tasks(found),
        **composer(found),
    }
    return render(request, "customers/account/overview.html", context)


def open_tasks(found: Account) -> dict[str, Any]:
    """What is to do at an account: the most urgent first."""
    tasks = Task.objects.filter(account=found).open().select_related("assignee").order_by("due_at", "pk")
    return {"tasks": list(tasks[:20])}


@require_safe
def account_facts(request: HttpRequest, pk: int) -> HttpResponse:
    """The facts of the head, asked for again when one of them changed."""
    found = account_or_404(request, pk)
    return htmx.render(request, "customers/account/facts.html", "customers/account/_facts.html", {"account": found, "at": clock.now()})


@require_safe
def account_step(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """The next or previous account of the list that the person came from, as it is sorted and filtered there."""
    here = account_or_404(request, pk)
    params = QueryDict(request.COOKIES.get(COOKIE, ""), mutable=True)
    target = neighbour(request, here, params, "after" if way == "next" else "before")
    if target is None:
        end = "last" if way == "next" else "first"
        return htmx.toast(request, HttpResponseRedirect(here.get_absolute_url()), f"This is the {end} account of the list.", tone="watch")
    return HttpResponseRedirect(reverse("customers:account", args=[target]))


def neighbour(request: HttpRequest, here: Account, params: QueryDict, way: str) -> int | None:
    declared = replace(listing(request), size=1)
    columns = {column.key: column for column in declared.columns if column.sort}
    column = columns.get(params.get("sort", "").removeprefix("-"), columns[declared.default])
    for key in ("after", "before"):
        params.pop(key, None)
    params[way] = encode_cursor(column.key, value_of(here, column.sort), here.pk)
    found = declared.page(account_rows.values(rows(request.user)), params).rows
    return found[0]["pk"] if found else None
