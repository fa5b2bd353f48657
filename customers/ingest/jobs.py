"""Background doors of ingest: they ask the clock and call one verb each."""

from crm.lib import clock
from crm.models import Job
from customers.ingest import alarms, apply, quarantine
from customers.models import Source


def apply_source(source_id: int) -> None:
    """Apply what waits for one source; tell its owner when too much of it is bad."""
    source = Source.objects.filter(pk=source_id).first()
    if source and apply.apply_pending(at=clock.now(), source=source).quarantined:
        alarms.tell_owners(at=clock.now())


def replay(job_id: int) -> None:
    """Run a replay job."""
    quarantine.run_replay(Job.objects.get(pk=job_id), at=clock.now())
