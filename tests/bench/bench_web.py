"""Speed of the web: the list of accounts, a crowded account, My day, and the REST API; their weight; memory of the server.

    python -m tests.bench.bench_web --database postgres://user@host/anything [--accounts 10000] [--requests 100]

Makes and drops two databases on that server. Starts the web as `bin/run` does, and beside it bare Django and DRF
(tests/bench/bare_web.py) with the same server settings. At one connection everything is asked in turn, request by request, so
that a busy machine slows all alike; then each at eight connections, three times a second. Prints one JSON line a figure: p50,
p95 and p10 (what a quiet machine would show as its middle), processor time of a request, queries, bytes, memory, each with the
limit, the ratio and the goal.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import django

from crm.lib import clock
from tests.bench.harness import database, emit
from tests.bench.load import Taken, Target, hit, in_turn, once
from tests.bench.servers import ROOT, Server, server
from tests.bench.web_fill import CROWDED, fill, signed_in

NAME, BARE = "tenure_bench_web", "tenure_bench_web_bare"
NEW = '{"name": "New @N@", "domain": "new.example"}'
MANY, ROUNDS, SECONDS, WARM = 8, 3, 1, 10
P95 = 4


@dataclass
class Figure:
    """Something measured. Goals: milliseconds at the median, ratio to `limit`, queries, compressed bytes; 0: none."""

    name: str
    target: Target
    limit: str = ""
    ms: float = 0
    ratio: float = 0
    queries: int = 0
    bytes: int = 0
    single: list[float] = field(default_factory=list)
    many: list[Taken] = field(default_factory=list)
    cpu: float = 0

    def at(self, percent: int) -> float:
        """Milliseconds at one connection."""
        return quantiles(self.single, n=100)[percent - 1]

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / sum(taken.n for taken in self.many)

    @property
    def rate(self) -> float:
        return sum(taken.n for taken in self.many) / sum(taken.seconds for taken in self.many)


def figures(port: int, bare_port: int, session: str, bare_session: str, key: str) -> dict[str, Figure]:
    cookie = {"Cookie": f"sessionid={session}", "Accept-Encoding": "gzip"}
    bare_cookie = {"Cookie": f"sessionid={bare_session}", "Accept-Encoding": "gzip"}
    bearer = {"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip"}
    json = {"Content-Type": "application/json"}
    page = Target(port, "/accounts/", cookie)
    fragment = Target(port, "/accounts/", {**cookie, "HX-Request": "true"})
    rows = [
        Figure("bare list", Target(bare_port, "/accounts/", bare_cookie)),
        Figure("bare REST list", Target(bare_port, "/api/accounts/", bare_cookie)),
        Figure("bare REST create", Target(bare_port, "/api/accounts/", {**bare_cookie, **json}, NEW)),
        Figure("list page of 50 accounts", page, "bare list", ms=25, ratio=2.5, queries=8, bytes=60_000),
        Figure("list fragment of 50 accounts", fragment, "bare list", ms=25, ratio=2.5, queries=8, bytes=60_000),
        Figure("account page, crowded", Target(port, f"/accounts/{CROWDED}/", cookie), "bare list", ms=30, queries=8),
        Figure("My day", Target(port, "/day/", cookie), "bare list", ms=30),
        Figure("REST list of 50 accounts", Target(port, "/api/v1/accounts/", bearer), "bare REST list", ms=14, ratio=2),
        Figure("REST create of an account", Target(port, "/api/v1/accounts/", {**bearer, **json}, NEW), "bare REST create", ms=12, ratio=3),
    ]
    return {row.name: row for row in rows}


def measure(rows: Sequence[Figure], servers: dict[int, Server], requests: int) -> None:
    """At one connection in turn, then at eight."""
    for row, taken in zip(rows, in_turn([row.target for row in rows], requests + WARM), strict=True):
        if min(taken) < 0:
            raise SystemExit(f"some requests of {row.target.path} failed")
        row.single = taken[WARM:]
    for _ in range(ROUNDS):
        for row in rows:
            before = servers[row.target.port].cpu_seconds()
            row.many.append(hit(row.target, seconds=SECONDS, connections=MANY))
            row.cpu += servers[row.target.port].cpu_seconds() - before


def tell(row: Figure, limit: Figure) -> None:
    """The times, each against its limit."""
    told: dict[str, Any] = {}
    for name, value, least in (
        ("p50_ms", row.at(50), limit.at(50)),
        ("p95_ms", row.at(95), limit.at(95)),
        ("p10_ms", row.at(10), limit.at(10)),
        ("cpu_ms", row.cpu_ms, limit.cpu_ms),
    ):
        told |= {name: round(value, 1), f"limit_{name}": round(least, 1), name.replace("_ms", "_ratio"): round(value / least, 2)}
    told |= {"rate_at_8": round(row.rate), "limit_rate_at_8": round(limit.rate)}
    told |= {"p50_ms_at_8": round(median(t.p50 for t in row.many), 1), "p95_ms_at_8": round(median(t.p95 for t in row.many), 1)}
    told |= {"goal_ms": row.ms, "met_ms": row.at(50) <= row.ms, "met_p95": row.at(95) <= P95 * row.at(50)}
    if row.ratio:
        told |= {"goal_ratio": row.ratio, "met_ratio": row.at(50) <= row.ratio * limit.at(50)}
    emit(bench=row.name, **told)


def weigh(rows: dict[str, Figure]) -> None:
    """Queries and bytes of each answer."""
    for row in rows.values():
        if not row.limit:
            continue
        status, raw = once(row.target, **{"Accept-Encoding": "identity"})
        if status >= 300:
            raise SystemExit(f"{row.target.path} answered {status}: {raw[:300]!r}")
        told: dict[str, Any] = {"queries": queries(row.target), "bytes": len(raw), "compressed": len(once(row.target)[1])}
        if row.queries:
            told |= {"goal_queries": row.queries, "met_queries": told["queries"] <= row.queries}
        if row.bytes:
            told |= {"goal_compressed": row.bytes, "met_compressed": told["compressed"] <= row.bytes}
        emit(bench=f"weight of {row.name}", **told)


def queries(target: Target) -> int:
    """Statements of one warm request, counted in this process; that of the session and of the person included."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={**target.headers, "Host": "127.0.0.1"})
    if session := target.headers.get("Cookie", "").partition("=")[2]:
        client.cookies["sessionid"] = session
    for last in (False, True):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            if target.body:
                client.post(target.path, target.body.replace("@N@", secrets.token_hex(4)), content_type="application/json")
            else:
                client.get(target.path)
        if last and "-v" in sys.argv:
            sys.stderr.write(f"{target.path}\n" + "\n".join(f"   {q['sql'][:300]}" for q in captured.captured_queries) + "\n")
    return len(captured)


def remember(ours: Server, bare: Server) -> None:
    """Memory after the load."""
    used, least = ours.memory_mb(), bare.memory_mb()
    emit(
        bench="memory of the web, 2 workers",
        pss_mb=round(used),
        limit_mb=round(least),
        ratio=round(used / least, 2),
        goal_mb=230,
        met_mb=used <= 230,
        goal_ratio=2,
        met_ratio=used <= 2 * least,
    )


@contextmanager
def prepared(url: str, accounts: int) -> Iterator[tuple[str, str]]:
    """Everything that `bin/run` prepares, and the rows; yields (key of a session, key of the API)."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="crm.settings", TENURE_HOME=home, STATIC_ROOT=f"{home}/static")
        os.environ.update(API_CALLS_PER_MINUTE="100000000")
        django.setup()
        from django.db import connections

        from crm.installation import bring_up_to_date

        bring_up_to_date(lambda _text: None)
        reader, key = fill(accounts, at=clock.now())
        yield signed_in(reader), key
        connections.close_all()


def bare_session(url: str, accounts: int) -> str:
    """Fill the bare database; the key of its session."""
    os.environ.update(BARE_DSN=url, BARE_KEY=secrets.token_hex())
    command = [sys.executable, "-m", "tests.bench.bare_web", str(accounts)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", default=os.environ.get("TEST_DATABASE_URL"), required="TEST_DATABASE_URL" not in os.environ)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("-v", action="store_true", help="Print the queries to stderr.")
    options = parser.parse_args()
    with ExitStack() as stack:
        url, bare_url = (stack.enter_context(database(options.database, name)) for name in (NAME, BARE))
        session, key = stack.enter_context(prepared(url, options.accounts))
        bare_key = bare_session(bare_url, options.accounts)
        ours, bare = stack.enter_context(server()), stack.enter_context(server("tests.bench.bare_web:application"))
        rows = figures(ours.port, bare.port, session, bare_key, key)
        weigh(rows)
        measure(list(rows.values()), {ours.port: ours, bare.port: bare}, options.requests)
        for row in rows.values():
            if row.limit:
                tell(row, rows[row.limit])
        remember(ours, bare)


if __name__ == "__main__":
    main()
