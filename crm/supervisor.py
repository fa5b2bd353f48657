"""Keeps Tenure running: web, worker and the demo as child processes, the embedded database, and one clean stop of all.

What the children do is not known here. A child that dies is started again, with a growing pause; a worker that
hangs (no heartbeat although jobs wait) is killed with its whole process group first.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError as QueryError
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_q.tasks import async_task

from crm import database
from crm.lib import clock
from crm.models import Heartbeat

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 20
LONGEST_PAUSE = 30
MOST_FAILURES = 4
LOOK_AT_WORKER_SECONDS = 15
PYTHON = [sys.executable, "-P"]
MANAGE = [*PYTHON, str(settings.BASE_DIR / "manage.py")]
WEB = [*PYTHON, "-m", "gunicorn", "-c", "python:crm.web"]
WORKER = [*MANAGE, "qcluster"]


def end_with_parent() -> None:
    """In the new process: ask for SIGTERM when the supervisor dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One child with its own process group. A `once` child (the demo) is not started again after it ended well."""

    name: str
    command: list[str]
    once: bool = False
    started: Callable[[], None] | None = None
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0
    start_after: float = 0

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != database.LOCK_VARIABLE}
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        self.started_at = time.monotonic()
        if self.started:
            self.started()

    @property
    def is_over(self) -> bool:
        """A `once` child that ended well, or failed too often."""
        return self.once and self.process is not None and (self.process.poll() == 0 or self.failures > MOST_FAILURES)

    def watch(self) -> None:
        """Start the child when it is not running and its pause is over."""
        if self.is_over or (self.process is not None and self.process.poll() is None):
            return
        if self.process is not None and self.start_after < self.started_at:
            self.plan_restart(self.process.returncode)
        elif time.monotonic() >= self.start_after:
            self.start()

    def plan_restart(self, code: int) -> None:
        """End what is left of the group, and set the pause: 1, 2, 4 … seconds, from 1 again after it ran for a while."""
        self.kill()
        ran_well = not self.once and time.monotonic() - self.started_at > LONGEST_PAUSE
        self.failures = 1 if ran_well else self.failures + 1
        pause = min(2 ** (self.failures - 1), LONGEST_PAUSE)
        self.start_after = time.monotonic() + pause
        say(f"{self.name} ended with code {code}; " + ("given up" if self.is_over else f"starting it again in {pause} s"))

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End what is left of the whole process group."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self.process.wait()


@dataclass
class Supervisor:
    """The loop. `run()` returns after SIGTERM or SIGINT, when every child has ended."""

    children: list[Child]
    report: Callable[[], None] = lambda: None
    stopping: bool = False
    looked_at: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.request_stop)
        while not self.stopping:
            self.step()
            time.sleep(0.5)
        self.stop()

    def request_stop(self, *_: object) -> None:
        self.stopping = True

    def step(self) -> None:
        keep_database()
        for child in self.children:
            child.watch()
        try:
            self.report()
            self.look_at_worker()
        except QueryError as problem:
            say(f"database: {problem}")
            connection.close()

    def look_at_worker(self) -> None:
        if time.monotonic() - self.looked_at < LOOK_AT_WORKER_SECONDS:
            return
        self.looked_at = time.monotonic()
        worker = next((child for child in self.children if child.name == "worker"), None)
        if worker and time.monotonic() - worker.started_at > silence_allowed().total_seconds() and worker_hangs(at=clock.now()):
            say("worker gives no sign of life although jobs wait; starting it again")
            worker.kill()

    def stop(self) -> None:
        """Ask all to end, give them STOP_SECONDS together, then end what is left."""
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.process and child.process.poll() is None for child in self.children) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in self.children:
            child.kill()


def keep_database() -> None:
    """Start the embedded server again should it have died; this process still holds it."""
    where = database.place()
    if database.held_descriptor() is not None and database.is_free(where.keeper):
        say("database has stopped; starting it again")
        connection.close()
        database.ensure_running(where)


def silence_allowed() -> timedelta:
    return timedelta(seconds=settings.Q_CLUSTER["timeout"] + 60)


def worker_hangs(*, at: datetime) -> bool:
    """Whether jobs wait and nobody has said for longer than any job may take that the worker lives."""
    last = Heartbeat.objects.filter(part="worker").values_list("at", flat=True).first()
    return (last is None or at - last > silence_allowed()) and OrmQ.objects.filter(lock__lt=Now()).exists()


def prove_worker() -> None:
    """Enqueue a job that does nothing but say that jobs are done."""
    async_task("crm.schedules.beat", "worker")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
