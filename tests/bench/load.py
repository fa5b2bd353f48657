"""Requests over keep-alive connections: one after the other in turn, or as fast as they are answered (by wrk where it is installed)."""

import http.client
import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from statistics import median, quantiles

NUMBERS = count(time.time_ns() // 1000, 1_000_000)  # so far apart that the names of two runs differ

WRK = """
wrk.method = "%(method)s"
local body, n = [[%(body)s]], %(start)d
request = function()
  n = n + 1
  if body ~= "" then return wrk.format(nil, nil, nil, (body:gsub("@N@", tostring(n)))) end
  return wrk.format()
end
done = function(summary, latency)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"n": %%d, "seconds": %%f, "p50": %%f, "p95": %%f, "wrong": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(95) / 1000, wrong))
end
"""


@dataclass(frozen=True)
class Target:
    """What is asked for. "@N@" in the body becomes another number each time."""

    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"


@dataclass(frozen=True)
class Taken:
    """Requests answered, seconds they took together, milliseconds at the median and at 95 %."""

    n: int
    seconds: float
    p50: float
    p95: float


def in_turn(targets: Sequence[Target], requests: int) -> list[list[float]]:
    """Milliseconds of `requests` answers of each target, asked for in turn, so that whatever else runs here slows all of them.

    Each round in another order (the same in each run), so that none always stands behind one that writes.
    """
    connections = [http.client.HTTPConnection("127.0.0.1", target.port) for target in targets]
    taken: list[list[float]] = [[] for _ in targets]
    order, dice = list(range(len(targets))), Random(1)
    for _ in range(requests):
        dice.shuffle(order)
        for i in order:
            taken[i].append(timed(connections[i], targets[i]))
    return taken


def timed(connection: http.client.HTTPConnection, target: Target) -> float:
    """Milliseconds of one answer, −1 when it is not 2xx."""
    body = target.body.replace("@N@", str(next(NUMBERS)))
    start = time.perf_counter()
    connection.request(target.method, target.path, body, dict(target.headers))
    answer = connection.getresponse()
    answer.read()
    return (time.perf_counter() - start) * 1000 if answer.status < 300 else -1


def hit(target: Target, *, seconds: float, connections: int) -> Taken:
    """Raises SystemExit when an answer is not 2xx."""
    return (with_wrk if shutil.which("wrk") else with_threads)(target, seconds, connections)


def with_wrk(target: Target, seconds: float, connections: int) -> Taken:
    values = {"method": target.method, "body": target.body, "start": next(NUMBERS)}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK % values)
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "20s", "-s", script.name]
        command += [word for name, value in target.headers.items() for word in ("-H", f"{name}: {value}")]
        out = subprocess.run([*command, f"http://127.0.0.1:{target.port}{target.path}"], capture_output=True, text=True, check=True).stdout
    found = json.loads(out.strip().splitlines()[-1])
    if found.pop("wrong"):
        raise SystemExit(f"some requests of {target.path} failed: {out}")
    return Taken(**found)


def with_threads(target: Target, seconds: float, connections: int) -> Taken:
    taken: list[float] = []
    began = time.perf_counter()
    workers = [threading.Thread(target=ask, args=(target, began + seconds, taken)) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if not taken or min(taken) < 0:
        raise SystemExit(f"some requests of {target.path} failed")
    return Taken(len(taken), time.perf_counter() - began, median(taken), quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0])


def ask(target: Target, until: float, taken: list[float]) -> None:
    """Requests on one connection until then."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port)
    while time.perf_counter() < until:
        taken.append(timed(connection, target))


def once(target: Target, **headers: str) -> tuple[int, bytes]:
    """One answer: its status and its body as it came over the wire."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port)
    connection.request(target.method, target.path, target.body.replace("@N@", str(next(NUMBERS))), {**target.headers, **headers})
    answer = connection.getresponse()
    return answer.status, answer.read()
