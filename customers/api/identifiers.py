"""Identifiers: the names under which other systems know our accounts and contacts."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.lib.clock import now
from crm.rest import ReadOnlyNoun, checked
from customers import identifiers
from customers.api import answers, bodies, rows
from customers.filters import IdentifierFilters
from customers.rights import require


class Identifiers(ReadOnlyNoun):
    """Identifiers: known aliases of accounts and contacts."""

    scope = "identifiers"
    serializer_class = answers.IdentifierAnswer
    filterset_class = IdentifierFilters

    def get_queryset(self) -> QuerySet:
        return rows.identifiers(self.request.user)

    def paginate_queryset(self, queryset: QuerySet) -> Any:
        return rows.with_source_keys(super().paginate_queryset(queryset))

    def get_object(self) -> Any:
        return rows.with_source_keys([super().get_object()])[0]

    @extend_schema(request=bodies.IdentifierBody, responses={201: answers.IdentifierAnswer})
    def create(self, request: Request) -> Response:
        """Claim a name for an account or a contact. When another record had it before, the claim is `disputed`."""
        require(request.user, "account.edit")
        values = checked(bodies.IdentifierBody, request, context={"request": request})
        subject = values.get("account") or values["contact"]
        made = identifiers.claim(subject, identifiers.Alias(values["source"], values["kind"], values["value"]), at=now())
        return Response(answers.IdentifierAnswer(rows.with_source_keys([made])[0]).data, status=201)
