import pytest

from crm import jobs
from crm.lib import clock
from crm.models import Job

done = []


def work(*, key, at):
    done.append(key)


def fail(*, key, at):
    raise ValueError("broken")


@pytest.fixture(autouse=True)
def nothing_done():
    done.clear()


@pytest.fixture
def at():
    return clock.now()


pytestmark = pytest.mark.django_db


def test_a_job_is_done_once(at):
    job = jobs.enqueue("tests.crm.test_jobs.work", key="a", at=at)
    jobs.perform(job.pk)
    jobs.perform(job.pk)
    assert done == ["a"]
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 1)


def test_waiting_jobs_of_one_key_are_coalesced(at):
    first = jobs.enqueue("tests.crm.test_jobs.work", key="a", at=at)
    assert jobs.enqueue("tests.crm.test_jobs.work", key="a", at=at) is None
    assert jobs.enqueue("tests.crm.test_jobs.work", key="b", at=at)
    jobs.perform(first.pk)
    assert jobs.enqueue("tests.crm.test_jobs.work", key="a", at=at)


def test_a_failure_is_kept_with_its_reason(at):
    job = jobs.enqueue("tests.crm.test_jobs.fail", at=at)
    jobs.perform(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, "ValueError: broken")


def test_a_job_that_keeps_killing_its_worker_is_parked(at):
    job = jobs.enqueue("tests.crm.test_jobs.work", at=at)
    for _ in range(jobs.MOST_ATTEMPTS):
        assert jobs.begin(job.pk, at=at)  # and the worker dies
    jobs.perform(job.pk)
    assert done == []
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.PARKED, "begun 3 times, never ended")
