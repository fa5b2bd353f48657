"""/api/v1/invoices/ with their lines, payments and voiding."""

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import invoices
from billing.api.answers import InvoiceAnswer, PaymentAnswer, WholeInvoiceAnswer
from billing.api.bodies import PaymentBody, VoidBody
from billing.filters import InvoiceFilters
from billing.models import Invoice, InvoiceLine, Payment
from billing.payments import record_payment
from crm.lib import clock
from crm.rest import ReadOnlyNoun, checked
from customers.rights import require


class InvoiceView(ReadOnlyNoun):
    """Invoices. They are made by the billing run; here they are read, paid and voided."""

    filterset_class = InvoiceFilters
    scope = "invoices"

    def get_serializer_class(self) -> type[InvoiceAnswer]:
        return InvoiceAnswer if self.action == "list" else WholeInvoiceAnswer

    def get_queryset(self) -> QuerySet[Invoice]:
        rows = Invoice.objects.visible_to(self.request.user)
        return rows if self.action == "list" else whole(rows)

    @extend_schema(methods=["get"], responses=PaymentAnswer(many=True))
    @extend_schema(methods=["post"], request=PaymentBody, responses={201: PaymentAnswer})
    @action(detail=True, methods=["get", "post"], filterset_class=None)
    def payments(self, request: Request, pk: int) -> Response:
        """Payments of an invoice; POST notes one. What the invoice does not need becomes credit."""
        invoice = self.get_object()
        if request.method == "GET":
            return self.paged(invoice.payments.all(), PaymentAnswer)
        require(request.user, "billing.edit")
        at = clock.now()
        wanted = {"at": at, **checked(PaymentBody, request, context={"at": at})}
        return Response(PaymentAnswer(record_payment(invoice, by=request.user, **wanted)).data, status=201)

    @extend_schema(request=VoidBody, responses=WholeInvoiceAnswer)
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: int) -> Response:
        """Cancel an unpaid invoice. Its periods are billed again by the next run."""
        require(request.user, "billing.edit")
        invoices.void(self.get_object(), at=clock.now(), by=request.user, **checked(VoidBody, request))
        return Response(WholeInvoiceAnswer(self.get_object()).data)


def whole(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """With lines and payments, in two more queries."""
    return rows.prefetch_related(
        Prefetch("lines", InvoiceLine.objects.order_by("id"), to_attr="shown_lines"),
        Prefetch("payments", Payment.objects.order_by("attempt"), to_attr="shown_payments"),
    )
