"""The timeline of one account as the page shows it: entries merged with one folded line a day; and writing on it."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from crm.lib.clock import now
from crm.lib.paging import size_of
from crm.rest import checked
from customers import composer, stream
from customers.api import answers, bodies
from customers.models import Account

KINDS = {"note", "call", "meeting", "email", "event", "score", "run", "task", "activity"}
OF_TIMELINE = [
    OpenApiParameter("cursor", str, description="Where the page begins; take it from `next`."),
    OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 200}, description="Lines a page, 50 unless told."),
    OpenApiParameter("kind", str, description=f"Kinds with commas between: {', '.join(sorted(KINDS))}."),
    OpenApiParameter("q", str, description="Words that must occur in title or text."),
    OpenApiParameter("human", bool, description="true: only what people wrote."),
]


def timeline_answer(account: Account, request: Request) -> Response:
    """A page, newest first. `kind` narrows to kinds with commas between, `q` to words, `human=true` to what people wrote."""
    params = request.query_params
    token = params.get("cursor", "")
    if "\0" in "".join(params.values()) or (token and stream.Place.read(token) is None):
        raise ValidationError({"cursor": "This is not a cursor of this list; begin without one."})
    filters = stream.Filters(kinds_of(params.get("kind", "")), params.get("q", ""), params.get("human", "") == "true")
    found = stream.page(account, request.user, at=now(), before=token, filters=filters, limit=size_of(request))
    url = replace_query_param(request.build_absolute_uri(), "cursor", found.older) if found.older else None
    return Response({"results": [line(item) for item in found.items], "next": url})


def kinds_of(text: str) -> tuple[str, ...]:
    kinds = tuple(kind for kind in text.split(",") if kind)
    if unknown := sorted(set(kinds) - KINDS):
        raise ValidationError({"kind": f"There is no kind {', '.join(unknown)[:100]}. Known: {', '.join(sorted(KINDS))}."})
    return kinds


def line(item: stream.Item) -> dict[str, Any]:
    """One line: an entry, or a fold with the counts of its events."""
    if item.entry:
        return {**answers.EntryAnswer(item.entry).data, "day": item.day, "events": []}
    counts = [{"name": each.name, "count": each.events, "contacts": each.people} for each in item.fold.lines]
    fold = {"id": f"{item.account_id}-{item.day}", "account": item.account_id, "at": item.at, "kind": "activity", "title": item.fold.text}
    return {**EMPTY, **fold, "day": item.day, "events": counts}


EMPTY = {"name": "", "body": "", "contact": 0, "user": 0, "source": 0, "url": "", "properties": {}}


def write(account: Account, request: Request) -> Response:
    """A note, call, meeting or mail of the caller."""
    values = checked(bodies.NoteBody, request, context={"request": request})
    happened = values.get("at")
    made = composer.write(
        account,
        kind=values["kind"],
        text=values["body"],
        by=request.user,
        at=now(),
        contact=values.get("contact"),
        happened_at=happened,
    )
    return Response({"event": made.id, "tasks": [task.pk for task in made.tasks]}, status=201)
