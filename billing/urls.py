"""Pages of billing."""

from django.urls import path

from billing.views import invoices, panels

app_name = "billing"

urlpatterns = [
    path("invoices/", invoices.invoice_list, name="invoice-list"),
    path("invoices/export/", invoices.invoice_export, name="invoice-export"),
    path("invoices/<str:number>/", invoices.invoice, name="invoice"),
    path("invoices/<int:pk>/payments/", invoices.payment_create, name="invoice-payment"),
    path("invoices/<int:pk>/void/", invoices.void_create, name="invoice-void"),
    path("accounts/<int:pk>/panels/subscription/", panels.subscription, name="account-panel"),
    path("accounts/<int:pk>/revenue/", panels.revenue, name="account-revenue"),
    path("accounts/<int:pk>/credits/", panels.credit_create, name="account-credit"),
]
