"""The list of accounts: rows first, then the tiles of the filtered set, a row opened in place, and the list as CSV."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from crm.lib import clock, csvs, htmx
from crm.lib.listing import Page
from crm.models import Installation
from crm.templatetags.crm import money_whole
from customers.models import Account, Task
from customers.rights import can
from customers.views import account_rows
from customers.views.access import account_or_404
from customers.views.account_fields import editors
from customers.views.account_listing import listing, rows, views

LIST = "customers/accounts/list.html", "customers/accounts/_list.html"
EXPORT_SLICE = 2000
COOKIE_SECONDS = 86_400


@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    """Fifty accounts, filtered and sorted as the address says. The cookie lets `[` and `]` walk this list."""
    response = htmx.render(request, *LIST, list_context(request, clock.now()))
    response.set_cookie("accounts", request.GET.urlencode()[:1500], max_age=COOKIE_SECONDS, httponly=True, samesite="Lax")
    return response


def list_context(request: HttpRequest, at: Any) -> dict[str, Any]:
    declared, today = listing(request), clock.local_day(at, request.user.zone)
    page = declared.page(account_rows.values(rows(request.user)), request.GET)
    return {
        "at": at,
        "page": page,
        "rows": account_rows.formatted(page.rows, at=at, today=today),
        "views": views(today),
        "current": current_view(request, page),
        "query": request.GET.urlencode(),
        "is_empty": not page.rows and not page.active and not page.newer,
        "may_edit": can(request.user, "account.edit"),
    }


def current_view(request: HttpRequest, page: Page) -> str:
    """The query string without paging, as the tabs write theirs."""
    kept = request.GET.copy()
    for key in ("after", "before"):
        kept.pop(key, None)
    if kept.get("sort") == "name":
        kept.pop("sort")
    pairs = [(key, value) for key, value in kept.items() if value]
    return "?" + "&".join(f"{key}={value}" for key, value in pairs)


@require_safe
def account_tiles(request: HttpRequest) -> HttpResponse:
    """Figures of the filtered set, asked for after the rows stand."""
    declared = listing(request)
    found = declared.filtered(rows(request.user), request.GET)
    return htmx.render(
        request,
        "customers/accounts/tiles.html",
        "customers/accounts/_tiles.html",
        {"figures": figures(found), "query": request.GET.urlencode()},
    )


def figures(found: QuerySet[Account]) -> list[dict[str, Any]]:
    """The tiles: how many, what they pay, what of it is at risk, what is overdue. One query and the reporting currency."""
    risk, currency = Q(state__band="risk"), Installation.load().currency
    sums = found.order_by().aggregate(
        n=Count("pk"),
        arr=Sum("state__arr_base_minor"),
        risky=Count("pk", filter=risk),
        at_risk=Sum("state__arr_base_minor", filter=risk),
        overdue=Count("pk", filter=Q(state__overdue_minor__gt=0)),
        tasks=Sum("state__open_tasks"),
    )
    return [
        {"label": "accounts", "value": f"{sums['n']:,}"},
        {"label": "ARR", "value": money_whole(sums["arr"] or 0, currency)},
        {"label": "at risk", "value": f"{sums['risky']:,}", "tone": "bad" if sums["risky"] else ""},
        {"label": "ARR at risk", "value": money_whole(sums["at_risk"] or 0, currency), "tone": "bad" if sums["at_risk"] else ""},
        {"label": "with an overdue invoice", "value": f"{sums['overdue']:,}", "tone": "watch" if sums["overdue"] else ""},
        {"label": "open tasks", "value": f"{sums['tasks'] or 0:,}"},
    ]


@require_safe
def account_peek(request: HttpRequest, pk: int) -> HttpResponse:
    """A row opened in place: what costs points, what is to do, and the fields that change in place."""
    account = account_or_404(request, pk)
    return htmx.render(request, "customers/accounts/peek.html", "customers/accounts/_peek_row.html", peek_context(request, account))


def peek_context(request: HttpRequest, account: Account) -> dict[str, Any]:
    tasks = Task.objects.filter(account=account).open().order_by("due_at", "pk")[:5]
    return {"account": account, "tasks": tasks, "at": clock.now(), "in_row": True, **editors(request, account)}


def one_row(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The context of a single row after it was changed; `row` is None where the change took it out of the person's sight."""
    at = clock.now()
    found = account_rows.formatted(
        account_rows.values(rows(request.user)).filter(pk=pk), at=at, today=clock.local_day(at, request.user.zone)
    )
    return {"row": found[0] if found else None, "may_edit": can(request.user, "account.edit")}


# As a file

EXPORT = {
    "account_id": "pk",
    "name": "name",
    "domain": "domain",
    "owner_email": "owner__email",
    "lifecycle": "state__lifecycle",
    "plan": "state__plan",
    "currency": "state__currency",
    "mrr_minor": "state__mrr_minor",
    "arr_minor": "state__arr_minor",
    "score": "state__score",
    "band": "state__band",
    "score_change_30d": "state__score_change",
    "top_reason": "state__top_reason",
    "renewal_date": "state__renewal_on",
    "last_contact_at": "state__last_contact_at",
    "open_tasks": "state__open_tasks",
    "overdue_minor": "state__overdue_minor",
    "sentiment": "state__sentiment",
}


@require_safe
def account_export(request: HttpRequest) -> StreamingHttpResponse:
    """The whole filtered list as CSV, streamed. Money in minor units of the account's currency."""
    found = listing(request).filtered(rows(request.user), request.GET).order_by("folded", "pk")
    day = clock.local_day(clock.now(), request.user.zone)
    return csvs.streamed(f"accounts-{day.isoformat()}.csv", list(EXPORT), export_rows(found))


def export_rows(found: QuerySet[Account]) -> Iterator[list[Any]]:
    for row in found.values_list(*EXPORT.values()).iterator(chunk_size=EXPORT_SLICE):
        yield list(row)
