"""Store first: one inbound message becomes one Delivery. This is the door without HTTP; customers.ingest.doors is the one with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from django_q.tasks import async_task

from customers.ingest import body, limits
from customers.models import Delivery, Source

KEPT_HEADERS = ("content-type", "content-encoding", "content-length", "user-agent", "origin", "referer", "x-retry-count", "x-forwarded-for")
WAKE_AGAIN_SECONDS = 60


def store(source: Source, raw: bytes, *, at: datetime, path: str = "/v1/batch", headers: Mapping[str, str] | None = None) -> Delivery:
    """Store a raw body received at `at` as the HTTP door would. Raises body.Unusable for what that answers with 4xx.

    Nothing is applied: see customers.ingest.apply.apply_pending.
    """
    headers = {name.lower(): value for name, value in (headers or {}).items()}
    opened = body.open_body(raw, headers.get("content-encoding", ""), limits.of(source).body_bytes)
    check_shape(path, opened)
    return keep(source, opened, at=at, path=path, headers=headers)


def check_shape(path: str, opened: body.Body) -> None:
    """A batch route needs a batch. Raises Unusable."""
    if kind_of(path) == "batch" and not isinstance(opened.envelope.batch, list):
        raise body.Unusable(400, "invalid_request", "body is neither an item nor a batch: `batch` is missing")


def keep(
    source: Source,
    opened: body.Body,
    *,
    at: datetime,
    path: str,
    headers: Mapping[str, str],
    address: str | None = None,
    flags: list[str] | None = None,
) -> Delivery:
    """INSERT the Delivery. One statement."""
    return Delivery.objects.create(
        source_id=source.pk,
        received_at=at,
        method="POST",
        path=path[:200],
        headers={name: printable(headers[name])[:500] for name in KEPT_HEADERS if headers.get(name)},
        body=opened.packed,
        decoded_bytes=len(opened.text),
        client=printable(headers.get("user-agent", ""))[:120],
        address=address,
        items=opened.items,
        flags=flags or [],
    )


def wake(source: Source, *, at: datetime) -> None:
    """Ask for one apply job of this source, unless one is waiting already. What is missed here the tick picks up."""
    seconds_ago = at.fromtimestamp(at.timestamp() - WAKE_AGAIN_SECONDS, at.tzinfo)
    asked = Source.objects.filter(Q(wake_at=None) | Q(wake_at__lt=seconds_ago), pk=source.pk).update(wake_at=at)
    if asked:
        async_task("customers.ingest.jobs.apply_source", source.pk, group="ingest")


KINDS = {
    "batch": "batch",
    "b": "batch",
    "import": "batch",
    "track": "track",
    "t": "track",
    "identify": "identify",
    "i": "identify",
    "group": "group",
    "g": "group",
    "page": "page",
    "p": "page",
    "screen": "screen",
    "s": "screen",
    "alias": "alias",
    "a": "alias",
}


def kind_of(path: str) -> str | None:
    """What a path under /v1/ takes: batch, track, identify, group, page, screen or alias; None: unknown."""
    prefix, _, name = path.rstrip("/").rpartition("/")
    return KINDS.get(name) if prefix == "/v1" else None


def printable(value: Any) -> str:
    """Header text without what PostgreSQL refuses."""
    return str(value).replace("\0", "\ufffd").encode("utf-8", "replace").decode()
