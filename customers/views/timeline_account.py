"""The timeline of one account: pages cut on a key, filters, jump to a day, and the events behind a folded line."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.lib import clock, htmx
from crm.lib.listing import decode_cursor, encode_cursor
from customers import folds, stream
from customers.catalogue import labels_of
from customers.rights import can
from customers.stream import Filters
from customers.views.access import account_or_404
from customers.views.timeline_writing import composer

CHIPS = [
    ("note", "Notes"),
    ("call", "Calls"),
    ("meeting", "Meetings"),
    ("email", "E-mails"),
    ("event", "Events"),
    ("activity", "Activity"),
]
PAGE = "customers/account/timeline.html", "customers/timeline/_stream.html"


@require_safe
def account_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """The relationship history, newest first."""
    account, at = account_or_404(request, pk), clock.now()
    asked = Asked(request)
    page = stream.page(account, request.user, at=at, before=asked.before, until=asked.until, filters=asked.filters)
    context = {
        "account": account,
        "at": at,
        "page": page,
        "days": stream.by_day(page.items),
        "asked": asked,
        "stream_url": request.get_full_path() if not asked.before else reverse("customers:account-timeline", args=[pk]),
        "may_write": can(request.user, "timeline.write"),
        **composer(account),
    }
    fragment = "customers/timeline/_more.html" if asked.before else PAGE[1]
    return htmx.render(request, PAGE[0], fragment, context)


class Asked:
    """What the query string asks for; what it says wrongly is named in `problems` and left out."""

    def __init__(self, request: HttpRequest) -> None:
        params = {key: value.replace("\x00", "").strip() for key, value in request.GET.items()}
        self.problems: list[str] = []
        self.before = params.get("before", "")
        self.shown = self.day(params.get("shown", ""))
        self.until = self.day(params.get("until", ""))
        known = dict(CHIPS)
        self.kinds = tuple(kind for kind in request.GET.getlist("kind") if kind in known)
        self.text, self.human_only = params.get("q", "")[:100], params.get("human") == "1"
        self.filters = Filters(kinds=self.kinds, text=self.text, human_only=self.human_only)
        self.chips = [(key, label, key in self.kinds) for key, label in CHIPS]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kinds or self.text or self.human_only or self.until)

    def day(self, raw: str) -> date | None:
        if not raw:
            return None
        try:
            return date.fromisoformat(raw)
        except ValueError:
            self.problems.append(f"“{raw[:40]}” is no day and was left out.")
            return None


@require_safe
def account_day(request: HttpRequest, pk: int, day: str) -> HttpResponse:
    """The events behind the folded line of a day."""
    account, when = account_or_404(request, pk), parsed(day)
    opened = folds.events_of(account, when, before=position(request.GET.get("before", "")))
    context: dict[str, Any] = {
        "account": account,
        "at": clock.now(),
        "day": when,
        "events": opened.events,
        "labels": labels_of(event.name for event, _ in opened.events),
        "older": encode_cursor(opened.older[0], str(opened.older[1])) if opened.older else "",
    }
    return htmx.render(request, "customers/account/day.html", "customers/timeline/_events.html", context)


def parsed(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError as error:
        raise Http404(day) from error


def position(token: str) -> tuple[datetime, UUID] | None:
    """Where a page of events begins; the beginning for a token that is none."""
    try:
        at, key = decode_cursor(token) if token else (None, None)
        return (at, UUID(key)) if isinstance(at, datetime) else None
    except (ValueError, AttributeError, TypeError):
        return None
