"""Counts per local day of the installation, kept by customers.events and rebuilt from events."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

CONTACTS_KEPT = 50


class ActivityDay(models.Model):
    """One event name of one account on one local day. `contact_ids` holds at most 50 distinct contacts."""

    pk = models.CompositePrimaryKey("account_id", "name", "day")
    account_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    day = models.DateField()
    n = models.IntegerField()
    total = models.DecimalField(max_digits=24, decimal_places=6)
    min = models.DecimalField(max_digits=24, decimal_places=6)
    max = models.DecimalField(max_digits=24, decimal_places=6)
    last = models.DecimalField(max_digits=24, decimal_places=6)
    last_at = models.DateTimeField()
    contact_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        indexes = [
            models.Index(fields=["name", "day", "account_id"], name="activity_by_name_and_day"),
            models.Index(fields=["account_id", "-day"], name="activity_by_account_and_day"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.account_id} on {self.day}"


class ContactDay(models.Model):
    """Events of one contact at one account on one local day: active users and last seen."""

    pk = models.CompositePrimaryKey("account_id", "contact_id", "day")
    account_id = models.BigIntegerField()
    contact_id = models.BigIntegerField()
    day = models.DateField()
    events = models.IntegerField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.contact_id} of {self.account_id} on {self.day}"
