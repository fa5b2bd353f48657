"""Telling the owner of a source that it fell silent, or that too much of it lands in quarantine: one mail for each time."""

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail

from crm.models import Job, User
from customers import heartbeat
from customers.models import Source

QUARANTINE, SILENCE = "ingest.alarm", "ingest.silence"


def tell_owners(*, at: datetime) -> int:
    """Mail the owners of sources whose present or last hour is alarming, each hour once, and of silent ones, each day once.

    Returns how many mails went out. Two queries when there is nothing to tell.
    """
    bad = sum(tell_quarantine(alarm, at) for alarm in heartbeat.alarms(at) if alarm.source.owner)
    silent = {feed.source_id: feed for feed in heartbeat.silent_sources(at)}
    owned = Source.objects.filter(pk__in=silent, owner__isnull=False).select_related("owner") if silent else []
    return bad + sum(tell_silence(silent[source.pk], source.owner, at) for source in owned)


def tell_quarantine(alarm: heartbeat.Alarm, at: datetime) -> bool:
    subject = f"{alarm.source.name}: {alarm.quarantined} of {alarm.items} items in quarantine"
    text = (
        f"In the hour from {alarm.hour:%Y-%m-%d %H:%M} UTC, {alarm.quarantined} of {alarm.items} items that {alarm.source.name} sent "
        f"could not be applied.\nNothing is lost: they wait in quarantine with their reasons, at {settings.SITE_URL}/sources/.\n"
    )
    return once(QUARANTINE, f"{alarm.source.pk}:{alarm.hour.isoformat()}", alarm.source.owner, subject, text, at)


def tell_silence(feed: heartbeat.Feed, owner: User, at: datetime) -> bool:
    since = f"{feed.since:%Y-%m-%d %H:%M} UTC" if feed.since else "a long time ago"
    text = (
        f"{feed.name} was last heard {since}: {feed.hour_items} items in the hours judged, {feed.normal:.0f} are normal.\nWhat reads "
        f'"activity fell" is held back until it speaks again. See {settings.SITE_URL}/sources/.\n'
    )
    return once(SILENCE, f"{feed.source_id}:{at.date()}", owner, f"{feed.name} is silent", text, at)


def once(kind: str, key: str, owner: User, subject: str, text: str, at: datetime) -> bool:
    """The Job row is the memory that this was told; it is made first, so a mail that fails is not sent again and again."""
    job, made = Job.objects.get_or_create(kind=kind, key=key, defaults={"created_at": at, "state": Job.State.RUNNING})
    if not made:
        return False
    sent = send_mail(subject, text, None, [owner.email], fail_silently=True)
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE if sent else Job.State.FAILED, finished_at=at)
    return bool(sent)
