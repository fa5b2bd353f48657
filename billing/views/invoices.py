"""Pages of invoices: the list, one invoice as the customer sees it with its reasons beside it, and what may be done to it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from billing import invoices, payments
from billing.forms import PaymentForm, VoidForm
from billing.models import Invoice
from billing.reading import explained_lines
from crm.lib import clock, htmx
from crm.lib.csvs import streamed
from crm.lib.listing import Column, Listing, choice, flag, text
from crm.lib.problems import Refused
from crm.lib.text import fold
from customers.rights import can, require

LIST = Listing(
    columns=[
        Column("number", "Number", sort="pk", first="-"),
        Column("account", "Account", sort="account__folded"),
        Column("issued", "Issued", sort="issued_at", nullable=True, first="-"),
        Column("due", "Due", sort="due_at", nullable=True),
        Column("total", "Total", numeric=True),
        Column("open", "Open", numeric=True),
        Column("status", "Status"),
    ],
    filters=[
        text("q", "Number or account", lambda rows, value: by_text(rows, value)),
        choice("status", "Any status", Invoice.Status.choices, lambda rows, value: rows.filter(status=value)),
        flag("past_due", "Past due", lambda rows, _value: rows.past_due()),
        flag("mine", "My accounts", lambda rows, _value: rows),
    ],
    default="-number",
)


def by_text(rows: Any, value: str) -> Any:
    """An exact number, else accounts whose name begins with the words."""
    return rows.filter(number__iexact=value) if any(c.isdigit() for c in value) else rows.filter(account__folded__startswith=fold(value))


def rows_for(request: HttpRequest) -> Any:
    rows = Invoice.objects.visible_to(request.user).select_related("account")
    return rows.filter(account__owner=request.user) if request.GET.get("mine") == "1" else rows


@require_GET
def invoice_list(request: HttpRequest) -> HttpResponse:
    page = LIST.page(rows_for(request), request.GET)
    return htmx.render(request, "billing/invoice/list.html", "billing/invoice/_rows.html", {"page": page, "at": clock.now()})


@require_GET
def invoice_export(request: HttpRequest) -> HttpResponse:
    rows = LIST.filtered(rows_for(request), request.GET).order_by("-pk")
    heads = ["number", "account", "status", "issued_at", "due_at", "currency", "total_minor", "paid_minor", "credit_minor", "due_minor"]
    lines = (
        (
            i.number or "",
            i.account.name,
            i.status,
            i.issued_at,
            i.due_at,
            i.currency,
            i.total_minor,
            i.paid_minor,
            i.credit_minor,
            i.due_minor,
        )
        for i in rows.iterator()
    )
    return streamed("invoices.csv", heads, lines)


@require_GET
def invoice(request: HttpRequest, number: str) -> HttpResponse:
    """One invoice by number; by id while it is a draft."""
    visible = Invoice.objects.visible_to(request.user).select_related("account", "subscription", "entity")
    if "\0" in number:
        raise Http404
    found = visible.filter(number=number).first() or get_object_or_404(visible, pk=number if number.isdigit() and len(number) < 19 else 0)
    if found.number and found.number != number:
        return redirect("billing:invoice", found.number)
    return page(request, found)


def page(request: HttpRequest, found: Invoice, *, status: int = 200, **forms: Any) -> HttpResponse:
    owing = found.status in invoices.OWING
    context = {
        "invoice": found,
        "lines": explained_lines(found),
        "payments": found.payments.select_related("by").order_by("attempt"),
        "credits": found.ledger_entries.filter(ledger="customer_credit").exclude(amount_minor__lt=0).order_by("pk"),
        "may_edit": owing and can(request.user, "billing.edit"),
        "payment_form": forms.get("payment_form") or PaymentForm(found),
        "void_form": forms.get("void_form") or VoidForm(),
        "at": clock.now(),
        "opened": forms.get("opened", ""),
    }
    return htmx.render(request, "billing/invoice/page.html", "billing/invoice/_invoice.html", context, status=status)


@require_POST
def payment_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Invoice.objects.visible_to(request.user), pk=pk)
    require(request.user, "billing.edit")
    form = PaymentForm(found, request.POST)
    return write(
        request,
        found,
        form,
        "payment_form",
        "Payment recorded",
        lambda data: payments.record_payment(found, at=clock.now(), by=request.user, **data),
    )


@require_POST
def void_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Invoice.objects.visible_to(request.user), pk=pk)
    require(request.user, "billing.edit")
    form = VoidForm(request.POST)
    return write(
        request, found, form, "void_form", "Invoice voided", lambda data: invoices.void(found, at=clock.now(), by=request.user, **data)
    )


def write(request: HttpRequest, found: Invoice, form: Any, name: str, said: str, verb: Any) -> HttpResponse:
    """Do what a valid form asks; a refusal stands at the top of the form, which is shown again with 422."""
    if form.is_valid():
        try:
            verb(form.cleaned_data)
            response = htmx.redirect(request, reverse("billing:invoice", args=[found.number]))
            return htmx.toast(request, response, said) if not request.headers.get("HX-Request") else response
        except Refused as refusal:
            form.add_error(None, refusal.message)
    return page(request, found, status=422, opened=name, **{name: form})
