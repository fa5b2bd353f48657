"""/api/v1/accounts/{id}/credits/ and /balance/."""

from typing import Any

from django.db.models import Sum
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.answers import BalanceAnswer, CreditAnswer
from billing.api.bodies import CreditBody
from billing.entries import Ledger
from billing.ledger import balance, grant_credit
from billing.models import CreditEntry, Invoice
from crm.lib import clock
from crm.rest import Noun, checked
from customers.models import Account
from customers.rights import require


class CreditView(ListModelMixin, Noun):
    """Movements of an account's credit, newest first."""

    queryset = CreditEntry.objects.none()
    serializer_class = CreditAnswer
    scope = "credits"

    def get_queryset(self) -> Any:
        if "account" not in self.kwargs:
            return CreditEntry.objects.none()
        return CreditEntry.objects.filter(account=account_of(self), ledger=Ledger.CUSTOMER_CREDIT)

    @extend_schema(request=CreditBody, responses={201: CreditAnswer})
    def create(self, request: Request, account: int) -> Response:
        """Give an account credit that pays its next invoices."""
        require(request.user, "credit.grant")
        granted = grant_credit(account_of(self), at=clock.now(), by=request.user, **checked(CreditBody, request))
        return Response(CreditAnswer(granted).data, status=201)


class BalanceView(Noun):
    """An account's credit and debt."""

    queryset = CreditEntry.objects.none()
    serializer_class = BalanceAnswer
    pagination_class = None
    filter_backends = []
    scope = "credits"

    @extend_schema(operation_id="accounts_balance_retrieve", responses=BalanceAnswer)
    def list(self, request: Request, account: int) -> Response:
        """The balance of an account: a sum over the ledger."""
        return Response(BalanceAnswer(standing_of(account_of(self))).data)


def account_of(view: Noun) -> Account:
    return get_object_or_404(Account.objects.visible_to(view.request.user), pk=view.kwargs["account"])


def standing_of(account: Account) -> dict[str, Any]:
    owed = Invoice.objects.open().filter(account=account)
    return {
        "account": account.pk,
        "currency": account.currency,
        "balance_minor": balance(account),
        "open_minor": owed.aggregate(due=Sum("due_minor"))["due"] or 0,
        "overdue_minor": owed.past_due().aggregate(due=Sum("due_minor"))["due"] or 0,
    }
