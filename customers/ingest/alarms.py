"""Telling the owner of a source that too much of it lands in quarantine: one mail for a source and hour."""

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail

from crm.models import Job
from customers import heartbeat

KIND = "ingest.alarm"


def tell_owners(*, at: datetime) -> int:
    """Mail the owners of sources whose present or last hour is alarming, each hour once. Returns how many mails went out."""
    return sum(tell(alarm, at) for alarm in heartbeat.alarms(at) if alarm.source.owner)


def tell(alarm: heartbeat.Alarm, at: datetime) -> bool:
    """The Job row is the memory that this hour was told; it is made first, so a mail that fails is not sent again and again."""
    key = f"{alarm.source.pk}:{alarm.hour.isoformat()}"
    job, made = Job.objects.get_or_create(kind=KIND, key=key, defaults={"created_at": at, "state": Job.State.RUNNING})
    if not made:
        return False
    subject = f"{alarm.source.name}: {alarm.quarantined} of {alarm.items} items in quarantine"
    text = (
        f"In the hour from {alarm.hour:%Y-%m-%d %H:%M} UTC, {alarm.quarantined} of {alarm.items} items that {alarm.source.name} sent "
        f"could not be applied.\nNothing is lost: they wait in quarantine with their reasons, at {settings.SITE_URL}/data/quarantine/.\n"
    )
    sent = send_mail(subject, text, None, [alarm.source.owner.email], fail_silently=True)
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE if sent else Job.State.FAILED, finished_at=at)
    return bool(sent)
