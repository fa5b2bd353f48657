"""What every benchmark begins and ends with: a database of its own, a clock, one JSON line a figure."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def database(url: str, name: str) -> Iterator[str]:
    """A fresh database `name` on the server of `url`, dropped afterwards; yields its URL."""
    base, _, _ = url.rpartition("/")
    admin = psycopg.connect(f"{base}/postgres", autocommit=True)
    admin.execute(f"drop database if exists {name} with (force)")
    admin.execute(f"create database {name}")
    try:
        yield f"{base}/{name}"
    finally:
        admin.execute(f"drop database if exists {name} with (force)")


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def emit(**figures: Any) -> None:
    """One JSON line; `load1` tells how busy the machine was."""
    sys.stdout.write(json.dumps({**figures, "load1": round(os.getloadavg()[0], 1)}) + "\n")
    sys.stdout.flush()
