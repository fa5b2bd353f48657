"""Which source a write key belongs to. Kept for at most ten seconds in each process, so a hot door asks the database rarely."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from customers.ingest import body
from customers.models import Source

KEPT = timedelta(seconds=10)
USED_EVERY = timedelta(seconds=60)
_known: dict[bytes, tuple[datetime, Source]] = {}


def source_of(key: str, *, at: datetime) -> Source | None:
    """The source that may be written with `key` now, or None. Records the use of the key at most once a minute."""
    digest = hashlib.sha256(key.encode("utf-8", "replace")).digest()
    kept = _known.get(digest)
    if kept and abs(at - kept[0]) < KEPT:
        return kept[1]
    found = find(key, at)
    if found is None:
        _known.pop(digest, None)
        return None
    note_use(found, at)
    _known[digest] = (at, found)
    return found


def forget() -> None:
    """Ask the database again; called when a source changes in this process."""
    _known.clear()


def find(key: str, at: datetime) -> Source | None:
    """By the present key, or by the one before while it is still valid. A source that is switched off is not found."""
    if not key or "\0" in key:
        return None
    valid = Q(write_key=key) | Q(old_write_key=key, old_key_until__gt=at)
    source = Source.objects.filter(valid).exclude(state=Source.State.OFF).first()
    same = source and any(hmac.compare_digest(key.encode(), known.encode()) for known in (source.write_key, source.old_write_key) if known)
    return source if same else None


def note_use(source: Source, at: datetime) -> None:
    stale = Q(key_used_at=None) | Q(key_used_at__lt=at - USED_EVERY)
    Source.objects.filter(stale, pk=source.pk).update(key_used_at=at)


def from_header(authorization: str) -> str:
    """The user name of HTTP Basic, else empty. The password is ignored."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip()).decode("utf-8", "replace").partition(":")[0].strip()
    except (binascii.Error, ValueError):
        return ""


def from_body(envelope: body.Envelope) -> str:
    """`writeKey` of the body, else of the first item of the batch, else empty."""
    if text(envelope.writeKey):
        return text(envelope.writeKey)
    batch = envelope.batch
    if not isinstance(batch, list) or not batch:
        return ""
    try:
        first = body.load(bytes(batch[0]))
    except (ValueError, RecursionError):
        return ""
    return text(first.get("writeKey")) if isinstance(first, dict) else ""


def text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
