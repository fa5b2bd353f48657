"""How facts come in: Source (one configured sender) and Delivery (one raw inbound message, stored before it is understood)."""

from django.db import models

from crm.models import User


class Source(models.Model):
    """One configured sender. The write key may only write to its own source; `digest` finds it, `write_key` is shown to staff."""

    class State(models.TextChoices):
        LIVE = "live"
        PAUSED = "paused", "paused: stored, not applied"
        OFF = "off", "switched off: refused"

    name = models.CharField(max_length=80)
    key = models.SlugField(max_length=63, unique=True, help_text="Names the source in identifiers and trait paths.")
    kind = models.CharField(max_length=20, default="segment")
    state = models.CharField(max_length=6, choices=State.choices, default=State.LIVE)
    write_key = models.CharField(max_length=64, unique=True)
    old_write_key = models.CharField(max_length=64, blank=True, db_index=True)
    old_key_until = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    default_lifecycle = models.CharField(max_length=10, default="customer")
    history = models.BooleanField(default=False, help_text="Everything it sends is marked historical and starts no playbook.")
    item_bytes = models.PositiveIntegerField(null=True, blank=True)
    items_per_batch = models.PositiveIntegerField(null=True, blank=True)
    events_per_minute = models.PositiveIntegerField(null=True, blank=True)
    allowed_origins = models.JSONField(default=list, blank=True)
    shares_ids_with = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        help_text="Source whose user and group ids mean the same; empty: its ids are its own.",
    )
    wake_at = models.DateTimeField(null=True, blank=True, help_text="When an apply job was asked for that has not begun.")
    names = models.JSONField(default=list, blank=True, help_text="Names of the events that it sent so far.")
    created_at = models.DateTimeField()
    last_message_at = models.DateTimeField(null=True, blank=True)
    key_used_at = models.DateTimeField(null=True, blank=True)
    repeats = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    lag_seconds = models.FloatField(null=True, blank=True, help_text="Received minus occurred, of the last message.")

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> int:
        """The scope of its identifiers: its own id, or that of the source it shares ids with."""
        return self.shares_ids_with_id or self.pk


class SourceHour(models.Model):
    """Volume of one source in one hour (UTC): what is normal, and what silence is."""

    pk = models.CompositePrimaryKey("source_id", "hour")
    source_id = models.BigIntegerField()
    hour = models.DateTimeField()
    items = models.IntegerField(default=0)
    quarantined = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.source_id} {self.hour}"


class Delivery(models.Model):
    class State(models.TextChoices):
        RECEIVED = "received"
        APPLIED = "applied"
        PARTLY = "partly_applied"
        QUARANTINED = "quarantined"
        IGNORED = "ignored"

    source = models.ForeignKey(Source, models.PROTECT, related_name="deliveries")
    received_at = models.DateTimeField()
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)
    headers = models.JSONField(default=dict, help_text="Allow-listed headers; never secrets.")
    body = models.BinaryField(null=True, help_text="Raw body in zlib or gzip form; null after retention.")
    decoded_bytes = models.IntegerField()
    key = models.CharField(max_length=100, null=True, blank=True)
    client = models.CharField(max_length=120, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    state = models.CharField(max_length=14, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.TextField(blank=True)
    items = models.IntegerField(default=0)
    applied = models.IntegerField(default=0)
    repeated = models.IntegerField(default=0)
    quarantined = models.IntegerField(default=0)
    flags = models.JSONField(default=list)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="a_keyed_delivery_is_stored_once")]
        indexes = [
            models.Index(fields=["source", "id"], condition=models.Q(state="received"), name="delivery_waiting"),
            models.Index(fields=["source", "-received_at"], name="delivery_by_source"),
            models.Index(fields=["-received_at", "-id"], name="delivery_by_time"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class QuarantinedItem(models.Model):
    """One item of a delivery that could not be applied, with the reason and the raw value. Nothing is dropped in silence."""

    class State(models.TextChoices):
        OPEN = "open"
        REPLAYED = "replayed"
        DISCARDED = "discarded"

    source = models.ForeignKey(Source, models.CASCADE)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="quarantine")
    index = models.IntegerField(help_text="Place in the batch, from 0.")
    reason = models.CharField(max_length=40)
    path = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=300)
    raw = models.TextField()
    detail = models.TextField(blank=True, help_text="Traceback of an adapter_error.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "index"], name="an_item_is_quarantined_once")]
        indexes = [models.Index(fields=["state", "source", "reason", "-at"], name="quarantine_by_reason")]

    def __str__(self) -> str:
        return f"{self.reason} in delivery {self.delivery_id}"


class RefusedBody(models.Model):
    """What was answered with 4xx: counted and described, not stored (status, size, digest and the first 1 KB)."""

    source = models.ForeignKey(Source, models.CASCADE, null=True)
    at = models.DateTimeField()
    status = models.SmallIntegerField()
    code = models.CharField(max_length=40)
    message = models.CharField(max_length=300)
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    head = models.BinaryField(default=b"")
    client = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="refused_by_time")]

    def __str__(self) -> str:
        return f"{self.status} {self.code}"
