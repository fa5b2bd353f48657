"""What people do to a source: settings, a new key, pausing, resuming, switching off, and taking these back."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.lib import clock
from crm.lib.refused import Refused
from customers import sources
from customers.models import Source
from customers.rights import require
from customers.views.saying import moved, refused, undo_url, undone
from customers.views.source_form import OVERLAPS, KeyForm, SettingsForm, settings_of
from customers.views.sources import show, source_or_404, takes_keys

SAID = {
    Source.State.LIVE: "{} is live; what was stored meanwhile is applied by the next run.",
    Source.State.PAUSED: "{} is paused: what comes in is stored and applied after resuming.",
    Source.State.OFF: "{} is switched off: what it sends is refused.",
}


@require_POST
def source_settings(request: HttpRequest, pk: int) -> HttpResponse:
    found = source_or_404(pk)
    require(request.user, "source.edit")
    form = SettingsForm(request.POST, source=found)
    if not form.is_valid():
        return show(request, found, form=form)
    before = settings_of(found)
    sources.configure(found, form.cleaned_data)
    return said(request, found, f"The settings of {form.cleaned_data['name']} are saved.", before)


@require_POST
def source_state(request: HttpRequest, pk: int) -> HttpResponse:
    """`state`: live, paused or off. One that is off is refused at the door, a paused one is stored."""
    found, asked = source_or_404(pk), request.POST.get("state", "")
    require(request.user, "source.edit")
    if asked not in SAID:
        return refused(request, Refused("A source is live, paused or off."), found_url(found))
    before = {"state": found.state}
    sources.set_state(found, asked)
    return said(request, found, SAID[Source.State(asked)].format(found.name), before)


@require_POST
def source_key(request: HttpRequest, pk: int) -> HttpResponse:
    """A new write key; `overlap` hours long the old one works beside it."""
    found, form = source_or_404(pk), KeyForm(request.POST)
    require(request.user, "source.edit")
    if not takes_keys(found) or not form.is_valid():
        return refused(request, Refused("Choose when the old key ends."), found_url(found))
    sources.rotate(found, at=clock.now(), overlap=form.span())
    when = dict(OVERLAPS)[form.cleaned_data["overlap"]].lower()
    return moved(request, found_url(found), f"{found.name} has a new key; the old one ends {when}.")


@require_POST
def source_undo(request: HttpRequest) -> HttpResponse:
    """Put back the settings or the state that the token says."""
    require(request.user, "source.edit")
    try:
        pk, before = undone(request)
    except Refused as error:
        return refused(request, error, reverse("customers:source-list"))
    found = sources.configure(source_or_404(pk), before)
    return moved(request, found_url(found), f"{found.name} is as it was.")


def said(request: HttpRequest, found: Source, text: str, before: dict[str, Any]) -> HttpResponse:
    undo = undo_url("customers:source-undo", request.user, [found.pk, before])
    return moved(request, found_url(found), text, undo=undo)


def found_url(found: Source) -> str:
    return reverse("customers:source", args=[found.pk])
