"""TimelineEntry: the relationship history that people read; kept for ever, also when old events are pruned."""

import uuid

from django.db import models

from crm.models import User
from customers.models.account import Account


class TimelineQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "TimelineQuerySet":
        return self.filter(account_id__in=Account.objects.visible_to(user).values("pk"))


class TimelineEntry(models.Model):
    pk = models.CompositePrimaryKey("account_id", "at", "id")
    account_id = models.BigIntegerField()
    at = models.DateTimeField(help_text="When it happened.")
    id = models.UUIDField(default=uuid.uuid4, help_text="The event's id where one stands behind it.")
    known_at = models.DateTimeField()
    kind = models.CharField(max_length=12, help_text="event, note, call, meeting, email, score, run, task, trait")
    name = models.CharField(max_length=200, blank=True, help_text="Event name.")
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True, help_text="Plain text or Markdown.")
    icon = models.CharField(max_length=40, blank=True)
    tone = models.CharField(max_length=8, blank=True)
    contact_id = models.BigIntegerField(default=0)
    user_id = models.BigIntegerField(default=0, help_text="The person of ours who wrote it.")
    source_id = models.BigIntegerField(default=0)
    url = models.CharField(max_length=300, blank=True)
    props = models.JSONField(default=dict)
    pinned = models.BooleanField(default=False)

    objects = TimelineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="timeline_by_time"),
            models.Index(fields=["account_id", "kind", "-at"], name="timeline_by_kind"),
        ]

    def __str__(self) -> str:
        return self.title
