"""Filters of the lists of billing, one FilterSet per noun: page, CSV and API share them.

Each takes a queryset that `visible_to(user)` has narrowed already. Parameters with several values take them with commas.
"""

import django_filters as filters
from django.db.models import QuerySet

from billing.models import Invoice, Plan, Price, Subscription
from crm.lib.filtering import InstantFilter, WholeFilter


class ManyChoices(filters.BaseInFilter, filters.ChoiceFilter):
    """Some of several words, with commas between."""


class PlanFilters(filters.FilterSet):
    key = filters.CharFilter(help_text="The exact key.")
    archived = filters.BooleanFilter(field_name="archived_at", lookup_expr="isnull", exclude=True, help_text="true: off sale.")

    class Meta:
        model = Plan
        fields: list[str] = []


class PriceFilters(filters.FilterSet):
    plan = WholeFilter(field_name="plan_id", help_text="Id of the plan.")
    currency = filters.CharFilter(help_text="ISO 4217 code.")
    archived = filters.BooleanFilter(field_name="archived_at", lookup_expr="isnull", exclude=True, help_text="true: off sale.")

    class Meta:
        model = Price
        fields: list[str] = []


class SubscriptionFilters(filters.FilterSet):
    account = WholeFilter(field_name="account_id", help_text="Id of the account.")
    status = ManyChoices(choices=Subscription.Status.choices, help_text="With commas between.")
    plan = filters.CharFilter(method="on_plan", help_text="Key of the plan that holds now.")
    renewal_after = filters.DateFilter(field_name="renewal_date", lookup_expr="gte", help_text="Renews on this day or later.")
    renewal_before = filters.DateFilter(field_name="renewal_date", lookup_expr="lt", help_text="Renews before this day.")

    class Meta:
        model = Subscription
        fields: list[str] = []

    def on_plan(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(items__price__plan__key=value, items__valid_until=None)


class InvoiceFilters(filters.FilterSet):
    account = WholeFilter(field_name="account_id", help_text="Id of the account.")
    subscription = WholeFilter(field_name="subscription_id", help_text="Id of the subscription.")
    status = ManyChoices(choices=Invoice.Status.choices, help_text="With commas between.")
    past_due = filters.BooleanFilter(method="late", help_text="true: open and past its due date.")
    number = filters.CharFilter(lookup_expr="iexact", help_text="The whole number, such as INV-000042.")
    issued_after = InstantFilter(field_name="issued_at", lookup_expr="gte", help_text="Issued at this instant or later.")
    issued_before = InstantFilter(field_name="issued_at", lookup_expr="lt", help_text="Issued before this instant.")

    class Meta:
        model = Invoice
        fields: list[str] = []

    def late(self, rows: QuerySet, _name: str, value: bool) -> QuerySet:  # noqa: FBT001
        is_late = {"status": Invoice.Status.OPEN, "past_due_at__isnull": False}
        return rows.filter(**is_late) if value else rows.exclude(**is_late)
