"""Pages of sources: whether data comes in, one source with its last deliveries, making one, and hearing its first message.

Everybody may see the state of the feeds; keys are shown to those who may edit sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from crm.lib import charts, clock, htmx
from crm.models import User
from customers import heartbeat, sources
from customers.models import Delivery, RefusedBody, Source
from customers.rights import can, require
from customers.snippets import snippets
from customers.views.source_form import KeyForm, NewSourceForm, SettingsForm, initial_of

SHOWN = 100
BAD = (Delivery.State.PARTLY, Delivery.State.QUARANTINED)
TONES = {"quiet": "watch", "silent": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list with what is normal in its hours, and the tone of its small line."""

    row: sources.Row
    normal: list[float | None]
    total: int
    tone: str


def tabs(user: User) -> list[dict[str, Any]]:
    """The tabs below Data that this person may open."""
    found = [{"label": "Sources", "url": reverse("customers:source-list")}]
    if can(user, "quarantine.replay"):
        found.append({"label": "Quarantine", "url": reverse("customers:quarantine")})
    if user.is_staff:
        found.append({"label": "Records", "url": reverse("customers:record-index")})
    return found


def rights_of(user: User) -> dict[str, bool]:
    return {"may_edit": can(user, "source.edit"), "may_replay": can(user, "quarantine.replay")}


@require_safe
def source_list(request: HttpRequest) -> HttpResponse:
    """All sources: alive or not, how much came, how late, what did not fit. It draws itself anew every 30 seconds."""
    at = clock.now()
    found = lines(sources.listing(at), heartbeat.normal_hours(at, 24))
    context = {
        "lines": found,
        "silent": [line for line in found if line.row.feed.state == heartbeat.SILENT],
        "alarms": heartbeat.alarms(at),
        "doors": snippets(host_of(request), "KEY"),
        "form": NewSourceForm(),
        "tabs": tabs(request.user),
        "at": at,
        **rights_of(request.user),
    }
    return htmx.render(request, "customers/source/list.html", "customers/source/_rows.html", context)


def lines(rows: Sequence[sources.Row], normal: dict[int, list[float | None]]) -> list[Line]:
    return [Line(row, normal.get(row.source.pk, []), sum(row.hours), TONES.get(row.feed.state, "")) for row in rows]


@require_http_methods(["GET", "POST"])
def source_create(request: HttpRequest) -> HttpResponse:
    """A new source; its page then shows the key and what to paste."""
    require(request.user, "source.edit")
    form = NewSourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        made = sources.create_source(cleaned["name"], kind=cleaned["kind"], owner=request.user, history=cleaned["history"], at=clock.now())
        return htmx.redirect(request, reverse("customers:source", args=[made.pk]))
    if request.method == "POST":
        return htmx.invalid(request, "customers/source/new.html", "customers/source/_new.html", {"form": form})
    return htmx.render(request, "customers/source/new.html", "customers/source/_new.html", {"form": form})


@require_safe
def source(request: HttpRequest, pk: int) -> HttpResponse:
    return show(request, source_or_404(pk))


def source_or_404(pk: int) -> Source:
    return get_object_or_404(Source.objects.select_related("owner", "shares_ids_with"), pk=pk)


def show(request: HttpRequest, found: Source, *, form: SettingsForm | None = None) -> HttpResponse:
    """The page of one source; with a refused form, 422."""
    at = clock.now()
    [row] = sources.listing(at, [found])
    normal = heartbeat.normal_hours(at, 24).get(found.pk, [None] * 24)
    context = {
        "source": found,
        "row": row,
        "chart": volume_chart(at, row.hours, normal, request.user.zone),
        "doors": snippets(host_of(request), found.write_key) if can(request.user, "source.edit") and takes_keys(found) else [],
        "heard": first_message(found),
        "form": form or SettingsForm(source=found, initial=initial_of(found)),
        "key_form": KeyForm(),
        "takes_keys": takes_keys(found),
        "at": at,
        **arrivals_context(request, found),
        **rights_of(request.user),
    }
    return render(request, "customers/source/page.html", context, status=422 if form else 200)


def takes_keys(found: Source) -> bool:
    """Whether something is sent with its write key; the source of the REST API has none that anybody knows."""
    return found.kind in sources.KINDS


def volume_chart(at: datetime, hours: list[int], normal: list[float | None], zone: str) -> charts.Chart:
    newest = heartbeat.floor(at)
    labels = [(newest - heartbeat.HOUR * n).astimezone(ZoneInfo(zone)).strftime("%H:%M") for n in reversed(range(len(hours)))]
    series = [charts.Series("Items", hours), charts.Series("Normal", normal, "unknown")]
    return charts.line(
        "Items an hour", labels, series if any(value is not None for value in normal) else series[:1], low=0, width=760, height=170
    )


def host_of(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


# What came in last


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that was stored (`delivery`) or refused at the door, with the answer that its sender got."""

    at: datetime
    answer: int
    state: str
    reason: str
    delivery: Delivery | None = None
    size: int = 0
    client: str = ""


@require_safe
def source_arrivals(request: HttpRequest, pk: int) -> HttpResponse:
    """The last messages of a source, drawn anew while the page is open."""
    found = source_or_404(pk)
    context = {"source": found, "at": clock.now(), **arrivals_context(request, found), **rights_of(request.user)}
    return htmx.render(request, "customers/source/arrivals.html", "customers/source/_arrivals.html", context)


def arrivals_context(request: HttpRequest, found: Source) -> dict[str, Any]:
    only_bad = request.GET.get("bad") == "1"
    return {"arrivals": arrivals(found, only_bad=only_bad), "only_bad": only_bad, "shown": SHOWN}


def arrivals(found: Source, *, only_bad: bool = False) -> list[Arrival]:
    """The last 100 messages of a source, newest first, stored and refused. Two queries."""
    rows: QuerySet[Delivery] = Delivery.objects.filter(source=found).defer("body", "headers", "detail").order_by("-received_at", "-pk")
    rows = rows.filter(state__in=BAD) if only_bad else rows
    refused = RefusedBody.objects.filter(source=found).defer("head").order_by("-at", "-pk")[:SHOWN]
    both = [
        *(Arrival(d.received_at, 200, d.state, d.reason, d, d.decoded_bytes, d.client) for d in rows[:SHOWN]),
        *(Arrival(r.at, r.status, "refused", f"{r.code}: {r.message}", None, r.size, r.client) for r in refused),
    ]
    return sorted(both, key=lambda arrival: arrival.at, reverse=True)[:SHOWN]


def first_message(found: Source) -> datetime | None:
    """When the first message that is still known came, stored or not applied yet."""
    rows = Delivery.objects.filter(source=found).order_by("received_at").values_list("received_at", flat=True)
    return rows.first()


@require_safe
def source_heard(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether the first message has come: asked every two seconds until it has; then the page's other parts draw themselves."""
    found = source_or_404(pk)
    heard = first_message(found)
    context = {"source": found, "heard": heard, "at": clock.now()}
    response = htmx.render(request, "customers/source/heard.html", "customers/source/_heard.html", context)
    return htmx.trigger(response, "arrived") if heard else response
