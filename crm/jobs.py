"""Background work: one Job row for each piece, so that attempts are counted, failures are seen and nothing runs twice at once.

django-q2 only carries the number of the row to a worker. A piece that kills its worker comes back without end
by itself; here it is parked after MOST_ATTEMPTS. The function of a job is named by its dotted path, takes
keyword `key` and `at`, and must be safe to repeat.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from crm.lib import clock
from crm.models import Job

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3


def enqueue(function: str, *, key: str = "", at: datetime) -> Job | None:
    """Have `function` (a dotted path) called with `key` soon, once the present transaction commits.

    Coalesced: while a job of the same function and key waits, None is returned and nothing is added. Two callers at
    the same instant may both add one, which costs a repetition and nothing else.
    """
    if Job.objects.filter(kind=function, key=key, state=Job.State.QUEUED).exists():
        return None
    job = Job.objects.create(kind=function, key=key, created_at=at)
    async_task("crm.jobs.perform", job.pk)
    return job


def perform(job_id: int) -> None:
    """Called by a worker. The attempt is committed before the work begins."""
    job = begin(job_id, at=clock.now())
    if job is None:
        return
    try:
        import_string(job.kind)(key=job.key, at=job.started_at)
    except Exception as problem:
        logger.exception("job %s failed", job)
        finish(job, Job.State.FAILED, f"{type(problem).__name__}: {problem}")
    else:
        finish(job, Job.State.DONE)


@transaction.atomic
def begin(job_id: int, *, at: datetime) -> Job | None:
    """Count an attempt. None when the job is over, or is parked now because it was begun too often without an end."""
    job = Job.objects.select_for_update().filter(pk=job_id, state__in=[Job.State.QUEUED, Job.State.RUNNING]).first()
    if job is None:
        return None
    parked = job.attempts >= MOST_ATTEMPTS
    job.state = Job.State.PARKED if parked else Job.State.RUNNING
    job.attempts += not parked
    job.started_at = at
    job.error = f"begun {job.attempts} times, never ended" if parked else ""
    job.save()
    return None if parked else job


def finish(job: Job, state: Job.State, error: str = "") -> None:
    Job.objects.filter(pk=job.pk).update(state=state, error=error, finished_at=clock.now())
