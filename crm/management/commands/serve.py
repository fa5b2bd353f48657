"""`bin/run`: bring everything up to date, then keep web, worker and demo running until somebody stops it."""

import fcntl
import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crm import database, schedules
from crm.installation import bring_up_to_date
from crm.models import Installation
from crm.progress import Announcement
from crm.supervisor import MANAGE, WEB, WORKER, Child, Supervisor, prove_worker, say
from customers.models import Account


class Command(BaseCommand):
    help = "Starts Tenure and keeps it running until Ctrl-C or SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--empty", action="store_true", help="Do not fill in the demo company.")

    def handle(self, *, empty: bool, **options: Any) -> None:
        refuse_busy_port()
        with (settings.TENURE_HOME / "serve.lock").open("w") as lock:
            refuse_second_run(lock.fileno())
            bring_up_to_date(say)
            supervise(with_demo=demo_is_due(empty=empty))
            say("Stopped.")
        sys.exit(0)


def demo_is_due(*, empty: bool) -> bool:
    """Whether the demo is to be filled. Makes its people first, so that somebody can sign in at once.

    One that is half told goes on even with --empty: the scheduler waits for its end.
    """
    state = (Installation.load().demo or {}).get("state")
    if state is None and not empty and not Account.objects.exists():
        call_command("demo", prepare=True)
        return True
    return state == schedules.DEMO_RUNS


def supervise(*, with_demo: bool) -> None:
    children = [Child("web", WEB), Child("worker", WORKER, started=prove_worker)]
    if with_demo:
        children.append(Child("demo", [*MANAGE, "demo"], once=True))
    try:
        Supervisor(children, report=Announcement(say).report).run()
    finally:
        connection.close()
        if (held := database.held_descriptor()) is not None:
            database.detach(database.place(), held)


def refuse_busy_port() -> None:
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as problem:
            raise CommandError(f"Cannot serve on {host}:{port}: {problem.strerror}. Choose another one:  PORT=8001 bin/run") from problem


def refuse_second_run(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise CommandError(f"Tenure is running already on the state in {settings.TENURE_HOME}.") from problem
