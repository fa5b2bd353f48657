"""Pages that read: the catalogue, one playbook's text, its runs, why and why not, what it held back, its versions."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm.lib import clock, htmx
from crm.lib.text import fold
from customers.models import Account
from customers.rights import can
from playbooks import in_words
from playbooks.active import compiled_doc
from playbooks.explain import explain
from playbooks.models import Playbook
from playbooks.overview import overview, run_log, suppressed
from playbooks.reasons import leaves
from playbooks.views.frame import found, frame
from playbooks.views.words import REASONS

RUNS = 30


@require_GET
def playbook_list(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    context = {"lines": overview(request.user, at), "may_edit": can(request.user, "playbook.edit"), "at": at}
    return render(request, "playbooks/playbook/list.html", context)


@require_GET
def playbook(request: HttpRequest, key: str) -> HttpResponse:
    one = found(key)
    return render(request, "playbooks/playbook/definition.html", frame(request, one, **words_of(one)))


def words_of(one: Playbook) -> dict[str, Any]:
    """Whom the playbook is for and what it does, in words; nothing without a version."""
    if one.active_version is None:
        return {}
    compiled = compiled_doc(one.active_version.doc)
    return {"audience": in_words.audience(compiled), "does": in_words.does(compiled.document.steps)}


@require_GET
def runs(request: HttpRequest, key: str) -> HttpResponse:
    one = found(key)
    before = request.GET.get("before", "")
    log = run_log(one, request.user, before=int(before) if before.isdigit() and len(before) < 19 else None, limit=RUNS + 1)
    context = frame(request, one, runs=log[:RUNS], older=log[RUNS - 1].pk if len(log) > RUNS else None)
    return htmx.render(request, "playbooks/playbook/runs.html", "playbooks/playbook/_runs.html", context)


@require_GET
def why(request: HttpRequest, key: str) -> HttpResponse:
    """Why it did or did not start on one account, at one instant. Without an account: the form alone."""
    one = found(key)
    problems, at = [], moment(request.GET.get("at", ""))
    if at is None:
        problems, at = ["The day is not understood; here is the present."], clock.now()
    account, problem = account_named(request)
    answer = explain(one, account, at) if account else None
    rows = [*leaves(answer.condition), *leaves(answer.segment)] if answer else []
    context = frame(request, one, account=account, answer=answer, rows=rows, asked=at, problems=problems + ([problem] if problem else []))
    return htmx.render(request, "playbooks/playbook/why.html", "playbooks/playbook/_why.html", context)


def moment(text: str) -> datetime | None:
    """The instant asked for: now when empty, None when unreadable. A day means its end."""
    if not text:
        return clock.now()
    try:
        asked = datetime.fromisoformat(text)
    except ValueError:
        return None
    asked = asked.replace(hour=23, minute=59) if len(text) <= len("2026-11-22") else asked
    return min(asked if asked.tzinfo else asked.replace(tzinfo=UTC), clock.now())


def account_named(request: HttpRequest) -> tuple[Account | None, str]:
    """The account that `account` names by id or by the beginning of its name, and what is wrong when it names none."""
    asked = request.GET.get("account", "").replace("\x00", "").strip()
    if not asked:
        return None, ""
    visible = Account.objects.visible_to(request.user)
    is_id = asked.isdigit() and len(asked) < 19
    account = visible.filter(pk=int(asked)).first() if is_id else visible.filter(folded__startswith=fold(asked)).order_by("folded").first()
    return account, "" if account else f"No account begins with “{asked[:60]}”."


@require_GET
def held(request: HttpRequest, key: str) -> HttpResponse:
    one = found(key)
    decisions: list[Any] = suppressed(one, request.user, clock.now())
    for decision in decisions:
        decision.words = REASONS.get(decision.reason, decision.reason.replace("_", " "))
    return render(request, "playbooks/playbook/held.html", frame(request, one, decisions=decisions))


@require_GET
def versions(request: HttpRequest, key: str) -> HttpResponse:
    one = found(key)
    kept = one.versions.select_related("created_by").order_by("-n")[:50]
    return render(request, "playbooks/playbook/versions.html", frame(request, one, versions=kept, changes=one.changes.order_by("-at")[:50]))
