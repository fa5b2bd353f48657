"""Bodies: reading them raw in chunks, unpacking gzip under a cap, and the first look that tells a batch from an item.

Nothing here understands items; that is an adapter's work. Nothing here touches the database.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

CHUNK = 64 * 1024
BOM = b"\xef\xbb\xbf"


class Unusable(Exception):
    """A body that is refused: `status` 400 or 413, `code` and a sentence for the sender."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Envelope(msgspec.Struct):
    """A batch, or a single item, as far as the door looks at it."""

    batch: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    writeKey: Any = None  # noqa: N815
    sentAt: Any = None  # noqa: N815
    context: Any = None
    integrations: Any = None


@dataclass(slots=True)
class Body:
    """What was sent (`packed`: gzip as received, else zlib) and what it says."""

    packed: bytes
    text: bytes
    envelope: Envelope

    @property
    def items(self) -> int:
        batch = self.envelope.batch
        return 1 if batch is msgspec.UNSET else len(batch)


def chunks(environ: dict[str, Any]) -> Iterator[bytes]:
    """The request body as it comes off the wire; it ends at Content-Length, or where the server ends a chunked body."""
    stream, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH") or ""
    left = int(length) if length.isdigit() else (1 << 62 if environ.get("wsgi.input_terminated") else 0)
    while left > 0:
        chunk = stream.read(min(CHUNK, left))
        if not chunk:
            return
        left -= len(chunk)
        yield chunk


def read_raw(environ: dict[str, Any], cap: int) -> bytes:
    """The raw body. Raises Unusable(413) above `cap`, after reading on for a while so that the sender can read the answer."""
    parts, size = [], 0
    for chunk in chunks(environ):
        size += len(chunk)
        if size <= cap:
            parts.append(chunk)
        elif size > 4 * cap:
            break
    if size > cap:
        raise Unusable(413, "too_large", f"body above {cap} bytes")
    return b"".join(parts)


def open_body(raw: bytes, encoding: str, cap: int) -> Body:
    """Unpack, check and look into a raw body with its Content-Encoding. Raises Unusable."""
    encoding = encoding.strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        members = gunzip(raw, cap)
        text = b"".join(members)
        packed = raw if len(members) == 1 else zlib.compress(text, 1)
    elif encoding in {"", "identity"}:
        text, packed = raw, zlib.compress(raw, 1)
    else:
        raise Unusable(400, "unsupported_encoding", f"content encoding {encoding[:40]!r} is not supported; use gzip or none")
    return Body(packed, text, look(text))


def gunzip(raw: bytes, cap: int) -> list[bytes]:
    """The text of each gzip member, never holding more than `cap` bytes and a little. Raises Unusable."""
    parts, size, rest = [], 0, raw
    try:
        while rest:
            engine = zlib.decompressobj(31)
            part = engine.decompress(rest, cap - size + 1)
            size += len(part)
            if size > cap:
                raise Unusable(413, "too_large", f"decoded body above {cap} bytes")
            if not engine.eof:
                raise zlib.error("cut short")
            parts.append(part)
            rest = engine.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise Unusable(400, "bad_gzip", f"body is not readable gzip: {error}") from error
    return parts


def unpack(packed: bytes) -> bytes:
    """The text of a stored body, whether zlib or gzip."""
    return zlib.decompress(packed, 47)


def look(text: bytes) -> Envelope:
    """Check that `text` is one JSON object and tell what it holds. Raises Unusable(400)."""
    text = text.removeprefix(BOM)
    try:
        str(text, "utf-8")
        return _envelope.decode(text)
    except UnicodeDecodeError as error:
        refuse(f"body is not UTF-8 (byte {error.start})", error)
    except RecursionError as error:
        refuse("body is nested too deep", error)
    except msgspec.ValidationError as error:
        refuse(f"body is neither an item nor a batch: {error}", error)
    except msgspec.DecodeError as error:
        if has_surrogates(text):
            return look(mend(text))
        refuse(f"body is not readable JSON: {error}", error)


def refuse(message: str, cause: Exception) -> NoReturn:
    raise Unusable(400, "invalid_request", message[:300]) from cause


def has_surrogates(text: bytes) -> bool:
    """Whether the JSON holds a surrogate escape without its other half."""
    return mend(text) != text if b"\\ud" in text or b"\\uD" in text else False


def mend(text: bytes) -> bytes:
    """JSON with lone surrogate escapes replaced by U+FFFD (PostgreSQL and UTF-8 know no half characters)."""
    return _escape.sub(lambda m: m[0] if m[1] or not m[2] else b"\\ufffd", text)


def load(text: bytes) -> Any:
    """Any JSON value of one item; numbers beyond the range of a double and NaN raise ValueError."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text, parse_constant=no_constant, parse_float=finite)


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def finite(number: str) -> float:
    value = float(number)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"number out of range: {number[:40]}")
    return value


_envelope = msgspec.json.Decoder(Envelope)
_escape = re.compile(rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
