"""What the API answers about billing. Bodies that it takes stand in billing.api.bodies. Money is minor units of `currency`."""

from typing import Any

from rest_framework import serializers as s

from billing.models import Subscription
from billing.standing import plan_item
from crm.lib.lean import Lean


class PlanAnswer(Lean):
    """What is sold."""

    id = s.IntegerField()
    key = s.CharField()
    name = s.CharField()
    rank = s.IntegerField(help_text="Higher is bigger.")
    is_top = s.BooleanField()
    allowances = s.DictField(child=s.FloatField(), help_text="Event name -> units per billing period.")
    archived_at = s.DateTimeField(allow_null=True)


class PriceAnswer(Lean):
    """What a plan costs in one currency and rhythm."""

    id = s.IntegerField()
    plan = s.IntegerField(source="plan_id")
    model = s.CharField(help_text="flat or unit.")
    currency = s.CharField()
    unit_amount_minor = s.CharField(source="unit_amount_text", help_text="Decimal text: may be a fraction of a minor unit.")
    interval = s.CharField(help_text="day, week, month, quarter or year.")
    interval_count = s.IntegerField()
    in_advance = s.BooleanField()
    proration = s.CharField(help_text="day, second or none.")
    archived_at = s.DateTimeField(allow_null=True)


class SubscriptionAnswer(Lean):
    """An account's agreement to pay regularly. `price`, `plan` and `quantity` are those that hold now, or held last."""

    id = s.IntegerField()
    account = s.IntegerField(source="account_id")
    status = s.CharField(help_text="trialing, active, past_due, cancelled or ended.")
    origin = s.CharField()
    plan = s.SerializerMethodField()
    price = s.SerializerMethodField()
    quantity = s.SerializerMethodField()
    currency = s.CharField()
    zone = s.CharField()
    anchor_on = s.DateField()
    started_at = s.DateTimeField()
    trial_end = s.DateTimeField(allow_null=True)
    cancel_at = s.DateTimeField(allow_null=True)
    ended_at = s.DateTimeField(allow_null=True)
    end_reason = s.CharField()
    renewal_date = s.DateField(allow_null=True)
    term_months = s.IntegerField()
    auto_renew = s.BooleanField()
    billing_mode = s.CharField()

    def get_plan(self, row: Subscription) -> str:
        return plan_item(row).price.plan.key

    def get_price(self, row: Subscription) -> int:
        return plan_item(row).price_id

    def get_quantity(self, row: Subscription) -> str:
        return f"{plan_item(row).quantity.normalize():f}"


class InvoiceAnswer(Lean):
    """An invoice; subtotal - discount + tax = total - carried, due = total - credit - paid."""

    id = s.IntegerField()
    account = s.IntegerField(source="account_id")
    subscription = s.IntegerField(source="subscription_id", allow_null=True)
    number = s.CharField(allow_null=True, help_text="null: a draft.")
    status = s.CharField(help_text="draft, open, paid, void or uncollectible.")
    currency = s.CharField()
    subtotal_minor = s.IntegerField()
    discount_minor = s.IntegerField()
    tax_minor = s.IntegerField()
    total_minor = s.IntegerField()
    carried_minor = s.IntegerField(help_text="What the lines left in the customer's favour; it became credit.")
    credit_minor = s.IntegerField(help_text="Paid by credit.")
    paid_minor = s.IntegerField()
    due_minor = s.IntegerField()
    period_start = s.DateTimeField(allow_null=True)
    period_end = s.DateTimeField(allow_null=True)
    issued_at = s.DateTimeField(allow_null=True)
    due_at = s.DateTimeField(allow_null=True)
    past_due_at = s.DateTimeField(allow_null=True, help_text="When it was noticed to be past due.")
    paid_at = s.DateTimeField(allow_null=True)
    voided_at = s.DateTimeField(allow_null=True)
    void_reason = s.CharField()


class LineAnswer(Lean):
    id = s.IntegerField()
    kind = s.CharField(help_text="period, usage, correction, one_off or minimum.")
    description = s.CharField()
    period_start = s.DateTimeField(allow_null=True)
    period_end = s.DateTimeField(allow_null=True)
    quantity = s.DecimalField(max_digits=24, decimal_places=6)
    amount_minor = s.IntegerField()
    corrects = s.IntegerField(source="corrects_id", allow_null=True, help_text="Id of the line that this one corrects.")


class PaymentAnswer(Lean):
    """Money received against an invoice; what the invoice did not need became credit."""

    id = s.IntegerField()
    invoice = s.IntegerField(source="invoice_id")
    attempt = s.IntegerField()
    status = s.CharField()
    amount_minor = s.IntegerField()
    currency = s.CharField()
    at = s.DateTimeField()
    method = s.CharField()
    reference = s.CharField()


class WholeInvoiceAnswer(InvoiceAnswer):
    """An invoice with its lines and payments."""

    lines = LineAnswer(source="shown_lines", many=True)
    payments = PaymentAnswer(source="shown_payments", many=True)
    buyer = s.DictField()
    seller = s.DictField()


class PreviewLineAnswer(s.Serializer):
    kind = s.CharField()
    description = s.CharField()
    period_start = s.DateTimeField()
    period_end = s.DateTimeField()
    amount_minor = s.IntegerField()


class PreviewAnswer(s.Serializer):
    """The invoice that would be made; nothing was written."""

    currency = s.CharField()
    lines = PreviewLineAnswer(many=True)
    total_minor = s.IntegerField()
    carried_minor = s.IntegerField()
    credit_minor = s.IntegerField()
    due_minor = s.IntegerField()


class CreditAnswer(Lean):
    """One movement of an account's credit: positive is in the customer's favour."""

    id = s.IntegerField()
    account = s.IntegerField(source="account_id")
    amount_minor = s.SerializerMethodField()
    currency = s.CharField()
    at = s.DateTimeField()
    reason = s.CharField()
    invoice = s.IntegerField(source="invoice_id", allow_null=True)
    playbook = s.CharField(help_text="Key of the playbook that granted it, else empty.")
    version = s.IntegerField(allow_null=True)
    why = s.JSONField(allow_null=True)

    def get_amount_minor(self, row: Any) -> int:
        return -row.amount_minor


class BalanceAnswer(s.Serializer):
    """What the next invoices will be paid with, and what is owed now."""

    account = s.IntegerField()
    currency = s.CharField()
    balance_minor = s.IntegerField(help_text="Credit in the customer's favour.")
    open_minor = s.IntegerField(help_text="Due on open invoices.")
    overdue_minor = s.IntegerField(help_text="Of that, past due.")
