"""One delivery: its raw body as far as it is kept, headers, flags, and what became of its items."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm.lib import clock
from customers import intake
from customers.ingest import body
from customers.ingest.marked import LONGEST
from customers.models import Delivery, QuarantinedItem
from customers.rights import require
from customers.views.quarantine import RIGHT

ITEMS_SHOWN = 200


@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    require(request.user, RIGHT)
    found = get_object_or_404(Delivery.objects.select_related("source"), pk=pk)
    text, cut = readable(found)
    context = {
        "delivery": found,
        "text": text,
        "cut": cut,
        "items": QuarantinedItem.objects.filter(delivery=found).defer("raw", "detail").order_by("index")[:ITEMS_SHOWN],
        "can_replay": found.body is not None and found.source.kind != intake.KEY,
        "at": clock.now(),
    }
    return render(request, "customers/delivery/page.html", context)


def readable(found: Delivery) -> tuple[str, bool]:
    """(text, whether it was cut): the body indented where it is JSON, at most 64 kB; "" when it is no longer kept."""
    if found.body is None:
        return "", False
    raw = body.unpack(bytes(found.body))
    text = pretty(raw[: 4 * LONGEST]) if len(raw) <= 4 * LONGEST else raw[:LONGEST].decode("utf-8", "replace")
    return text[:LONGEST], len(text) > LONGEST or len(raw) > 4 * LONGEST


def pretty(raw: bytes) -> str:
    """Indented JSON; what is none stays as it is."""
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")
