"""The limit that the tracking API is measured against: a bare WSGI endpoint that stores the same body, one INSERT and commit a request."""

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

_local = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """POST a body; it is stored in bench_bare as it came."""
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["BARE_DSN"], autocommit=True)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    _local.connection.execute("insert into bench_bare (at, body) values (now(), %s)", [body])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "17")])
    return [b'{"success": true}']
