"""Pages of customers."""

from django.urls import path

from customers.views import account_bulk, account_fields, accounts

app_name = "customers"

urlpatterns = [
    path("accounts/", accounts.account_list, name="account-list"),
    path("accounts/tiles/", accounts.account_tiles, name="account-tiles"),
    path("accounts/export/", accounts.account_export, name="account-export"),
    path("accounts/owner/", account_bulk.accounts_owner, name="accounts-owner"),
    path("accounts/tasks/", account_bulk.accounts_tasks, name="accounts-tasks"),
    path("accounts/tasks/undo/", account_bulk.tasks_undo, name="tasks-undo"),
    path("accounts/undo/", account_fields.account_undo, name="account-undo"),
    path("accounts/<int:pk>/peek/", accounts.account_peek, name="account-peek"),
    path("accounts/<int:pk>/fields/<slug:name>/", account_fields.account_field, name="account-field"),
]
