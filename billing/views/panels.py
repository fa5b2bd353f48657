"""Billing as part of an account's page: the subscription panel, the revenue tab, and granting credit."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from billing.forms import CreditForm
from billing.ledger import grant_credit
from billing.models import Invoice, Subscription
from billing.reading import credit_entries, standing
from crm.lib import clock, htmx
from crm.lib.problems import Refused
from crm.models import Installation
from customers.models import Account
from customers.rights import can, require


def visible(request: HttpRequest, pk: int) -> Account:
    return get_object_or_404(Account.objects.visible_to(request.user).select_related("state", "owner"), pk=pk)


@require_GET
def subscription(request: HttpRequest, pk: int) -> HttpResponse:
    at = clock.now()
    account = visible(request, pk)
    return render(request, "billing/panel/_subscription.html", {"account": account, "standing": standing(account, at=at), "at": at})


@require_GET
def revenue(request: HttpRequest, pk: int) -> HttpResponse:
    return revenue_page(request, visible(request, pk))


def revenue_page(request: HttpRequest, account: Account, form: CreditForm | None = None, *, status: int = 200) -> HttpResponse:
    at = clock.now()
    stands = standing(account, at=at)
    context = {
        "account": account,
        "standing": stands,
        "subscriptions": Subscription.objects.with_items().filter(account=account).order_by("-pk"),
        "invoices": Invoice.objects.filter(account=account).order_by("-pk")[:50],
        "entries": credit_entries(account),
        "may_credit": can(request.user, "credit.grant"),
        "form": form or CreditForm(currency_of(account)),
        "opened": form is not None,
        "at": at,
    }
    return htmx.render(request, "billing/panel/revenue.html", "billing/panel/_revenue.html", context, status=status)


def currency_of(account: Account) -> str:
    return account.currency or Installation.load().currency


@require_POST
def credit_create(request: HttpRequest, pk: int) -> HttpResponse:
    account = visible(request, pk)
    require(request.user, "credit.grant")
    form = CreditForm(currency_of(account), request.POST)
    if form.is_valid():
        try:
            grant_credit(account, currency=currency_of(account), at=clock.now(), by=request.user, **form.cleaned_data)
            return htmx.redirect(request, reverse("billing:account-revenue", args=[account.pk]))
        except Refused as refusal:
            form.add_error(None, refusal.message)
    return revenue_page(request, account, form, status=422)
