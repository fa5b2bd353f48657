"""Speed of the tracking API: events stored and applied a second, with the limits of the machine measured in the same run.

    python -m tests.bench.bench_ingest --database postgres://user@host/anything [--seconds 8] [--events 60000]

Makes and drops a database `tenure_bench_ingest` on that server. Prints one JSON line a figure: ours, the limit, the ratio.
"""

import argparse
import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django
import psycopg

from crm.lib import clock
from tests.bench.harness import database

ROOT = Path(__file__).resolve().parents[2]
NAME = "tenure_bench_ingest"
BATCH = 1_000


def item(n: int, at: datetime) -> dict[str, Any]:
    """One track call as segment-analytics-python sends it, about 340 bytes, one of 5,000 users."""
    return {
        "integrations": {},
        "anonymousId": None,
        "properties": {"n": n, "plan": "pro", "page": f"/reports/{n % 977}"},
        "timestamp": (at - timedelta(seconds=n % 60)).isoformat(),
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "userId": f"user-{n % 5000}",
        "type": "track",
        "event": ("Report Opened", "Login", "Invoice Exported", "Search")[n % 4],
        "messageId": str(uuid.uuid4()),
    }


def batch(start: int, at: datetime) -> bytes:
    return json.dumps({"batch": [item(start + i, at) for i in range(BATCH)], "sentAt": at.isoformat()}).encode()


def emit(name: str, ours: float, limit: float, unit: str = "events/s", **more: Any) -> None:
    line = {"bench": name, "ours": round(ours), "limit": round(limit), "ratio": round(ours / limit, 2), "unit": unit, **more}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


@contextmanager
def server(app: str, env: dict[str, str]) -> Iterator[int]:
    """gunicorn with 2 workers of 4 threads; yields its port."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-w",
        "2",
        "-k",
        "gthread",
        "--threads",
        "4",
        "-b",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
        app,
    ]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env})
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(150):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("gunicorn did not start")


def requests_a_second(port: int, body: bytes, headers: dict[str, str], seconds: float, threads: int = 8) -> float:
    """POST the body from `threads` keep-alive connections: wrk where it is installed, else Python threads."""
    load = with_wrk if shutil.which("wrk") else with_threads
    load(port, body, headers, 2, threads)
    return load(port, body, headers, seconds, threads)


def with_wrk(port: int, body: bytes, headers: dict[str, str], seconds: float, threads: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "body", Path(folder) / "post.lua"
        data.write_bytes(body)
        lines = [f'wrk.method = "POST"; local f = io.open("{data}", "rb"); wrk.body = f:read("*a"); f:close()']
        lines += [f'wrk.headers["{k}"] = "{v}"' for k, v in headers.items()]
        lines += ['done = function(s) io.write(string.format("%d %d %d\\n", s.requests, s.errors.status, s.duration)) end']
        script.write_text("\n".join(lines))
        command = ["wrk", "-t1", f"-c{threads}", f"-d{seconds:.0f}s", "-s", str(script), f"http://127.0.0.1:{port}/v1/batch"]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    n, failed, micros = map(int, out.strip().splitlines()[-1].split())
    if failed:
        raise SystemExit(f"{failed} of {n} requests failed")
    return n / (micros / 1e6)


def with_threads(port: int, body: bytes, headers: dict[str, str], seconds: float, threads: int) -> float:
    done = [0] * threads
    until = time.perf_counter() + seconds

    def work(i: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.perf_counter() < until:
            connection.request("POST", "/v1/batch", body, headers)
            if connection.getresponse().read() != b'{"success": true}':
                raise SystemExit("a request failed")
            done[i] += 1

    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / seconds


def stored(url: str, key: str, seconds: float) -> None:
    """Accepted and stored, against the bare endpoint; the two take turns, so that a drifting machine hits both."""
    body = batch(0, clock.now())
    basic = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    headers = {"Authorization": basic, "Content-Type": "application/json"}
    ours = limit = 0.0
    with (
        server("crm.wsgi:application", {"DATABASE_URL": url}) as port,
        server("tests.bench.bare_store:application", {"BARE_DSN": url}) as bare,
    ):
        for _ in range(2):
            limit += requests_a_second(bare, body, headers, seconds) / 2
            ours += requests_a_second(port, body, headers, seconds) / 2
    emit("tracking API stored, batches of 1,000", ours * BATCH, limit * BATCH, body_bytes=len(body))


def applied(events: int, url: str) -> None:
    """Applied (identified, counted, on the timeline), against multi-row INSERT of the same rows into a table of the same keys."""
    from customers.ingest import apply, receive
    from customers.models import Delivery, Event, Source

    Delivery.objects.all().delete()
    source, at = Source.objects.get(), clock.now()
    groups = [{"type": "group", "userId": f"user-{n}", "groupId": f"acct-{n % 500}", "messageId": f"g{n}"} for n in range(5000)]
    for start in range(0, 5000, BATCH):
        receive.store(source, json.dumps({"batch": groups[start : start + BATCH]}).encode(), at=at)
    apply.apply_pending(at=at, seconds=600)
    for start in range(0, events, BATCH):
        receive.store(source, batch(start, at), at=at)
    began = time.perf_counter()
    counts = apply.apply_pending(at=at, seconds=600)
    ours = counts.applied / (time.perf_counter() - began)
    if (counts.applied, counts.quarantined) != (events, 0) or Event.objects.filter(account_id=0).exists():
        raise SystemExit(f"applied {counts}")
    emit("tracking API applied, batches of 1,000", ours, insert_limit(url, min(events, 30_000)), events=events)


def insert_limit(url: str, n: int) -> float:
    """Rows a second of 1,000-row INSERT … VALUES … ON CONFLICT with the event's key and timeline index."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table bench_rows (like customers_event including defaults, primary key (account_id, occurred_at, id))")
        connection.execute("create index on bench_rows (account_id, name, occurred_at desc)")
        query = "select account_id, occurred_at, id, contact_id, name, props::text, received_at, known_at, source_id, delivery_id from customers_event limit %s"
        rows = connection.execute(query, [n]).fetchall()
        place = "(%s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s)"
        head = "insert into bench_rows (account_id, occurred_at, id, contact_id, name, props, received_at, known_at, source_id, delivery_id) values "
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            connection.execute(head + ", ".join([place] * len(part)) + " on conflict do nothing", [v for row in part for v in row])
        return len(rows) / (time.perf_counter() - began)


def prepare(url: str) -> str:
    """Migrate and make a source; returns its write key."""
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    sys.path.insert(0, str(ROOT))
    django.setup()
    from django.core.management import call_command

    from customers import sources

    call_command("migrate", verbosity=0)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table bench_bare (id bigserial primary key, at timestamptz, body bytea)")
    return sources.create_source("Bench", at=clock.now()).write_key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default=os.environ.get("TEST_DATABASE_URL"), required="TEST_DATABASE_URL" not in os.environ)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--events", type=int, default=60_000)
    options = parser.parse_args()
    with database(options.database, NAME) as url:
        key = prepare(url)
        stored(url, key, options.seconds)
        applied(options.events, url)
        from django.db import connections

        connections.close_all()


if __name__ == "__main__":
    main()
