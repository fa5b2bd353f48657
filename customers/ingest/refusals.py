"""Bodies answered with 4xx: counted and described, never stored. Describing is best effort and never spoils the answer."""

import hashlib
import logging
from datetime import datetime

from django.db import DatabaseError
from django.db.models import F

from customers.models import RefusedBody, Source

A_MINUTE = 60
log = logging.getLogger(__name__)
_described: dict[int, int] = {}


def note(
    source: Source | None, *, at: datetime, status: int, code: str, message: str, raw: bytes = b"", size: int = 0, client: str = ""
) -> None:
    """Count a refusal for its source and describe it: status, size, digest and the first 1 KB. Describes 60 a minute and process."""
    try:
        if source:
            Source.objects.filter(pk=source.pk).update(refused=F("refused") + 1)
        if not within_limit(at):
            return
        digest = hashlib.sha256(raw).hexdigest() if raw else ""
        RefusedBody.objects.create(
            source=source,
            at=at,
            status=status,
            code=code,
            message=message[:300],
            size=size or len(raw),
            digest=digest,
            head=raw[:1024],
            client=client[:120],
        )
    except DatabaseError:
        log.exception("a refused body could not be described")


def within_limit(at: datetime) -> bool:
    minute = int(at.timestamp()) // 60
    if minute not in _described:
        _described.clear()
    _described[minute] = _described.get(minute, 0) + 1
    return _described[minute] <= A_MINUTE
