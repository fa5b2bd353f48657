"""Invoice and its lines. Born as a draft; once finalised only its status and what is paid may change (triggers)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import Case, F, Q, Value, When

from billing.models.entity import LegalEntity
from billing.models.ranges import During, Only
from billing.models.subscription import Subscription, SubscriptionItem
from crm.models import User
from customers.models import Account


class InvoiceQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "InvoiceQuerySet":
        """The invoices of the accounts this person may see."""
        return self.filter(account__in=Account.objects.visible_to(user))

    def open(self) -> "InvoiceQuerySet":
        return self.filter(status=Invoice.Status.OPEN)

    def past_due(self) -> "InvoiceQuerySet":
        """Open invoices whose due date has been noticed to have passed."""
        return self.open().filter(past_due_at__isnull=False)


class Invoice(models.Model):
    """All amounts are minor units of `currency`.

    subtotal - discount + tax = total - carried, where `carried` went to the account's credit; due = total - credit - paid.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        PAID = "paid", "Paid"
        VOID = "void", "Void"
        UNCOLLECTIBLE = "uncollectible", "Uncollectible"

    account = models.ForeignKey(Account, models.PROTECT, related_name="invoices")
    entity = models.ForeignKey(LegalEntity, models.PROTECT, related_name="+")
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, blank=True, related_name="invoices")
    series = models.CharField(max_length=20, default="invoice")
    sequence = models.PositiveBigIntegerField(null=True, blank=True)
    number = models.CharField(max_length=40, null=True, blank=True)
    status = models.CharField(max_length=13, choices=Status.choices, default=Status.DRAFT)
    currency = models.CharField(max_length=3)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    drafted_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    past_due_at = models.DateTimeField(null=True, blank=True, help_text="When it was noticed to be past due.")
    paid_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=300, blank=True)
    subtotal_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    carried_minor = models.BigIntegerField(default=0, help_text="What the lines left in the customer's favour; it went to their credit.")
    credit_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    due_minor = models.GeneratedField(
        expression=Case(When(status="void", then=Value(0)), default=F("total_minor") - F("credit_minor") - F("paid_minor")),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    buyer = models.JSONField(default=dict, blank=True)
    seller = models.JSONField(default=dict, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "series", "sequence"], name="an_invoice_number_is_used_once"),
            models.UniqueConstraint(fields=["entity", "series", "number"], name="an_invoice_label_is_used_once"),
            models.CheckConstraint(
                condition=Q(status="draft", number=None, sequence=None, issued_at=None)
                | (~Q(status="draft") & Q(number__isnull=False, sequence__isnull=False, issued_at__isnull=False, due_at__isnull=False)),
                name="only_a_draft_has_no_number",
            ),
            models.CheckConstraint(
                condition=Q(
                    discount_minor__gte=0,
                    tax_minor__gte=0,
                    total_minor__gte=0,
                    carried_minor__gte=0,
                    credit_minor__gte=0,
                    paid_minor__gte=0,
                ),
                name="no_total_of_an_invoice_is_negative",
            ),
            models.CheckConstraint(
                condition=Q(total_minor=F("subtotal_minor") - F("discount_minor") + F("tax_minor") + F("carried_minor")),
                name="the_totals_of_an_invoice_add_up",
            ),
            models.CheckConstraint(
                condition=Q(credit_minor__lte=F("total_minor") - F("paid_minor")), name="an_invoice_is_not_paid_beyond_its_total"
            ),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(total_minor=F("credit_minor") + F("paid_minor")), name="a_paid_invoice_owes_nothing"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-issued_at", "-id"], name="invoice_by_account"),
            models.Index(fields=["-issued_at", "-id"], name="invoice_by_issue"),
            models.Index(fields=["status", "-id"], name="invoice_by_status"),
            models.Index(fields=["due_at", "account"], name="invoice_to_become_past_due", condition=Q(status="open", past_due_at=None)),
            models.Index(fields=["account"], name="invoice_open_by_account", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.pk}"

    def get_absolute_url(self) -> str:
        return f"/invoices/{self.number or self.pk}/"


class InvoiceLine(models.Model):
    """One charge or correction. `period_*` is half-open; a correction names the line it corrects and why (`cause`)."""

    class Kind(models.TextChoices):
        PERIOD = "period", "Period"
        USAGE = "usage", "Usage"
        CORRECTION = "correction", "Correction"
        ONE_OFF = "one_off", "One-off"
        MINIMUM = "minimum", "Minimum"

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines")
    item = models.ForeignKey(SubscriptionItem, models.PROTECT, null=True, blank=True, related_name="lines")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERIOD)
    description = models.CharField(max_length=300)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    part = models.PositiveSmallIntegerField(default=0, help_text="Above 0 only where one period is billed in parts.")
    quantity = models.DecimalField(max_digits=24, decimal_places=6, default=1)
    unit_amount = models.DecimalField(max_digits=24, decimal_places=12, default=0, help_text="Minor units.")
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    cause = models.CharField(max_length=100, blank=True)
    voided = models.BooleanField(default=False)
    effect_key = models.CharField(max_length=200, null=True, blank=True, unique=True, help_text="Of the playbook step that asked for it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "kind", "period_start", "part"],
                condition=Q(voided=False) & ~Q(kind="correction"),
                name="a_charge_for_a_period_is_billed_once",
            ),
            models.UniqueConstraint(
                fields=["corrects", "cause"], condition=Q(kind="correction", voided=False), name="a_line_is_corrected_once_a_cause"
            ),
            models.CheckConstraint(
                condition=Q(kind="correction", corrects__isnull=False) | (~Q(kind="correction") & Q(corrects=None)),
                name="a_correction_names_the_line_it_corrects",
            ),
            models.CheckConstraint(
                condition=~Q(kind="period") | Q(item__isnull=False, period_start__isnull=False, period_end__gt=F("period_start")),
                name="a_period_line_has_an_item_and_a_period",
            ),
            ExclusionConstraint(
                name="no_span_of_an_item_is_billed_twice",
                expressions=[(Only("item"), "&&"), (During("period_start", "period_end"), "&&")],
                condition=Q(kind="period", voided=False),
            ),
        ]
        indexes = [models.Index(fields=["item", "period_start"], name="line_by_item_and_period", condition=Q(voided=False))]

    def __str__(self) -> str:
        return self.description
