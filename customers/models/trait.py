"""Trait: the latest known value of a named field, and TraitChange: its full history. Written by customers.traits only.

Account 0: the trait of a contact without account; contact 0: the trait of the account itself. Tags are traits `tag.NAME`.
"""

from django.db import models


class TraitType(models.Model):
    """The first writer of a path fixes its type; paths owned by billing or health refuse other writers."""

    pk = models.CompositePrimaryKey("path", "subject")
    path = models.CharField(max_length=200)
    subject = models.CharField(max_length=7, help_text="account or contact")
    type = models.CharField(max_length=8, help_text="text, number, boolean, date, instant, money, list or object")
    unit = models.CharField(max_length=20, blank=True)
    order = models.JSONField(null=True, help_text="Declared order of the values, worst last.")
    writer = models.CharField(max_length=20, blank=True, help_text="billing or health when owned; empty: anybody.")
    label = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.subject} {self.path}"


class Trait(models.Model):
    pk = models.CompositePrimaryKey("account_id", "contact_id", "path")
    account_id = models.BigIntegerField()
    contact_id = models.BigIntegerField(default=0)
    path = models.CharField(max_length=200)
    value = models.JSONField(null=True, help_text="JSON null: removed.")
    type = models.CharField(max_length=8)
    occurred_at = models.DateTimeField(help_text="Since when it has this value.")
    known_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(help_text="Latest instant at which a writer stated this same value.")
    key = models.CharField(max_length=100, blank=True, help_text="Item key of the writer; breaks ties of equal times.")
    source_id = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["path", "account_id"], name="trait_by_path")]

    def __str__(self) -> str:
        return f"{self.path} of {self.account_id}/{self.contact_id}"


class TraitChange(models.Model):
    pk = models.CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.BigIntegerField(db_default=models.Value(0), help_text="From the sequence customers_traitchange_id_seq.")
    contact_id = models.BigIntegerField(default=0)
    path = models.CharField(max_length=200)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    type = models.CharField(max_length=8)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    known_at = models.DateTimeField()
    key = models.CharField(max_length=100, blank=True)
    source_id = models.BigIntegerField(default=0)
    actor = models.JSONField(help_text="{kind: person|playbook|import|api_key|source|system, id, name}")
    cause = models.JSONField(null=True)
    historical = models.BooleanField(default=False)
    flags = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "customers_traitchange"

    def __str__(self) -> str:
        return f"{self.path} of {self.account_id}/{self.contact_id} at {self.occurred_at}"
