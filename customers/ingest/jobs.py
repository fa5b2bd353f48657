"""Background doors of ingest: they ask the clock and call one verb each."""

from crm.lib import clock
from crm.models import Job
from customers.ingest import apply, quarantine
from customers.models import Source


def apply_source(source_id: int) -> None:
    """Apply what waits for one source."""
    source = Source.objects.filter(pk=source_id).first()
    if source:
        apply.apply_pending(at=clock.now(), source=source)


def replay(job_id: int) -> None:
    """Run a replay job."""
    quarantine.run_replay(Job.objects.get(pk=job_id), at=clock.now())
