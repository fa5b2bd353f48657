"""Sending to the tracking API in tests: small makers of messages, and posting them through the HTTP door."""

import base64
import gzip
import json
from datetime import datetime, timedelta
from typing import Any

from django.test import Client

from customers.ingest import apply, receive
from customers.models import Delivery, Source
from tests.factories import NOW


def message(kind: str = "track", key: str = "m-1", at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    """An item as the libraries send it; `event` and `userId` have defaults."""
    base: dict[str, Any] = {"type": kind, "messageId": key, "timestamp": at.isoformat(), "userId": "user-1"}
    if kind == "track":
        base["event"] = "Report Opened"
    return {**base, **fields}


def encoded(*items: Any, **more: Any) -> bytes:
    return json.dumps({"batch": list(items), **more}).encode()


def post(client: Client, body: bytes, *, key: str = "", path: str = "/v1/batch", zipped: bool = False, **headers: str) -> Any:
    """POST raw bytes as the libraries do, with Basic authentication when `key` is given."""
    if key:
        headers["HTTP_AUTHORIZATION"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    if zipped:
        body, headers["HTTP_CONTENT_ENCODING"] = gzip.compress(body), "gzip"
    return client.generic("POST", path, body, content_type="application/json", **headers)


def send(source: Source, *items: Any, at: datetime = NOW, **more: Any) -> Delivery:
    """Store a batch without HTTP; `sentAt` is the moment of receipt, so stated times are taken as they are."""
    return receive.store(source, encoded(*items, **{"sentAt": at.isoformat(), **more}), at=at)


def settled(source: Source, *items: Any, at: datetime = NOW + timedelta(hours=1), **more: Any) -> Delivery:
    """Store a batch and apply it."""
    delivery = send(source, *items, at=at, **more)
    apply.apply_pending(at=at, source=source)
    delivery.refresh_from_db()
    return delivery
