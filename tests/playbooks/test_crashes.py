"""Parallel and killed workers lose nothing and double nothing. Real connections, real processes."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from customers.models import Task
from playbooks import runner
from playbooks.models import Effect, Firing, Run, Step
from tests.factories import make_account
from tests.live import suite_database
from tests.playbooks.test_runner import SEATS
from tests.playbooks.world import instant, run_due, set_on, titles, turn_on, wait_for_facts

pytestmark = pytest.mark.django_db(transaction=True)
NOW = instant("2026-11-20T06:00:00")
ACCOUNTS = 12


@pytest.fixture
def twelve() -> None:
    """Twelve accounts that an active playbook is about to start on."""
    turn_on(SEATS + "  - {id: mark, set: {add_tags: [small]}}\n", instant("2026-11-19T00:00:00"))
    for n in range(ACCOUNTS):
        set_on(make_account(f"Account {n:02}", at=NOW), NOW, seats=1)
    wait_for_facts()


def assert_each_once() -> None:
    assert sorted(titles()) == [f"Seats of Account {n:02}: 1" for n in range(ACCOUNTS)]
    assert Firing.objects.count() == Run.objects.filter(status="done").count() == ACCOUNTS
    assert Step.objects.count() == Effect.objects.count() == 2 * ACCOUNTS


def tick_alone(_: int) -> dict[str, int]:
    try:
        return runner.run_due(at=NOW)
    finally:
        connection.close()


@pytest.mark.usefixtures("twelve")
def test_four_parallel_ticks_of_one_instant_do_everything_once():
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(tick_alone, range(4)))
    run_due(at=NOW)
    assert sum(count.get("started", 0) for count in counts) == ACCOUNTS
    assert_each_once()


@pytest.mark.usefixtures("twelve")
def test_the_same_instant_again_does_nothing():
    run_due(at=NOW)
    again = run_due(at=NOW)
    assert again.get("started", 0) == again.get("steps", 0) == 0
    assert_each_once()


CHILD = """
import os, sys, django
from django.conf import settings
os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
django.setup()
from datetime import datetime
from django.db import connection
from playbooks import runner
seen, stop = [0], int(sys.argv[2])
def wrapper(execute, sql, params, many, context):
    if sql.lstrip()[:6].lower() in ("insert", "update", "delete"):
        seen[0] += 1
        if seen[0] == stop:
            print("reached", flush=True)
            __import__("time").sleep(60)
    return execute(sql, params, many, context)
with connection.execute_wrapper(wrapper):
    runner.run_due(at=datetime.fromisoformat(sys.argv[1]))
print("finished", flush=True)
"""


def killed_at(write: int) -> bool:
    """Start a tick in a process of its own and kill it (-9) at its n-th writing statement. False: it had finished before."""
    command, env = [sys.executable, "-c", CHILD, NOW.isoformat(), str(write)], {**os.environ, "DATABASE_URL": suite_database()}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as child:
        said = child.stdout.readline().strip()
        child.send_signal(signal.SIGKILL)
    return said == "reached"


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize("write", [2, 5, 9, 20, 45])
def test_a_tick_killed_in_the_middle_is_made_up_for_by_the_next(write):
    assert killed_at(write)
    wait_for_locks()
    wait_for_facts()
    run_due(at=NOW)
    assert_each_once()
    assert Task.objects.count() == ACCOUNTS


def wait_for_locks() -> None:
    """Until the server has noticed that the killed process is gone."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state like 'idle in%'"
            )
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.1)
