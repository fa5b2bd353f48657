"""When it happened: reading the times that senders state, and putting a wrong clock right. Pure."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from customers.ingest.reading import Fault

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(9000, 1, 1, tzinfo=UTC)
CALLERS = timedelta(minutes=1)


def parse(value: Any) -> tuple[datetime, bool] | None:
    """(instant, zone was stated) of ISO 8601 text, or of seconds or milliseconds since 1970; None when unreadable.

    Fractions are cut to microseconds, a date alone is midnight UTC, no zone means UTC.
    """
    if isinstance(value, str):
        return parse_text(value.strip())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return parse_number(value)
    return None


@lru_cache(maxsize=32)  # all items of a delivery share the time at which it was sent
def parse_text(text: str) -> tuple[datetime, bool] | None:
    if not _iso.match(text):
        return parse_number(float(text)) if _number.match(text) else None
    try:
        found = datetime.fromisoformat(text.upper())
        return (found.astimezone(UTC), True) if found.tzinfo else (found.replace(tzinfo=UTC), len(text) == 10)
    except (ValueError, OverflowError):
        return None


def parse_number(number: float) -> tuple[datetime, bool] | None:
    """Below 1e11 seconds, above milliseconds."""
    try:
        return datetime.fromtimestamp(number if abs(number) < 1e11 else number / 1000, UTC), True
    except (ValueError, OverflowError, OSError):
        return None


def occurred(item: dict[str, Any], batch_sent: Any, received: datetime, flags: list[str]) -> datetime:
    """received − (sent − stated), never after `received`. Appends flags; raises Fault(bad_time)."""
    path, value = stated_in(item)
    if value in (None, ""):
        return received
    stated = readable(value, path)
    if not stated[1]:
        flags.append("no_zone")
    happened = stated[0]
    sent = item.get("sentAt") or batch_sent
    if sent:
        found = parse(sent)
        if found and FIRST <= found[0] < LAST:
            happened = received - (found[0] - happened)
        else:
            flags.append("sent_unreadable")
    if happened < FIRST:
        raise Fault("bad_time", f"{path} lies before 2000 by the sender's own clock", path)
    if happened > received:
        flags.append("future_clamped")
        return received
    return happened


def readable(value: Any, path: str) -> tuple[datetime, bool]:
    stated = parse(value)
    if stated is None:
        raise Fault("bad_time", f"{path} is not a time: {str(value)[:80]}", path)
    if not FIRST <= stated[0] < LAST:
        raise Fault("bad_time", f"{path} lies before 2000 or beyond all calendars: {str(value)[:80]}", path)
    return stated


def stated_in(item: dict[str, Any]) -> tuple[str, Any]:
    """The field that states the time, and its value: originalTimestamp, else timestamp.

    Rudder for Node sends the moment of the call as originalTimestamp and a caller's own time as timestamp: an earlier
    timestamp there is history and wins. Relayed items (they carry receivedAt) have a computed timestamp, which does not.
    """
    original, stated = item.get("originalTimestamp"), item.get("timestamp")
    if not original:
        return "timestamp", stated
    if stated and not item.get("receivedAt"):
        a, b = parse(original), parse(stated)
        if a and b and b[0] < a[0] - CALLERS:
            return "timestamp", stated
    return "originalTimestamp", original


_iso = re.compile(
    r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,12})?)?\s?([Zz]|[+-]\d{2}(:?\d{2})?)?)?\Z",
    re.ASCII,
)
_number = re.compile(r"\d{9,14}(\.\d+)?\Z", re.ASCII)
