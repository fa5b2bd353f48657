"""Event: something happened at an instant. Immutable, very many, from any system. Written by customers.events only.

Partitioned by month of `occurred_at`; account 0 is "not attributed", contact 0 "nobody", source 0 the engine itself.
Nothing points at an Event by foreign key.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func
from django.db.models.functions import Cast


class Event(models.Model):
    pk = models.CompositePrimaryKey("account_id", "occurred_at", "id")
    account_id = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    id = models.UUIDField(help_text="UUIDv5 of source and item key.")
    contact_id = models.BigIntegerField(default=0)
    name = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=24, decimal_places=6, default=1)
    props = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    known_at = models.DateTimeField()
    attributed_at = models.DateTimeField(null=True, help_text="When the event moved to this account; as-of reads use the later.")
    source_id = models.BigIntegerField(default=0)
    delivery_id = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(default=0, help_text="The FactLog row it was written with.")
    anonymous_id = models.CharField(max_length=500, null=True)
    historical = models.BooleanField(default=False)
    late = models.BooleanField(default=False, help_text="Known on a later local day than it occurred, or moved.")
    cause = models.JSONField(null=True, help_text="{run, chain, depth} when a playbook caused it.")
    flags = models.JSONField(null=True, help_text="Remarks of the adapter: future_clamped, nul_replaced …")

    class Meta:
        managed = False
        db_table = "customers_event"

    def __str__(self) -> str:
        return f"{self.name} at {self.occurred_at}"


class ItemKey(models.Model):
    """That an item of a source was recorded: what makes recording idempotent."""

    pk = models.CompositePrimaryKey("source_id", "key")
    source_id = models.BigIntegerField()
    key = models.CharField(max_length=100)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source_id}/{self.key}"


class EventType(models.Model):
    """What the product knows about an event name. Unknown names fold on the timeline."""

    class Timeline(models.TextChoices):
        ENTRY = "entry", "An entry of its own"
        FOLD = "fold", "One line a day"
        HIDE = "hide", "Not shown"

    name = models.CharField(max_length=200, primary_key=True)
    label = models.CharField(max_length=200)
    timeline = models.CharField(max_length=5, choices=Timeline.choices, default=Timeline.FOLD)
    counts_as_contact = models.BooleanField(default=False)
    icon = models.CharField(max_length=40, blank=True)
    tone = models.CharField(max_length=8, blank=True, help_text="good, watch, bad or accent")
    title = models.CharField(max_length=300, blank=True, help_text='Title of the entry; "{number}" is replaced by that property.')

    def __str__(self) -> str:
        return self.name


class FactLog(models.Model):
    """One row per transaction of the two doors: what it touched. Readers take only rows whose transaction can no longer
    be overtaken (`xid` below the snapshot's xmin). Kept for 30 days."""

    xid = models.BigIntegerField(db_default=Cast(Cast(Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()))
    at = models.DateTimeField(help_text="known_at of the facts.")
    kind = models.CharField(max_length=8, default="events", help_text="events, traits or moved")
    account_ids = models.JSONField(default=list)
    names = models.JSONField(default=list, help_text="Event names touched.")
    paths = models.JSONField(default=list, help_text="Trait paths touched.")
    from_at = models.DateTimeField(null=True, help_text="Earliest occurred_at.")
    to_at = models.DateTimeField(null=True, help_text="Latest occurred_at.")

    class Meta:
        indexes = [models.Index(fields=["xid", "id"], name="fact_log_by_xid"), models.Index(fields=["at"], name="fact_log_by_time")]

    def __str__(self) -> str:
        return f"facts {self.pk}"


class Cursor(models.Model):
    """How far a consumer has read the fact log."""

    consumer = models.CharField(max_length=60, primary_key=True)
    xid = models.BigIntegerField(default=0)
    row_id = models.BigIntegerField(default=0)
    later = ArrayField(models.BigIntegerField(), default=list, help_text="Rows passed over because they become known later.")

    def __str__(self) -> str:
        return f"{self.consumer} at {self.xid}/{self.row_id}"
