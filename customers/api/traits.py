"""Traits of one record, as answered and set under accounts and contacts; and the list of all traits."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from crm.auth import actor_of
from crm.lib.clock import now
from crm.rest import Noun
from customers import audit, people
from customers.api import answers
from customers.filters import TraitFilters
from customers.models import Account, Contact, Trait
from customers.visibility import of_seen

JSON_OBJECT = {"application/json": {"type": "object", "additionalProperties": True, "maxProperties": people.MOST_TRAITS}}


def traits_answer(subject: Account | Contact, at: datetime | None) -> Response:
    found = list(audit.traits(subject)) if at is None else audit.traits_at(subject, at)
    values = {trait.path: trait.value for trait in found}
    return Response({"values": values, "results": answers.TraitAnswer(found, many=True).data, "next": None})


def put_traits(subject: Account | Contact, request: Request) -> Response:
    people.state(subject, values_of(request.data), at=now(), actor=actor_of(request))
    return traits_answer(subject, None)


def values_of(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValidationError({"": "Give an object of paths and values."})
    if len(data) > people.MOST_TRAITS:
        raise ValidationError({"": f"At most {people.MOST_TRAITS} traits at once."})
    return data


class Traits(ListModelMixin, Noun):
    """Traits: the latest known values of named fields."""

    scope = "traits"
    serializer_class = answers.TraitAnswer
    filterset_class = TraitFilters
    ordering = ("account_id", "contact_id", "path")

    def get_queryset(self) -> QuerySet:
        return of_seen(Trait.objects.exclude(value=None), self.request.user)
