"""What people do about quarantine: replaying items, deliveries or all of a reason, discarding with a reason, taking that back."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from customers import intake
from customers.ingest import quarantine
from customers.models import Delivery, QuarantinedItem, Source
from customers.rights import require
from customers.views.quarantine import RIGHT
from customers.views.saying import refused, undo_url, undone

MOST = 500


@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Ask for a replay: of `item`s, of a `delivery`, or of all open items of `source` and `reason`. Answers with its progress."""
    require(request.user, RIGHT)
    try:
        chosen = asked(request)
        refuse_stated(chosen)
        job = quarantine.replay(at=clock.now(), **chosen)
    except Refused as error:
        return refused(request, error, back(request))
    if htmx.is_fragment(request):
        return htmx.trigger(render(request, "customers/quarantine/_job.html", {"job": job}), "close-dialog")
    return HttpResponseRedirect(reverse("customers:quarantine-job", args=[job.pk]))


@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """Give up on the same choice, with a `note` that says why; it can be taken back for an hour."""
    require(request.user, RIGHT)
    at = clock.now()
    try:
        n = quarantine.discard(rows(asked(request)), note=request.POST.get("note", ""), at=at)
    except Refused as error:
        return refused(request, error, back(request))
    undo = undo_url("customers:quarantine-undo", request.user, at.isoformat()) if n else ""
    return answer(request, f"{n:,} item{'' if n == 1 else 's'} discarded.", undo=undo)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Open again what one discarding closed."""
    require(request.user, RIGHT)
    try:
        n = quarantine.take_back(datetime.fromisoformat(undone(request)))
    except Refused as error:
        return refused(request, error, reverse("customers:quarantine"))
    return answer(request, f"{n:,} item{'' if n == 1 else 's'} open again.")


def answer(request: HttpRequest, text: str, *, undo: str = "") -> HttpResponse:
    response = HttpResponse(status=204) if htmx.is_fragment(request) else HttpResponseRedirect(back(request))
    return htmx.toast(request, htmx.trigger(response, "quarantine-changed"), text, undo=undo)


def asked(request: HttpRequest) -> dict[str, Any]:
    """What was chosen, as `quarantine.replay` takes it. Raises Refused when nothing was."""
    whole = {"source": numbers(request, "source"), "delivery": numbers(request, "delivery"), "item": numbers(request, "item")}
    if whole["delivery"]:
        return {"delivery_ids": whole["delivery"]}
    if whole["item"]:
        return {"item_ids": whole["item"]}
    if whole["source"] and request.POST.get("reason"):
        return {"source": whole["source"][0], "reason": request.POST["reason"][:40].replace("\x00", "")}
    raise Refused("Choose what it is about: items, a delivery, or a source and a reason.")


def numbers(request: HttpRequest, name: str) -> list[int]:
    """The ids under a name, at most 500."""
    return [int(raw) for raw in request.POST.getlist(name) if raw.isascii() and raw.isdigit() and len(raw) < 19][:MOST]


def rows(chosen: dict[str, Any]) -> QuerySet[QuarantinedItem]:
    """The open items of a choice."""
    if "delivery_ids" in chosen:
        return quarantine.items().filter(delivery__in=chosen["delivery_ids"])
    if "item_ids" in chosen:
        return quarantine.items().filter(pk__in=chosen["item_ids"])
    return quarantine.items(source=chosen["source"], reason=chosen["reason"])


def refuse_stated(chosen: dict[str, Any]) -> None:
    """Raises Refused for requests of the REST API: only their caller's rights say which accounts they may name."""
    stated = Source.objects.filter(kind=intake.KEY)
    if "source" in chosen:
        found = stated.filter(pk=chosen["source"])
    elif "delivery_ids" in chosen:
        found = stated.filter(pk__in=Delivery.objects.filter(pk__in=chosen["delivery_ids"]).values("source"))
    else:
        found = stated.filter(pk__in=rows(chosen).order_by().values("source"))
    if found.exists():
        raise Refused("What was stated over REST is replayed there: POST /api/v1/deliveries/ID/replay/.")


def back(request: HttpRequest) -> str:
    """Where the form stood, when it says so and lies below Data."""
    asked_for = request.POST.get("back", "")
    return asked_for if asked_for.startswith("/data/") else reverse("customers:quarantine")
