"""What a view says after a write: a toast with its undo, or why the verb refused."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from crm.lib import htmx
from crm.lib.refused import Refused
from crm.models import User

SALT = "customers.undo"
UNDO_SECONDS = 3600


def refused(request: HttpRequest, error: Refused, back: str) -> HttpResponse:
    """The verb's sentence as a toast; nothing on the page changes."""
    if not htmx.is_fragment(request):
        return htmx.toast(request, HttpResponseRedirect(back), error.message, tone="bad")
    return htmx.toast(request, HttpResponse(status=422, headers={"HX-Reswap": "none"}), error.message, tone="bad")


def changed(request: HttpRequest, back: str, event: str = "account-changed") -> HttpResponse:
    """The answer of a write whose parts of the page draw themselves anew on `event`; a redirect without htmx."""
    if not htmx.is_fragment(request):
        return HttpResponseRedirect(back)
    return htmx.trigger(HttpResponse(status=204), event)


def moved(request: HttpRequest, url: str, text: str, *, undo: str = "", tone: str = "good") -> HttpResponse:
    """Go to `url`, where `text` is said: with and without htmx the next page shows it."""
    messages.add_message(request, htmx.LEVELS[tone], text, extra_tags=undo)
    return htmx.redirect(request, url)


def undo_url(name: str, user: User, what: Any) -> str:
    """The address that takes back `what`: signed, for this person, for an hour."""
    return f"{reverse(name)}?token={signing.dumps([user.pk, what], salt=SALT, compress=True)}"


def undone(request: HttpRequest) -> Any:
    """What the token of an undo says. Raises Refused for one that is too old, not ours, or another person's."""
    try:
        user, what = signing.loads(request.GET.get("token", ""), salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise Refused("This can no longer be taken back.") from error
    if user != request.user.pk:
        raise Refused("Only the person who did this can take it back.")
    return what
