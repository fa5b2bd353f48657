"""A whole Tenure in processes of its own, as `bin/run --empty` starts it: for tests with real clients and real signals."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def suite_database() -> str:
    """DATABASE_URL of the database that the running test uses, for processes that it starts. Valid for sockets and TCP."""
    found = connection.settings_dict
    host = found["HOST"] or found["OPTIONS"].get("host", "")
    port = found["PORT"] or found["OPTIONS"].get("port", 5432)
    return f"postgres://{found['USER']}:{found['PASSWORD']}@/{found['NAME']}?host={host}&port={port}"


@contextmanager
def living_tenure() -> Iterator["LiveTenure"]:
    """One with a state folder of its own, not started yet; everything is gone afterwards.

    Not below pytest's own folders: as root these are closed to the user who runs the database server.
    """
    home = Path(tempfile.mkdtemp(prefix="tenure-"))
    live = LiveTenure(home)
    try:
        yield live
    finally:
        if live.process and live.process.poll() is None:
            live.stop()
        shutil.rmtree(home, ignore_errors=True)


class LiveTenure:
    """`start()`, use `url` and `manage()`, `stop()`. State and database lie in `home`; it needs nothing of the suite's database."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "TEST_DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
        }
        shared = str(settings.TENURE_HOME / "test-static")  # collected once for all
        self.environment = kept | {
            "TENURE_HOME": str(home),
            "PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            "WORKERS": "1",
            "STATIC_ROOT": shared,
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.home / "run.log").read_text()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "crm.database", sys.executable, str(ROOT / "manage.py"), *arguments]

    def start(self, *arguments: str) -> None:
        self.home.mkdir(exist_ok=True)
        with (self.home / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command("serve", *(arguments or ["--empty"])), env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until(lambda: self.health() == 200, START_SECONDS)

    def stop(self, *, seconds: float = 40) -> int:
        """SIGTERM, as a service manager sends it. Returns the exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(self.command(*arguments), env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def health(self) -> int:
        try:
            return urllib.request.urlopen(f"{self.url}/healthz", timeout=5).status
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return 0

    def wait_until(self, condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s; the log says:\n{self.log}"
            assert self.process is None or self.process.poll() is None, f"ended; the log says:\n{self.log}"
            time.sleep(0.1)

    def processes(self, word: str = "") -> list[int]:
        """Process ids of everything that belongs to this installation and has `word` in its command line."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self.owns(path) and word in command_line(path)]

    def owns(self, path: Path) -> bool:
        try:
            environment = (path / "environ").read_bytes()
        except OSError:
            environment = b""
        return f"TENURE_HOME={self.home}".encode() in environment.split(b"\0") or f"{self.home}/" in command_line(path)


def command_line(path: Path) -> str:
    """Empty for zombies and for processes that are gone."""
    try:
        return (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
