"""Payment: money received against an invoice."""

from django.db import models
from django.db.models import Q

from billing.models.invoice import Invoice
from crm.models import User


class Payment(models.Model):
    """`amount_minor` is all that was received; what the invoice did not need went to the account's credit."""

    class Status(models.TextChoices):
        SUCCEEDED = "succeeded", "Received"
        FAILED = "failed", "Failed"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    attempt = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.SUCCEEDED)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    method = models.CharField(max_length=20, default="transfer")
    reference = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=40, null=True, blank=True)
    provider_event = models.CharField(max_length=200, null=True, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "attempt"], name="an_attempt_to_pay_is_counted_once"),
            models.UniqueConstraint(fields=["provider", "provider_event"], name="a_message_of_a_provider_counts_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_payment_is_more_than_nothing"),
        ]

    def __str__(self) -> str:
        return f"payment {self.attempt} of {self.invoice_id}"
