"""Pages of quarantine: what could not be applied by source and reason, its items, one item with its bad field marked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm.lib import clock, htmx
from crm.lib.listing import Column, Listing, choice
from crm.models import Job
from customers import intake
from customers.ingest import quarantine
from customers.ingest.marked import LONGEST, marked
from customers.models import QuarantinedItem, RefusedBody, Source
from customers.rights import require
from customers.views.sources import tabs

RIGHT = "quarantine.replay"
REFUSED_SHOWN = 50
STATES = [("open", "Open"), ("replayed", "Replayed"), ("discarded", "Discarded")]
REASONS = [(code, code.replace("_", " ").capitalize()) for code in quarantine.REASONS]
JOB = "ingest.replay"
LIST = Listing(
    columns=[
        Column("at", "Received", sort="at", first="-"),
        Column("reason", "Reason"),
        Column("path", "Field"),
        Column("message", "What is wrong"),
        Column("source", "Source"),
        Column("state", "State"),
    ],
    filters=[
        choice("reason", "Any reason", REASONS, lambda rows, value: rows.filter(reason=value)),
        choice("state", "Open", STATES, lambda rows, value: rows.filter(state=value)),
    ],
    default="-at",
)


@require_safe
def groups(request: HttpRequest) -> HttpResponse:
    """Open items by source and reason, each with what fixes it; below, what was refused at the door."""
    require(request.user, RIGHT)
    context = {
        "groups": quarantine.groups(),
        "closed_to_replay": api_sources(),
        "refused": RefusedBody.objects.select_related("source").defer("head").order_by("-at", "-pk")[:REFUSED_SHOWN],
        "job": running_job(),
        "tabs": tabs(request.user),
        "at": clock.now(),
    }
    return htmx.render(request, "customers/quarantine/groups.html", "customers/quarantine/_groups.html", context)


def api_sources() -> set[int]:
    """Sources whose requests are stated over REST and replayed there, by whoever may see their accounts."""
    return set(Source.objects.filter(kind=intake.KEY).values_list("pk", flat=True))


def running_job() -> Job | None:
    """The replay that is under way or was asked for."""
    return Job.objects.filter(kind=JOB, state__in=[Job.State.QUEUED, Job.State.RUNNING]).order_by("-created_at").first()


@require_safe
def items(request: HttpRequest) -> HttpResponse:
    """Single items; open ones unless the filter says otherwise."""
    require(request.user, RIGHT)
    context = {"page": listing().page(rows_of(request), request.GET), "at": clock.now(), "job": running_job()}
    return htmx.render(request, "customers/quarantine/items.html", "customers/quarantine/_items.html", context)


def listing() -> Listing:
    """The list with a filter for each source. One query."""
    known = [(str(pk), name) for pk, name in Source.objects.order_by("name", "pk").values_list("pk", "name")]
    by_source = choice("source", "Any source", known, lambda rows, value: rows.filter(source=int(value)))
    return replace(LIST, filters=[by_source, *LIST.filters])


def rows_of(request: HttpRequest) -> QuerySet[QuarantinedItem]:
    rows = QuarantinedItem.objects.select_related("source").defer("raw", "detail")
    return rows if request.GET.get("state") in dict(STATES) else rows.filter(state=quarantine.OPEN)


@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: what was sent beside what was read, the bad field marked, why, and what fixes it."""
    require(request.user, RIGHT)
    found = item_or_404(pk)
    meaning, remedy = quarantine.REASONS.get(found.reason, (found.message, ""))
    context: dict[str, Any] = {
        "item": found,
        "raw": found.raw[:LONGEST],
        "cut": len(found.raw) > LONGEST,
        "read": marked(found.raw, found.path),
        "meaning": meaning,
        "remedy": remedy,
        "can_replay": found.source.kind != intake.KEY,
        "at": clock.now(),
    }
    return render(request, "customers/quarantine/item.html", context)


def item_or_404(pk: int) -> QuarantinedItem:
    rows = QuarantinedItem.objects.select_related("source", "delivery").defer("delivery__body", "delivery__headers", "delivery__detail")
    return get_object_or_404(rows, pk=pk)


@require_safe
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a replay is: asked every two seconds until it is done; then the lists of the page draw themselves anew."""
    require(request.user, RIGHT)
    found, at = get_object_or_404(Job, kind=JOB, pk=pk), clock.now()
    over = found.state not in {Job.State.QUEUED, Job.State.RUNNING}
    late = found.state == Job.State.QUEUED and at - found.created_at > timedelta(seconds=20)
    context = {"job": found, "late": late, "at": at}
    response = htmx.render(request, "customers/quarantine/job.html", "customers/quarantine/_job.html", context)
    return htmx.trigger(response, "quarantine-changed") if over else response
