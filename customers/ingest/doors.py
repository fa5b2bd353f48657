"""The HTTP door of the tracking API, compatible with Segment's: /v1/batch, /v1/track and their short forms.

Reached before sessions, forms and redirects. It authenticates, checks size and JSON, stores one Delivery, and answers; what
the items mean is the job of customers.ingest.apply. Every answer is JSON with CORS headers; only faults of ours are 5xx.
"""

import logging
import random
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import msgspec
from django.db import DatabaseError, InterfaceError
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse

from crm.lib import clock
from customers.ingest import body, keys, limits, receive, refusals
from customers.ingest.body import Unusable
from customers.models import Delivery, Source

log = logging.getLogger(__name__)
DONE = b'{"success": true}'
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
    "Access-Control-Allow-Headers": "authorization, content-type, x-retry-count",
    "Access-Control-Max-Age": "86400",
}


class Call:
    """One request on its way through the door."""

    def __init__(self, request: HttpRequest) -> None:
        self.environ: dict[str, Any] = request.environ if hasattr(request, "environ") else request.META
        self.method = request.method
        self.path = request.path_info
        self.at = clock.now()
        self.source: Source | None = None
        self.raw = b""

    def header(self, name: str) -> str:
        plain = name.upper().replace("-", "_")
        return self.environ.get(plain if plain in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{plain}") or ""

    @property
    def address(self) -> str | None:
        """The remote address, where it is one that PostgreSQL can hold."""
        try:
            return str(ip_address(self.environ.get("REMOTE_ADDR", "").partition("%")[0]))
        except ValueError:
            return None

    @property
    def headers(self) -> dict[str, str]:
        return {name: self.header(name) for name in receive.KEPT_HEADERS}


def answer(request: HttpRequest) -> HttpResponse:
    """Answer any request below /v1/."""
    call = Call(request)
    try:
        response = route(call)
    except Unusable as refusal:
        response = refuse(call, refusal)
    except Exception:
        log.exception("ingest door failed")
        keys.forget()
        response = unavailable()
    return with_cors(call, response)


def route(call: Call) -> HttpResponse:
    if receive.kind_of(call.path) is None:
        raise Unusable(404, "not_found", "no such path")
    if call.method == "OPTIONS":
        return HttpResponse(b"", headers=PREFLIGHT)
    if call.method != "POST":
        raise Unusable(405, "method_not_allowed", "use POST")
    return accept(call)


def accept(call: Call) -> HttpResponse:
    """Authenticate by header where there is one, read, authenticate by body otherwise, store, answer."""
    header_key = keys.from_header(call.header("Authorization"))
    if header_key:
        call.source = authenticated(header_key, call.at)
    cap = limits.of(call.source or Source()).body_bytes
    call.raw = body.read_raw(call.environ, cap)
    opened = body.open_body(call.raw, call.header("Content-Encoding"), cap)
    body_key = keys.text(opened.envelope.writeKey) or (not header_key and keys.from_body(opened.envelope)) or ""
    source = call.source = call.source or authenticated(body_key, call.at)
    receive.check_shape(call.path, opened)
    check_rate(source, opened.items, call.at)
    flags = ["key_mismatch"] if header_key and body_key and header_key != body_key else []
    receive.keep(source, opened, at=call.at, path=call.path, headers=call.headers, address=call.address, flags=flags)
    wake(source, call.at)
    return HttpResponse(DONE, content_type="application/json")


def authenticated(key: str, at: datetime) -> Source:
    source = keys.source_of(key, at=at)
    if source is None:
        raise Unusable(401, "unauthorized", "unknown write key")
    return source


def check_rate(source: Source, items: int, at: datetime) -> None:
    """Refuse with 429 what goes above the source's events per calendar minute."""
    if not source.events_per_minute:
        return
    minute = at.replace(second=0, microsecond=0)
    seen = Delivery.objects.filter(source_id=source.pk, received_at__gte=minute).aggregate(n=Sum("items"))["n"] or 0
    if seen + items > source.events_per_minute:
        raise Unusable(429, "rate_limited", f"more than {source.events_per_minute} events a minute")


def wake(source: Source, at: datetime) -> None:
    """The delivery is safe by now: failing to ask for a job must not look like a failed request."""
    try:
        receive.wake(source, at=at)
    except (DatabaseError, InterfaceError):
        log.exception("no apply job for %s; the tick will pick it up", source)


def refuse(call: Call, refusal: Unusable) -> HttpResponse:
    """The answer to a request that is at fault, after reading what it still sends."""
    size = len(call.raw) or int(call.header("Content-Length").isdigit() and call.header("Content-Length"))
    if refusal.status in {401, 405} and not call.raw:
        drain(call)
    refusals.note(
        call.source,
        at=call.at,
        status=refusal.status,
        code=refusal.code,
        message=refusal.message,
        raw=call.raw,
        size=size,
        client=receive.printable(call.header("User-Agent")),
    )
    response = error(refusal.status, refusal.code, refusal.message)
    if refusal.status == 429:
        response["Retry-After"] = str(60 - call.at.second)
    if refusal.status == 405:
        response["Allow"] = "POST, OPTIONS"
    return response


def drain(call: Call) -> None:
    """Read and drop the body, so that an answer given early reaches a sender that is still writing."""
    size = 0
    try:
        for chunk in body.chunks(call.environ):
            size += len(chunk)
            if size > 64 * 1024 * 1024:
                return
    except OSError:
        return


def unavailable() -> HttpResponse:
    """Our own fault: senders keep the data and come again within seconds (never 4xx, for which they would drop it)."""
    response = error(503, "unavailable", "try again")
    response["Retry-After"] = str(random.randint(5, 15))  # noqa: S311
    return response


def error(status: int, code: str, message: str) -> HttpResponse:
    return HttpResponse(msgspec.json.encode({"code": code, "message": message}), status=status, content_type="application/json")


def with_cors(call: Call, response: HttpResponse) -> HttpResponse:
    """Browsers on any origin may send; a source that lists its origins lets only those read the answer."""
    response["Access-Control-Expose-Headers"] = "Retry-After"
    allowed = call.source.allowed_origins if call.source else []
    if not allowed:
        response["Access-Control-Allow-Origin"] = "*"
        return response
    response["Vary"] = "Origin"
    if call.header("Origin") in allowed:
        response["Access-Control-Allow-Origin"] = call.header("Origin")
    return response
