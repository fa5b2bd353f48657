"""All addresses. Each app's urls.py reads as its table of contents."""

from allauth.account import views as account
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("password/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("crm.api")),
    path("", include("customers.urls")),
    path("", include("billing.urls")),
    path("", include("playbooks.urls")),
    path("", include("crm.pages")),
]
