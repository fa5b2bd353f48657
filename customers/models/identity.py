"""Identifiers: the names under which the outside world knows our accounts and contacts."""

from django.db import models
from django.db.models import Q

from customers.models.account import Account
from customers.models.contact import Contact


class Identifier(models.Model):
    """A known alias from a source. `scope` is Source.scope, 0 for kinds that mean the same everywhere (email, domain).

    When several records claim one alias, the earliest claim is active and the others stay beside it as disputed: shown to
    people, never applied. `first_seen_at` and `key` (item key of the earliest claim) decide, so order of arrival does not.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        DISPUTED = "disputed"

    scope = models.BigIntegerField(default=0)
    kind = models.CharField(max_length=60)
    value = models.CharField(max_length=500)
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="identifiers")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="identifiers")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    delivery_id = models.BigIntegerField(null=True, blank=True, help_text="The delivery that first said so.")
    key = models.CharField(max_length=100, blank=True, help_text="Item key of the earliest claim; breaks ties of equal times.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(help_text="To the hour.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "kind", "value"], condition=Q(state="active"), name="an_identifier_names_one_record"),
            models.UniqueConstraint(
                fields=["scope", "kind", "value", "account", "contact"], nulls_distinct=False, name="a_record_claims_an_identifier_once"
            ),
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


class GroupMark(models.Model):
    """That a contact said with a group call, at an instant, in which account it works. Decides events of contacts with several."""

    contact_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact_id", "at", "account_id"], name="a_group_mark_is_known_once")]

    def __str__(self) -> str:
        return f"{self.contact_id} in {self.account_id} at {self.at}"
