"""The timeline of all accounts that a person may see, how much is new on it, and a note written from anywhere."""

from datetime import datetime
from uuid import uuid4

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from crm.lib.text import fold
from crm.models import User
from customers import stream
from customers.models import Account
from customers.rights import can, require
from customers.views.saying import moved
from customers.views.timeline_account import Asked
from customers.views.timeline_writing import KEY_SECONDS, KINDS, NoteForm, said

OFFERED = 8
PAGE = "customers/stream/page.html", "customers/stream/_stream.html"
NOTE = "customers/stream/note.html"


@require_safe
def stream_page(request: HttpRequest) -> HttpResponse:
    """What happened at all visible accounts, newest first."""
    at, asked = clock.now(), Asked(request)
    page = stream.page(None, request.user, at=at, before=asked.before, until=asked.until, filters=asked.filters)
    context = {
        "at": at,
        "page": page,
        "days": stream.by_day(page.items),
        "asked": asked,
        "n": 0,
        "may_write": can(request.user, "timeline.write"),
    }
    return htmx.render(request, PAGE[0], "customers/stream/_more.html" if asked.before else PAGE[1], context)


@require_safe
def newer(request: HttpRequest) -> HttpResponse:
    """How many entries came in since the page was drawn (`since`): announced, not pushed under the reader."""
    since = instant(request.GET.get("since", ""))
    n = stream.newer_count(None, request.user, since=since) if since else 0
    return render(request, "customers/stream/_newer.html", {"n": n, "since": since, "at": clock.now()})


def instant(text: str) -> datetime | None:
    """An instant with its zone; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else None
    except ValueError:
        return None


# A note from anywhere


@require_http_methods(["GET", "POST"])
def note_create(request: HttpRequest) -> HttpResponse:
    """A note, call, meeting or e-mail; the form asks for the account. Sent twice, it is written once."""
    require(request.user, "timeline.write")
    account, problem = chosen(request)
    form = NoteForm(request.POST or None, account=account)
    if request.method == "POST" and account and form.is_valid():
        try:
            return written(request, account, form)
        except Refused as error:
            form.add_error("text", error.message)
    if request.method == "POST" and problem:
        form.add_error(None, problem)
    context = {
        "form": form,
        "account": account,
        "named": request.POST.get("account_text", ""),
        "kinds": KINDS,
        "note_key": request.POST.get("key") or uuid4(),
        "at": clock.now(),
        "today": clock.local_day(clock.now(), request.user.zone),
    }
    return render(request, NOTE, context, status=422 if request.method == "POST" else 200)


def written(request: HttpRequest, account: Account, form: NoteForm) -> HttpResponse:
    """Write it and go to the account's timeline. Raises Refused."""
    key, at = form.cleaned_data["key"], clock.now()
    there = reverse("customers:account-timeline", args=[account.pk])
    if key and not cache.add(f"note-{key.hex}", 1, KEY_SECONDS):
        return htmx.redirect(request, there)
    try:
        made = stream.write(account, by=request.user, at=at, **said(form, account, request, at))
    except Refused:
        cache.delete(f"note-{key.hex}" if key else "")
        raise
    undo = reverse("customers:entry-delete", args=[account.pk, made.id])
    return moved(request, there, f"{dict(KINDS)[form.cleaned_data['kind']]} written on {account.name}.", undo=undo)


def chosen(request: HttpRequest) -> tuple[Account | None, str]:
    """(the visible account that the form names, why there is none). `account` is an id, `account_text` what was typed."""
    data = request.POST or request.GET
    key, text = (data.get(name, "").replace("\x00", "").strip() for name in ("account", "account_text"))
    visible = Account.objects.visible_to(request.user)
    if key.isascii() and key.isdigit() and len(key) < 19:
        found = visible.filter(pk=int(key)).first()
        if found and fold(text) in {"", found.folded}:
            return found, ""
    matches = named(request.user, text)[:2]
    if len(matches) == 1 or (matches and matches[0].folded == fold(text)):
        return matches[0], ""
    return None, f"Several accounts begin with “{text[:60]}”: choose one." if matches else "Choose the account that it is about."


def named(user: User, text: str) -> list[Account]:
    """The visible accounts whose name begins with `text`, by name."""
    if not text:
        return []
    return list(Account.objects.visible_to(user).filter(folded__startswith=fold(text)).order_by("folded", "pk")[:OFFERED])


@require_safe
def account_options(request: HttpRequest) -> HttpResponse:
    """Suggestions for a field that asks for an account: options for `account_text`."""
    text = request.GET.get("account_text", "").replace("\x00", "").strip()[:100]
    return render(request, "customers/stream/_options.html", {"accounts": named(request.user, text)})
