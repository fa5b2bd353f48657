"""Contact: a human at one or more accounts; Membership is the dated link between the two."""

from django.db import models

from crm.models import User
from customers.models.account import Account


class ContactQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "ContactQuerySet":
        """Contacts of accounts the person may see; people without any account are visible to all who work here."""
        members = Membership.objects.filter(account__in=Account.objects.visible_to(user))
        hidden = Membership.objects.exclude(account__in=Account.objects.visible_to(user))
        return self.filter(pk__in=members.values("contact")) | self.exclude(pk__in=hidden.values("contact"))


class Contact(models.Model):
    name = models.CharField(max_length=200, blank=True)
    folded = models.CharField(max_length=200, blank=True, db_collation="C")
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=120, blank=True)
    avatar = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    objects = ContactQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["folded", "id"], name="contact_by_name"),
            models.Index(fields=["folded"], name="contact_by_prefix", opclasses=["text_pattern_ops"]),
            models.Index(fields=["email"], name="contact_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"Contact {self.pk}"


class Membership(models.Model):
    """That a contact belongs to an account from one instant until another (null: still)."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=40, blank=True, help_text="champion, buyer, executive, admin, billing, user …")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "account"], name="a_contact_is_in_an_account_once")]

    def __str__(self) -> str:
        return f"{self.contact} at {self.account}"
