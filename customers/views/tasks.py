"""Pages of tasks: the list, one task with its reason, and making one."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from crm.lib import clock, htmx
from crm.lib.listing import Column, Filter, Listing, choice, flag, text
from crm.lib.text import fold
from crm.models import User
from customers import inbox
from customers.models import Account, Task
from customers.rights import can, require
from customers.views.access import task_or_404
from customers.views.task_form import TaskForm

STATUSES = [("open", "Open"), ("snoozed", "Snoozed"), ("closed", "Closed")]
OPEN = (Task.Status.OPEN, Task.Status.SNOOZED)
LIST = Listing(
    columns=[
        Column("due", "Due", sort="due_at", nullable=True),
        Column("title", "Task"),
        Column("account", "Account", sort="account__folded"),
        Column("kind", "Kind"),
        Column("priority", "Priority"),
        Column("assignee", "Who"),
        Column("age", "Made", sort="created_at", first="-"),
        Column("arr", "ARR", numeric=True),
        Column("act", ""),
    ],
    filters=[
        text(
            "q", "Title or account", lambda rows, value: rows.filter(Q(title__icontains=value) | Q(account__folded__startswith=fold(value)))
        ),
        choice("status", "Open and snoozed", STATUSES, lambda rows, value: by_status(rows, value)),
        choice("kind", "Any kind", Task.Kind.choices, lambda rows, value: rows.filter(kind=value)),
        choice("priority", "Any priority", Task.Priority.choices, lambda rows, value: rows.filter(priority=value)),
        flag("mine", "Mine", lambda rows, _value: rows),
        flag("unassigned", "Nobody's", lambda rows, _value: rows.filter(assignee=None)),
    ],
    default="due",
)


def by_status(rows: Any, value: str) -> Any:
    return rows.exclude(status__in=OPEN) if value == "closed" else rows.filter(status=value)


DUE = [("overdue", "Overdue"), ("today", "Due today"), ("week", "Due within a week")]


def due_filter(user: User, at: datetime) -> Filter:
    """When a task is due, by days of the person's zone."""
    today = clock.local_day(at, user.zone)
    first, end, week = (clock.local_midnight(today + timedelta(days=n), user.zone) for n in (0, 1, 8))
    spans = {
        "overdue": {"due_at__lt": first},
        "today": {"due_at__gte": first, "due_at__lt": end},
        "week": {"due_at__gte": first, "due_at__lt": week},
    }
    return choice("due", "Due any time", DUE, lambda rows, value: rows.filter(**spans[value]))


@require_GET
def task_list(request: HttpRequest) -> HttpResponse:
    rows = Task.objects.visible_to(request.user).select_related("account__state", "assignee")
    if not request.GET.get("status"):
        rows = rows.filter(status__in=OPEN)
    if request.GET.get("mine") == "1":
        rows = rows.filter(assignee=request.user)
    at = clock.now()
    page = replace(LIST, filters=[*LIST.filters, due_filter(request.user, at)]).page(rows, request.GET)
    context = {"page": page, "at": at, "may_work": can(request.user, "task.work")}
    return htmx.render(request, "customers/task/list.html", "customers/task/_rows.html", context)


@require_GET
def task(request: HttpRequest, pk: int) -> HttpResponse:
    return show(request, task_or_404(request, pk))


def show(request: HttpRequest, found: Task, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of one task: what to do, on whom, why, and what would close it."""
    context = {
        "task": found,
        "state": found.account.state,
        "why": found.why,
        "conditions": leaves(found.why.get("conditions") or {}),
        "comments": found.comments.select_related("user").order_by("at"),
        "may_work": can(request.user, "task.work"),
        "at": clock.now(),
        **more,
    }
    return htmx.render(request, "customers/task/page.html", "customers/task/_task.html", context, status=status)


def leaves(explained: dict[str, Any]) -> list[dict[str, Any]]:
    """The single conditions of an explained tree, from left to right."""
    if parts := explained.get("parts"):
        return [leaf for part in parts for leaf in leaves(part)]
    return [explained] if explained.get("sentence") else []


@require_http_methods(["GET", "POST"])
def task_create(request: HttpRequest) -> HttpResponse:
    """A task by hand. `account` in the query names the account; without it the form asks."""
    require(request.user, "task.work")
    account = asked_account(request)
    form = TaskForm(request.POST or None)
    if request.method == "POST" and account and form.is_valid():
        at = clock.now()
        made = inbox.create_task(account=account, at=at, by=request.user, effect_key=form.key_for(account.pk), **form.values(request))
        response = htmx.redirect(request, reverse("customers:task", args=[made.pk]))
        return response if htmx.is_fragment(request) else htmx.toast(request, response, f"Task for {account.name} is made.")
    if request.method == "POST" and not account:
        form.add_error(None, "Say which account it is about: the beginning of its name is enough.")
    context = {"form": form, "account": account, "named": request.POST.get("account", ""), "at": clock.now()}
    return render(request, "customers/task/new.html", context, status=422 if request.method == "POST" else 200)


def asked_account(request: HttpRequest) -> Account | None:
    """The visible account that `account` names, by id or by the beginning of its name."""
    asked = (request.POST.get("account") or request.GET.get("account", "")).replace("\x00", "").strip()
    if not asked:
        return None
    visible = Account.objects.visible_to(request.user)
    if asked.isdigit() and len(asked) < 19:
        return visible.filter(pk=int(asked)).first()
    return visible.filter(folded__startswith=fold(asked)).order_by("folded", "pk").first()
