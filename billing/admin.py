"""Records of billing in the admin. What the database guards is read-only here; verbs change it."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from billing.models import (
    BillingHold,
    CreditEntry,
    Invoice,
    InvoiceLine,
    LegalEntity,
    NumberSeries,
    Payment,
    Plan,
    Price,
    ScheduledChange,
    Subscription,
    SubscriptionItem,
)


class ReadOnly:
    """Records that only verbs write."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ItemInline(ReadOnly, admin.TabularInline):
    model = SubscriptionItem
    fields = ["slot", "price", "quantity", "valid_from", "valid_until"]
    ordering = ["valid_from", "id"]


class ChangeInline(ReadOnly, admin.TabularInline):
    model = ScheduledChange
    fields = ["effective_at", "price", "quantity", "status", "by"]
    ordering = ["effective_at", "id"]


class LineInline(ReadOnly, admin.TabularInline):
    model = InvoiceLine
    fields = ["kind", "description", "quantity", "unit_amount", "amount_minor", "corrects", "voided"]
    ordering = ["id"]


class PaymentInline(ReadOnly, admin.TabularInline):
    model = Payment
    fields = ["attempt", "status", "amount_minor", "at", "method", "reference", "by"]
    ordering = ["attempt"]


class SeriesInline(admin.TabularInline):
    model = NumberSeries
    fields = ["series", "prefix", "next_number"]
    readonly_fields = ["next_number"]
    extra = 0
    ordering = ["series"]


class PriceInline(admin.TabularInline):
    """Prices can be added; one in use is never changed."""

    model = Price
    fields = ["model", "currency", "unit_amount", "interval", "interval_count", "in_advance", "proration", "archived_at"]
    extra = 0
    ordering = ["id"]

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(LegalEntity)
class LegalEntityAdmin(admin.ModelAdmin):
    list_display = ["name", "key", "zone", "payment_days"]
    ordering = ["key"]
    inlines = [SeriesInline]


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    list_display = ["name", "key", "rank", "is_top", "archived_at"]
    ordering = ["rank", "key"]
    search_fields = ["key", "name"]
    inlines = [PriceInline]


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "account", "status", "currency", "started_at", "renewal_date", "next_due_at"]
    list_filter = ["status", "origin"]
    list_select_related = ["account"]
    search_fields = ["account__name"]
    ordering = ["-id"]
    inlines = [ItemInline, ChangeInline]


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["number", "account", "status", "total_minor", "due_minor", "currency", "issued_at", "due_at"]
    list_filter = ["status"]
    list_select_related = ["account"]
    search_fields = ["number", "account__name"]
    ordering = ["-id"]
    inlines = [LineInline, PaymentInline]


@admin.register(CreditEntry)
class CreditEntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "account", "ledger", "amount_minor", "currency", "reason", "playbook"]
    list_filter = ["ledger"]
    list_select_related = ["account"]
    search_fields = ["account__name", "reason"]
    ordering = ["-id"]


@admin.register(BillingHold)
class BillingHoldAdmin(admin.ModelAdmin):
    """Deleting a hold lets billing go on."""

    list_display = ["account", "since", "reason"]
    list_select_related = ["account"]
    ordering = ["-since"]
    readonly_fields = ["account", "since", "reason"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
