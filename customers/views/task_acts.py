"""What people do to a task, each act an address of its own: close, reopen, snooze, wake, hand over, tick a line, remark.

The answer to htmx is empty, so that the row vanishes, with a toast and its undo; other parts refresh on "tasks-changed", lists
on "task-reopened".
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from crm.models import User
from customers import inbox
from customers.models import Task
from customers.rights import require
from customers.views.access import task_or_404
from customers.views.saying import refused

MORNING = time(8)
LATER = {"tomorrow": 1, "week": 7, "fortnight": 14, "month": 30}


@require_POST
def completion(request: HttpRequest, pk: int) -> HttpResponse:
    outcome, note = request.POST.get("outcome", ""), request.POST.get("note", "")[:10_000]
    return act(
        request,
        pk,
        "task.work",
        lambda task, at: inbox.complete(task, outcome=outcome, by=request.user, at=at, note=note),
        "Done: {}",
        undo="customers:task-reopening",
    )


@require_POST
def reopening(request: HttpRequest, pk: int) -> HttpResponse:
    response = act(request, pk, "task.work", lambda task, at: inbox.reopen(task, by=request.user, at=at), "Open again: {}")
    return htmx.trigger(response, "task-reopened")


@require_POST
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """`for` names a span of LATER, or `until` a day; the task comes back at eight in the person's zone."""
    require(request.user, "task.work")
    reason = request.POST.get("reason", "").strip() or "later"
    return act(
        request,
        pk,
        "task.work",
        lambda task, at: inbox.snooze(task, until=wake_at(request, at), reason=reason, by=request.user, at=at),
        "Snoozed: {}",
        undo="customers:task-waking",
    )


def wake_at(request: HttpRequest, at: datetime) -> datetime:
    """When a snoozed task comes back. Raises NotSnoozable for a day that is none."""
    zone = ZoneInfo(request.user.zone)
    days = LATER.get(request.POST.get("for", ""))
    if days is not None:
        return datetime.combine(at.astimezone(zone).date() + timedelta(days=days), MORNING, zone)
    try:
        return datetime.combine(forms.DateField().clean(request.POST.get("until", "")), MORNING, zone)
    except forms.ValidationError as error:
        raise inbox.NotSnoozable("Choose a day that lies ahead.") from error


@require_POST
def waking(request: HttpRequest, pk: int) -> HttpResponse:
    response = act(request, pk, "task.work", lambda task, at: inbox.wake(task, by=request.user, at=at), "Back: {}")
    return htmx.trigger(response, "task-reopened")


@require_POST
def assignment(request: HttpRequest, pk: int) -> HttpResponse:
    asked = request.POST.get("to", "")
    to = get_object_or_404(User.objects.filter(is_active=True), pk=int(asked) if asked.isdigit() and len(asked) < 19 else 0)
    return act(request, pk, "task.assign", lambda task, at: inbox.assign(task, to=to, by=request.user, at=at), f"Given to {to.name}: {{}}")


@require_POST
def checklist(request: HttpRequest, pk: int) -> HttpResponse:
    asked = request.POST.get("index", "")
    index = int(asked) if asked.isdigit() and len(asked) < 5 else -1
    done = request.POST.get("done") == "1"
    return act(request, pk, "task.work", lambda task, at: inbox.tick_item(task, index=index, done=done, at=at), "")


@require_POST
def remark(request: HttpRequest, pk: int) -> HttpResponse:
    text = request.POST.get("text", "").replace("\x00", "").strip()[:10_000]
    if not text:
        return refused(request, Refused("Write something first."), reverse("customers:task", args=[pk]))
    return act(request, pk, "task.work", lambda task, at: inbox.comment(task, text=text, at=at, by=request.user), "Remark added.")


def act(request: HttpRequest, pk: int, right: str, verb: Callable[[Task, datetime], object], said: str, *, undo: str = "") -> HttpResponse:
    """Do `verb` to the task and say so; a refusal is said and changes nothing."""
    task = task_or_404(request, pk)
    require(request.user, right)
    back = request.POST.get("back") or reverse("customers:task", args=[pk])
    if not back.startswith("/") or back.startswith("//"):
        back = reverse("customers:task", args=[pk])
    try:
        verb(task, clock.now())
    except Refused as error:
        return refused(request, error, back)
    response = HttpResponse() if htmx.is_fragment(request) else HttpResponseRedirect(back)
    htmx.trigger(response, "tasks-changed")
    undo_address = reverse(undo, args=[pk]) if undo else ""
    return htmx.toast(request, response, said.format(task.title), undo=undo_address) if said else response
