"""Bodies of the API: strict JSON. What PostgreSQL cannot hold is refused here with 400, before any field is looked at."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

DEPTH = 32
LARGEST = 2**63 - 1


class TooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is larger than the API takes."
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """UTF-8 JSON without NUL characters, half characters, NaN, whole numbers beyond 64 bits or more than 32 levels."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        cap = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(cap + 1)
        if len(raw) > cap:
            raise TooLarge
        return load(raw)


def load(raw: bytes) -> Any:
    """The value of a JSON text. Raises ParseError with a sentence that says what is wrong."""
    try:
        text = raw.decode("utf-8-sig")
        value = json.loads(text, parse_constant=no_constant, parse_int=whole, parse_float=finite)
        check(value, text)
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8 (byte {error.start}).") from error
    except RecursionError as error:
        raise ParseError(f"The body is nested deeper than {DEPTH} levels.") from error
    except ValueError as error:
        raise ParseError(f"The body is not readable JSON: {error}.") from error
    return value


def check(value: Any, text: str) -> None:
    if "\\u0000" in text and holds_nul(value):
        raise ParseError("The body holds a NUL character.")
    if "\\ud" in text or "\\uD" in text:
        refuse_half_characters(value)
    if text.count("{") + text.count("[") > DEPTH and depth(value) > DEPTH:
        raise ParseError(f"The body is nested deeper than {DEPTH} levels.")


def holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or holds_nul(item) for key, item in value.items())
    return any(map(holds_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


def refuse_half_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ParseError("The body holds a surrogate without its other half.") from error


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def whole(number: str) -> int:
    if len(number) > 20 or abs(int(number)) > LARGEST:
        raise ValueError(f"whole number beyond 64 bits: {number[:24]}")
    return int(number)


def finite(number: str) -> float:
    value = float(number)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"number out of range: {number[:24]}")
    return value
