"""Writing on an account's timeline: the composer, and what is done to an entry afterwards: edit, pin, delete, put back."""

from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from customers import composer as composing
from customers import notes, stream
from customers.models import Account, Contact, TimelineEntry
from customers.rights import can, require
from customers.views.access import account_or_404
from customers.views.saying import changed, refused

KINDS = [("note", "Note"), ("call", "Call"), ("meeting", "Meeting"), ("email", "E-mail")]
NOON = time(12)
KEY_SECONDS = 86_400
EDIT = "customers/timeline/edit.html", "customers/timeline/_edit.html"


class NoteForm(forms.Form):
    """`key` makes a form that is sent twice write once; `contact` and `day` are optional."""

    kind = forms.ChoiceField(choices=KINDS, initial="note")
    text = forms.CharField(max_length=20_000, error_messages={"required": "Write what happened."})
    contact = forms.ModelChoiceField(Contact.objects.none(), required=False, empty_label="Nobody in particular")
    day = forms.DateField(required=False)
    key = forms.UUIDField(required=False)

    def __init__(self, *args: Any, account: Account | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if account:
            self.fields["contact"].queryset = contacts_of(account)


def contacts_of(account: Account) -> Any:
    """The people who belong to the account today, by name."""
    return Contact.objects.filter(memberships__account=account, memberships__to_at=None).order_by("folded", "pk")


def composer(account: Account, form: NoteForm | None = None) -> dict[str, Any]:
    """What the composer shows: empty with a new key, or what was refused. No query."""
    return {"kinds": KINDS, "note": form, "note_key": uuid4()}


@require_POST
def note_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note, call, meeting or e-mail; lines "[] …" become tasks. Sent twice, it is written once."""
    account = account_or_404(request, pk)
    require(request.user, "timeline.write")
    form = NoteForm(request.POST, account=account)
    if not form.is_valid():
        return unwritten(request, account, form)
    key, at = form.cleaned_data["key"], clock.now()
    if key and not cache.add(f"note-{key.hex}", 1, KEY_SECONDS):
        return changed(request, account.get_absolute_url(), "timeline-changed")
    try:
        made = stream.write(account, by=request.user, at=at, **said(form, account, request, at))
    except Refused as error:
        cache.delete(f"note-{key.hex}" if key else "")
        form.add_error("text", error.message)
        return unwritten(request, account, form)
    return written(request, account, form, made)


def said(form: NoteForm, account: Account, request: HttpRequest, at: datetime) -> dict[str, Any]:
    """What `stream.write` takes. Somebody mentioned as "@Jonas Vik" is the contact when none was chosen."""
    cleaned, zone = form.cleaned_data, ZoneInfo(request.user.zone)
    day = cleaned["day"]
    then = None if day is None or day == at.astimezone(zone).date() else datetime.combine(day, NOON, zone)
    contact = cleaned["contact"] or mentioned(account, cleaned["text"])
    return {"kind": cleaned["kind"], "text": cleaned["text"], "contact": contact, "happened_at": then}


def mentioned(account: Account, text: str) -> Contact | None:
    """The contact whose name stands in the text after an @; of several, the longest name."""
    if "@" not in text:
        return None
    said_low = text.casefold()
    found = [contact for contact in contacts_of(account) if contact.name and f"@{contact.name.casefold()}" in said_low]
    return max(found, key=lambda contact: len(contact.name), default=None)


def written(request: HttpRequest, account: Account, form: NoteForm, made: Any) -> HttpResponse:
    response = htmx.render(
        request, "customers/timeline/compose.html", "customers/timeline/_composer.html", {"account": account, **composer(account)}
    )
    if not htmx.is_fragment(request):
        response = changed(request, account.get_absolute_url())
    tasks = len(made.tasks)
    more = f" {tasks} task{'' if tasks == 1 else 's'} added." if tasks else ""
    if tasks:
        htmx.trigger(response, "tasks-changed")
    undo = reverse("customers:entry-delete", args=[account.pk, made.id])
    kind = dict(KINDS)[form.cleaned_data["kind"]]
    return htmx.toast(request, htmx.trigger(response, "timeline-changed"), f"{kind} written.{more}", undo=undo)


def unwritten(request: HttpRequest, account: Account, form: NoteForm) -> HttpResponse:
    context = {"account": account, "at": clock.now(), **composer(account, form)}
    return htmx.invalid(request, "customers/timeline/compose.html", "customers/timeline/_composer.html", context)


@require_GET
def note_details(request: HttpRequest, pk: int) -> HttpResponse:
    """With whom and when: the rest of the composer, asked for when it is opened."""
    account = account_or_404(request, pk)
    form = NoteForm(account=account)
    context = {"account": account, "form": form, "at": clock.now(), "today": clock.local_day(clock.now(), request.user.zone)}
    return htmx.render(request, "customers/timeline/details.html", "customers/timeline/_details.html", context)


# An entry afterwards


def entry_or_404(account: Account, entry: UUID) -> TimelineEntry:
    return get_object_or_404(TimelineEntry.objects.filter(account_id=account.pk, id=entry))


@require_safe
def entry(request: HttpRequest, pk: int, entry: UUID) -> HttpResponse:
    """One entry: a page of its own, and for htmx the menu of what can be done to it."""
    account = account_or_404(request, pk)
    found = entry_or_404(account, entry)
    context = {"account": account, "entry": found, "html": notes.render(found.body), "at": clock.now(), **deeds(request, found)}
    return htmx.render(request, "customers/timeline/entry.html", "customers/timeline/_menu.html", context)


def deeds(request: HttpRequest, found: TimelineEntry) -> dict[str, bool]:
    """What this person may do to an entry."""
    may_write = can(request.user, "timeline.write")
    return {"may_write": may_write, "is_own": may_write and found.kind in composing.HUMAN and found.user_id == request.user.pk}


@require_http_methods(["GET", "POST"])
def entry_edit(request: HttpRequest, pk: int, entry: UUID) -> HttpResponse:
    """Change the words of one's own entry."""
    account = account_or_404(request, pk)
    require(request.user, "timeline.write")
    found = entry_or_404(account, entry)
    context = {"account": account, "entry": found, "text": request.POST.get("text", found.body), "at": clock.now()}
    if request.method == "GET":
        return htmx.render(request, *EDIT, context)
    try:
        stream.edit(found, text=request.POST.get("text", ""), by=request.user, at=clock.now())
    except Refused as error:
        return htmx.invalid(request, *EDIT, {**context, "error": error.message})
    response = htmx.trigger(changed(request, back_to(account), "timeline-changed"), "close-dialog")
    return htmx.toast(request, response, "The entry is changed.")


@require_POST
def entry_pin(request: HttpRequest, pk: int, entry: UUID) -> HttpResponse:
    """Keep an entry on top of the timeline, or (`pinned=0`) no longer."""
    account = account_or_404(request, pk)
    require(request.user, "timeline.write")
    pinned = request.POST.get("pinned", "1") == "1"
    stream.pin(entry_or_404(account, entry), pinned=pinned)
    return htmx.toast(request, changed(request, back_to(account), "timeline-changed"), "Pinned on top." if pinned else "No longer pinned.")


@require_POST
def entry_delete(request: HttpRequest, pk: int, entry: UUID) -> HttpResponse:
    """Take back one's own entry; it can be put back for ten minutes."""
    account = account_or_404(request, pk)
    require(request.user, "timeline.write")
    try:
        token = stream.delete(entry_or_404(account, entry), by=request.user, at=clock.now())
    except Refused as error:
        return refused(request, error, back_to(account))
    undo = f"{reverse('customers:entry-undo')}?token={token}"
    return htmx.toast(request, changed(request, back_to(account), "timeline-changed"), "The entry is deleted.", undo=undo)


@require_POST
def entry_undo(request: HttpRequest) -> HttpResponse:
    """Put a deleted entry back."""
    require(request.user, "timeline.write")
    try:
        account_id = stream.undo_delete(request.GET.get("token", ""), by=request.user, at=clock.now())
    except Refused as error:
        return refused(request, error, "/accounts/")
    back = reverse("customers:account-timeline", args=[account_id])
    return htmx.toast(request, changed(request, back, "timeline-changed"), "The entry is back.")


def back_to(account: Account) -> str:
    return reverse("customers:account-timeline", args=[account.pk])
