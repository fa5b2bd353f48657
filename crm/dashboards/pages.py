"""My day: what first, and why. The ranked list is in the first paint; the numbers and what moved come after it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm.dashboards import day as reads
from crm.lib import clock, htmx
from crm.models import Installation
from customers.models import Source
from customers.ranking import my_day


def is_team(request: HttpRequest) -> bool:
    return request.GET.get("view") == "team"


@require_GET
def day(request: HttpRequest) -> HttpResponse:
    at, team = clock.now(), is_team(request)
    mine = my_day(request.user, at=at, team=team)
    renewals = [] if mine.rows else list(reads.next_renewals(request.user, at=at, team=team))
    context = {"mine": mine, "team": team, "renewals": renewals, "greeting": greeting(request, at), "at": at}
    context["base_currency"] = Installation.load().currency
    context["sources_exist"] = bool(mine.rows) or Source.objects.exists()
    return htmx.render(request, "crm/day/page.html", "crm/day/_list.html", context)


def greeting(request: HttpRequest, at: datetime) -> str:
    hour = at.astimezone(ZoneInfo(request.user.zone)).hour
    part = "morning" if 4 <= hour < 12 else "afternoon" if hour < 18 else "evening"
    return f"Good {part}, {request.user.first_name or request.user.name}"


@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    found = reads.numbers(request.user, at=clock.now(), team=is_team(request))
    return render(request, "crm/day/_numbers.html", {"numbers": found, "team": is_team(request)})


@require_GET
def moved(request: HttpRequest) -> HttpResponse:
    at, team = clock.now(), is_team(request)
    context = {"moved": reads.moved(request.user, at=at, team=team, limit=6), "risks": reads.at_risk(request.user, team=team), "team": team}
    return render(request, "crm/day/_moved.html", {**context, "base_currency": Installation.load().currency})


@require_GET
def held(request: HttpRequest) -> HttpResponse:
    """The tasks that the daily limit keeps back, each with its place."""
    mine = my_day(request.user, at=clock.now(), team=is_team(request))
    return render(request, "crm/day/held.html", {"mine": mine, "team": is_team(request), "at": clock.now()})
