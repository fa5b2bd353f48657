"""Pages that change a playbook: its text, and whether it runs. Each calls the verb that the command line calls."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from crm.lib.yaml_marks import DocumentError
from customers.rights import require
from playbooks import versions
from playbooks.dsl.reading import read
from playbooks.models import Playbook
from playbooks.views.frame import found, frame


@require_http_methods(["GET", "POST"])
def text_edit(request: HttpRequest, key: str) -> HttpResponse:
    """The text in an editor; saving checks it and makes it the active version."""
    one = found(key)
    require(request.user, "playbook.edit")
    text = (
        request.POST.get("text", "")
        if request.method == "POST"
        else one.versions.order_by("-n").values_list("text", flat=True).first() or ""
    )
    return edit(request, text, one)


@require_http_methods(["GET", "POST"])
def playbook_create(request: HttpRequest) -> HttpResponse:
    require(request.user, "playbook.edit")
    return edit(request, request.POST.get("text", "") if request.method == "POST" else NEW, None)


def edit(request: HttpRequest, text: str, one: Playbook | None) -> HttpResponse:
    problems: list[Any] = []
    if request.method == "POST":
        text = text.replace("\r\n", "\n")
        problems = check(text, one)
        if not problems and "check" not in request.POST:
            activation = versions.activate(text, at=clock.now(), by=request.user)
            said = f"Version {activation.version.n} is active." if activation.is_new else "The text did not change; it is active."
            return htmx.toast(request, redirect("playbooks:playbook", activation.playbook.key), said)
    context = frame(request, one) if one else {"may_edit": True, "at": clock.now()}
    context |= {"text": text, "problems": problems, "checked": request.method == "POST" and not problems}
    return render(request, "playbooks/playbook/edit.html", context, status=422 if problems else 200)


def check(text: str, one: Playbook | None) -> list[Any]:
    """Every problem of the text, each with line, column, message and hint."""
    try:
        document = read(text)
    except DocumentError as error:
        return error.problems
    if one and document.key != one.key:
        return [
            {
                "line": 1,
                "column": 1,
                "message": f"The key is `{document.key}`; here stands `{one.key}`, and keys never change.",
                "hint": "make a new playbook for a new key",
            }
        ]
    return []


@require_POST
def activation_create(request: HttpRequest, key: str) -> HttpResponse:
    return move(request, key, "is active.", lambda one: versions.resume(one, at=clock.now(), by=request.user))


@require_POST
def pause_create(request: HttpRequest, key: str) -> HttpResponse:
    return move(
        request,
        key,
        "is paused: it starts nothing, and its runs stand still.",
        lambda one: versions.pause(one, at=clock.now(), by=request.user),
    )


def move(request: HttpRequest, key: str, said: str, verb: Any) -> HttpResponse:
    one = found(key)
    require(request.user, "playbook.edit")
    response = redirect("playbooks:playbook", key)
    try:
        verb(one)
    except Refused as refusal:
        return htmx.toast(request, response, refusal.message, tone="bad")
    undo = (
        ""
        if one.status == Playbook.Status.DRAFT
        else reverse(f"playbooks:playbook-{'pause' if 'active' in said else 'activation'}", args=[key])
    )
    return htmx.toast(request, response, f"{one.name} {said}", undo=undo)


NEW = """playbook: my-playbook
format: 1
name: What it is for, in a few words
for_accounts: {field: lifecycle, eq: customer}
trigger:
  id: quiet
  becomes_true: {absent: login, for: 14d}
steps:
  - id: call
    task:
      title: "Call {{ account.name }}: nobody logged in for two weeks"
      assign: account_owner
      due_in: 2bd
"""
