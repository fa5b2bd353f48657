"""Workers that die, jobs that run side by side, items that the database refuses: nothing lost, nothing doubled, nothing blocked."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from crm.lib import clock
from customers import sources
from customers.ingest import apply, keys
from customers.models import Account, ActivityDay, Contact, Delivery, Event, ItemKey, QuarantinedItem, Source, TraitChange
from tests.customers.ingest.sending import encoded, message, post, send
from tests.live import suite_database

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def source() -> Source:
    keys.forget()
    return sources.create_source("Product", at=clock.now())


def crowd(first: int, n: int) -> list[dict[str, Any]]:
    """Tracks and groups of `n` users at seven accounts."""
    users = range(first, first + n)
    groups = [message("group", key=f"g{u}", userId=f"u{u}", groupId=f"acct{u % 7}", traits={"size": u}) for u in users]
    return [*groups, *(message(key=f"t{u}", userId=f"u{u}") for u in users)]


def together(n: int, work: Callable[[int], None]) -> None:
    """Run `work` in `n` threads at once, each with its own connection."""
    failures: list[BaseException] = []

    def run(i: int) -> None:
        try:
            work(i)
        except BaseException as error:  # noqa: BLE001  carried to the main thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def everything_once(users: int) -> None:
    assert Event.objects.count() == Contact.objects.count() == users
    assert Account.objects.count() == min(users, 7)
    assert sum(ActivityDay.objects.values_list("n", flat=True)) == users
    assert not Event.objects.filter(account_id=0).exists()
    assert not Delivery.objects.exclude(state=Delivery.State.APPLIED).exists()


def test_two_jobs_side_by_side_apply_everything_once(source):
    for n in range(20):
        send(source, *crowd(n * 20, 20))
    together(3, lambda i: apply.apply_pending(at=clock.now()) and None)
    everything_once(400)


def test_the_same_batch_from_eight_threads_is_recorded_once(source, client):
    sent = encoded(*crowd(0, 30))
    together(8, lambda i: answered(post(type(client)(), sent, key=source.write_key)))
    assert Delivery.objects.count() == 8
    together(2, lambda i: apply.apply_pending(at=clock.now()) and None)
    everything_once(30)
    source.refresh_from_db()
    assert source.repeats == 7 * 60


def answered(answer: Any) -> None:
    assert answer.status_code == 200


WORKER = """
import django, os, signal, sys
django.setup()
from crm.lib import clock
from customers.ingest import apply, settle
point = sys.argv[1]
if point:
    target, name = (settle.traits, "set_traits_batch") if point == "before_traits" else (apply.books, "close")
    original = getattr(target, name)
    def die(*args, **kwargs):
        result = original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(target, name, die)
apply.apply_pending(at=clock.now())
"""


def worker(point: str) -> int:
    """Apply in a process of its own that kills itself (-9) at a point inside the transaction; returns its exit code."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "crm.settings", "DATABASE_URL": suite_database()}
    return subprocess.run([sys.executable, "-c", WORKER, point], cwd=ROOT, env=env, check=False).returncode


@pytest.mark.parametrize("point", ["before_traits", "before_commit"])
def test_a_worker_killed_in_the_middle_of_applying_loses_and_doubles_nothing(source, point):
    for n in range(3):
        send(source, *crowd(n * 10, 10))
    assert worker(point) == -signal.SIGKILL
    assert Event.objects.count() == ItemKey.objects.count() == 0
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.RECEIVED}
    for _ in range(4):
        assert worker("") == 0
    everything_once(30)
    assert TraitChange.objects.filter(path="size").count() == 30


def test_a_delivery_that_ends_every_worker_is_given_up_and_blocks_nobody(source):
    bad = send(source, *crowd(0, 3))
    Delivery.objects.filter(pk=bad.pk).update(attempts=apply.ATTEMPTS)
    send(source, *crowd(10, 3))
    apply.apply_pending(at=clock.now())
    bad.refresh_from_db()
    assert (bad.state, bad.reason) == (Delivery.State.QUARANTINED, "adapter_error")
    assert Event.objects.count() == 3


def test_items_that_the_database_refuses_are_found_and_the_rest_is_applied(source):
    with connection.cursor() as cursor:
        cursor.execute("alter table customers_event add constraint a_test_rule check (name <> 'forbidden')")
    try:
        items = crowd(0, 40)
        items[45] |= {"event": "forbidden"}
        items[77] |= {"event": "forbidden"}
        delivery = send(source, *items)
        send(source, *crowd(100, 5))
        apply.apply_pending(at=clock.now())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table customers_event drop constraint a_test_rule")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.applied, delivery.quarantined) == (Delivery.State.PARTLY, 78, 2)
    assert list(QuarantinedItem.objects.order_by("index").values_list("index", "reason")) == [(45, "conflict"), (77, "conflict")]
    assert Event.objects.count() == 43


def test_a_body_that_cannot_be_opened_is_a_fault_of_ours_with_its_traceback(source):
    bad = send(source, message())
    Delivery.objects.filter(pk=bad.pk).update(body=b"not zlib")
    send(source, *crowd(10, 2))
    apply.apply_pending(at=clock.now())
    bad.refresh_from_db()
    assert (bad.state, bad.reason) == (Delivery.State.QUARANTINED, "adapter_error")
    assert "Traceback" in QuarantinedItem.objects.get().detail
    assert Event.objects.count() == 2


def test_a_lost_database_leaves_everything_waiting(source):
    from django.db import OperationalError

    send(source, *crowd(0, 3))

    def lost(execute: Any, sql: str, *rest: Any) -> Any:
        if "customers_factlog" in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    with connection.execute_wrapper(lost), pytest.raises(OperationalError):
        apply.apply_pending(at=clock.now())
    assert Delivery.objects.get().state == Delivery.State.RECEIVED
    apply.apply_pending(at=clock.now())
    everything_once(3)


def test_a_clock_that_is_wrong_by_a_day_is_put_right(source):
    at = clock.now()
    for n, wrong in enumerate((timedelta(days=1), timedelta(days=-1))):
        send(source, message(key=f"m{n}", at=at + wrong), at=at + timedelta(seconds=1), sentAt=(at + wrong).isoformat())
    apply.apply_pending(at=at)
    assert {e.occurred_at for e in Event.objects.all()} == {at + timedelta(seconds=1)}


def test_the_job_is_found_by_the_queue_and_applies(source, client):
    from django_q.models import OrmQ
    from django_q.signing import SignedPackage

    answered(post(client, encoded(*crowd(0, 3)), key=source.write_key))
    task = SignedPackage.loads(OrmQ.objects.get().payload)
    from django.utils.module_loading import import_string

    import_string(task["func"])(*task["args"])
    everything_once(3)
    source.refresh_from_db()
    assert source.wake_at is None
