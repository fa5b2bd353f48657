"""Identifiers: the names under which the outside world knows our accounts and contacts."""

from django.db import models
from django.db.models import Q

from customers.models.account import Account
from customers.models.contact import Contact


class Identifier(models.Model):
    """A known alias from a source. `scope` is the source's id, 0 for kinds that mean the same everywhere (email, domain)."""

    class State(models.TextChoices):
        ACTIVE = "active"
        DISPUTED = "disputed"

    scope = models.BigIntegerField(default=0)
    kind = models.CharField(max_length=60)
    value = models.CharField(max_length=500)
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="identifiers")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="identifiers")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    delivery_id = models.BigIntegerField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "kind", "value"], name="an_identifier_names_one_record"),
            models.CheckConstraint(
                condition=Q(account__isnull=False, contact__isnull=True) | Q(account__isnull=True, contact__isnull=False),
                name="an_identifier_names_an_account_or_a_contact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class AnonymousLink(models.Model):
    """That an anonymous id was identified as a user id (or alias) at an instant, in one source."""

    scope = models.BigIntegerField()
    anonymous_id = models.CharField(max_length=500)
    user_id = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "anonymous_id", "user_id", "at"], name="a_link_is_known_once")]

    def __str__(self) -> str:
        return f"{self.anonymous_id} is {self.user_id}"
