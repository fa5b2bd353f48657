import os
import signal
from datetime import timedelta

import pytest
from django_q.models import OrmQ

from crm import supervisor
from crm.lib import clock
from crm.schedules import beat
from tests.live import LiveTenure, living_tenure

live = pytest.mark.live


@live
def test_everything_starts_comes_back_when_killed_and_leaves_nothing_behind():
    with living_tenure() as tenure:
        tenure.start()
        a_killed_worker_comes_back(tenure)
        a_killed_web_server_comes_back(tenure)
        a_killed_database_comes_back(tenure)
        a_stop_leaves_nothing(tenure)
        tenure.start()
        nothing_outlives_a_killed_supervisor(tenure)


def a_killed_worker_comes_back(tenure: LiveTenure) -> None:
    before = set(tenure.processes("qcluster"))
    os.kill(min(before), signal.SIGKILL)
    tenure.wait_until(lambda: tenure.processes("qcluster") and not before & set(tenure.processes("qcluster")), 30)


def a_killed_web_server_comes_back(tenure: LiveTenure) -> None:
    before = set(tenure.processes("gunicorn"))
    os.kill(min(before), signal.SIGKILL)
    tenure.wait_until(lambda: not before & set(tenure.processes("gunicorn")) and tenure.health() == 200, 30)


def a_killed_database_comes_back(tenure: LiveTenure) -> None:
    [server] = [pid for pid in tenure.processes("postgres -D") if pid not in tenure.processes("crm.keeper")]
    os.kill(server, signal.SIGKILL)
    tenure.wait_until(lambda: server not in tenure.processes("postgres -D") and tenure.health() == 200, 60)


def a_stop_leaves_nothing(tenure: LiveTenure) -> None:
    assert tenure.stop() == 0
    assert tenure.processes() == []


def nothing_outlives_a_killed_supervisor(tenure: LiveTenure) -> None:
    os.kill(tenure.process.pid, signal.SIGKILL)
    tenure.process.wait(5)
    tenure.process = None
    tenure.wait_until(lambda: tenure.processes() == [], 60)


@live
def test_a_second_start_on_the_same_state_is_refused(tenure):
    other = LiveTenure(tenure.home)
    with pytest.raises(AssertionError, match="running already"):
        other.manage("serve", "--empty")


@live
def test_a_busy_port_is_named(tenure):
    with pytest.raises(AssertionError, match=f"Cannot serve on 127.0.0.1:{tenure.port}"):
        tenure.manage("serve", "--empty")


@pytest.mark.django_db
class TestHangingWorker:
    at = clock.now()

    def queue_a_job(self):
        OrmQ.objects.create(key="tenure", payload="x", lock=self.at - timedelta(minutes=10))

    def test_silence_while_jobs_wait_is_a_hang(self):
        self.queue_a_job()
        beat("worker", at=self.at - timedelta(seconds=361))
        assert supervisor.worker_hangs(at=self.at)

    def test_silence_without_jobs_is_none(self):
        beat("worker", at=self.at - timedelta(hours=1))
        assert not supervisor.worker_hangs(at=self.at)

    def test_a_worker_within_the_longest_time_of_a_job_may_be_busy(self):
        self.queue_a_job()
        beat("worker", at=self.at - timedelta(seconds=359))
        assert not supervisor.worker_hangs(at=self.at)
