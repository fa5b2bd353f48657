"""CreditEntry: the double-entry ledger. Append-only; each transaction sums to zero (triggers). Balances are sums, never stored."""

from django.db import models
from django.db.models import Q

from billing.models.invoice import Invoice
from crm.models import User
from customers.models import Account


class CreditEntry(models.Model):
    """One side of a transaction: debits are positive, credits negative, in minor units of `currency`."""

    class Ledger(models.TextChoices):
        RECEIVABLE = "receivable", "Receivable"
        CUSTOMER_CREDIT = "customer_credit", "Customer credit"
        PREPAID = "prepaid", "Prepaid"
        PROMOTIONAL = "promotional", "Promotional"
        CASH = "cash", "Cash"
        REVENUE = "revenue", "Revenue"
        TAX = "tax", "Tax"
        WRITTEN_OFF = "written_off", "Written off"

    txn = models.UUIDField(help_text="Derived from what it records, so that it cannot be written twice.")
    ledger = models.CharField(max_length=15, choices=Ledger.choices)
    account = models.ForeignKey(Account, models.PROTECT, related_name="credit_entries")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    at = models.DateTimeField()
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, blank=True, related_name="ledger_entries")
    reason = models.CharField(max_length=300, blank=True)
    effect_key = models.CharField(max_length=200, null=True, blank=True, unique=True, help_text="Of the playbook step that granted it.")
    playbook = models.CharField(max_length=120, blank=True, help_text="Key of the playbook that granted it.")
    version = models.PositiveIntegerField(null=True, blank=True)
    why = models.JSONField(null=True, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "credit entries"
        constraints = [
            models.UniqueConstraint(fields=["txn", "ledger"], name="a_ledger_has_one_entry_a_transaction"),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="an_entry_moves_something"),
        ]
        indexes = [models.Index(fields=["account", "ledger", "currency"], name="entry_by_account_and_ledger")]

    def __str__(self) -> str:
        return f"{self.ledger} {self.amount_minor} {self.currency}"
