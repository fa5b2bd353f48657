"""Web servers under measurement: started as `bin/run` starts the web, with the memory and the processor time of their processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running gunicorn: its `port`, and what its processes use."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def processes(self) -> list[int]:
        """The master and its workers."""
        return [self.process.pid, *(pid for pid in running() if parent_of(pid) == self.process.pid)]

    def memory_mb(self) -> float:
        """Proportional set size of all processes: pages that they share count once."""
        return sum(pss_kb(pid) for pid in self.processes()) / 1024

    def cpu_seconds(self) -> float:
        return sum(cpu_seconds(pid) for pid in self.processes())


@contextmanager
def server(application: str = "", **environment: str) -> Iterator[Server]:
    """gunicorn with the settings of crm.web: 2 workers of 4 threads, loaded once. `application` takes the place of Tenure."""
    port = free_port()
    command = [sys.executable, "-P", "-m", "gunicorn", "-c", "python:crm.web", *([application] if application else [])]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment, "PORT": str(port), "WEB_WORKERS": "2"})
    try:
        wait_for(port)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("gunicorn did not start")


def running() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; [] for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def parent_of(pid: int) -> int:
    found = stat(pid)
    return int(found[1]) if found else 0


def cpu_seconds(pid: int) -> float:
    found = stat(pid)
    return (int(found[11]) + int(found[12])) / TICKS if found else 0


def pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
