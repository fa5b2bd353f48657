"""Bodies that the API takes about billing. A field that is not listed is refused."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from billing.models import Plan, Price
from crm.rest import Write
from customers.models import Account

MOST_MINOR = 10**15


def amount(**more: object) -> s.IntegerField:
    return s.IntegerField(min_value=1, max_value=MOST_MINOR, help_text="Minor units.", **more)


@extend_schema_field(int)
class VisibleAccount(s.PrimaryKeyRelatedField):
    """The id of an account that the caller may see."""

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(self.context["request"].user)


class PlanBody(Write):
    """A new plan. Its key can never be used again."""

    key = s.SlugField(max_length=63)
    name = s.CharField(max_length=120)
    rank = s.IntegerField(default=0, min_value=-1000, max_value=1000)
    is_top = s.BooleanField(default=False)
    allowances = s.DictField(child=s.IntegerField(min_value=0, max_value=MOST_MINOR), default=dict)


class PriceBody(Write):
    plan = s.PrimaryKeyRelatedField(queryset=Plan.objects.all())
    model = s.ChoiceField(choices=Price.Model.choices, default=Price.Model.FLAT)
    currency = s.CharField(max_length=3)
    unit_amount_minor = s.DecimalField(
        max_digits=24, decimal_places=12, min_value=Decimal(0), help_text="May be a fraction of a minor unit."
    )
    interval = s.ChoiceField(choices=Price.Interval.choices, default=Price.Interval.MONTH)
    interval_count = s.IntegerField(default=1, min_value=1, max_value=1000)
    in_advance = s.BooleanField(default=True)
    proration = s.ChoiceField(choices=Price.Proration.choices, default=Price.Proration.DAY)


def price(**more: object) -> s.PrimaryKeyRelatedField:
    return s.PrimaryKeyRelatedField(queryset=Price.objects.select_related("plan"), help_text="Id of the price.", **more)


def quantity(**more: object) -> s.DecimalField:
    return s.DecimalField(max_digits=18, decimal_places=6, min_value=Decimal("0.000001"), **more)


class SubscriptionBody(Write):
    """A new subscription, from now on."""

    account = VisibleAccount(help_text="Id of the account.")
    price = price()
    quantity = quantity(default=Decimal(1))
    trial_end = s.DateTimeField(required=False, default_timezone=UTC)
    renewal_date = s.DateField(required=False)
    term_months = s.IntegerField(default=12, min_value=1, max_value=120)
    auto_renew = s.BooleanField(default=True)
    billing_mode = s.CharField(max_length=20, default="invoice")


class ChangeBody(Write):
    """Another price, another quantity, or both."""

    price = price(required=False)
    quantity = quantity(required=False)
    when = s.ChoiceField(choices=["now", "period_end"], default="now")


class CancellationBody(Write):
    when = s.ChoiceField(choices=["now", "period_end"], default="period_end")
    reason = s.ChoiceField(choices=["voluntary", "involuntary"], default="voluntary")


class PaymentBody(Write):
    """Money that arrived, now unless `at` says when."""

    amount_minor = amount()
    at = s.DateTimeField(required=False, default_timezone=UTC)
    method = s.CharField(max_length=20, default="transfer")
    reference = s.CharField(max_length=200, allow_blank=True, default="")

    def validate_at(self, value: datetime) -> datetime:
        if value > self.context["at"]:
            raise s.ValidationError("Money that has not arrived yet is not a payment.")
        return value


class VoidBody(Write):
    reason = s.CharField(max_length=300)


class CreditBody(Write):
    amount_minor = amount()
    currency = s.CharField(max_length=3)
    reason = s.CharField(max_length=300)
