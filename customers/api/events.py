"""Events: reading them, and stating one or up to 1,000 in a request."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from crm.lib.clock import now
from crm.lib.problems import flatten
from crm.rest import Noun
from customers import intake
from customers.api import answers, bodies
from customers.filters import EventFilters
from customers.models import Event
from customers.rights import require
from customers.visibility import of_seen

MOST = 1000
WINDOW = timedelta(days=31)
BODY = PolymorphicProxySerializer("Events", [bodies.EventBody, bodies.EventBody(many=True)], resource_type_field_name=None, many=False)


class Events(ListModelMixin, Noun):
    """Events: what happened, and when."""

    scope = "events"
    serializer_class = answers.EventAnswer
    filterset_class = EventFilters
    ordering = ("-occurred_at", "-id")

    def get_queryset(self) -> QuerySet:
        found = of_seen(Event.objects.all(), self.request.user)
        if {"account", "after"} & set(self.request.query_params):
            return found
        return found.filter(occurred_at__gte=now() - WINDOW)

    def list(self, request: Request) -> Response:
        """Events, newest first. Without `account` or `after` only those of the last 31 days."""
        return super().list(request)

    @extend_schema(request=BODY, responses=answers.EventResults)
    def create(self, request: Request) -> Response:
        """Record one event or up to 1,000. Each gets a result: created, repeated (its `key` is known) or quarantined with a reason.

        The request is stored as a delivery. When no event is usable, the answer is 422 with all faults and nothing is stored.
        """
        require(request.user, "timeline.write")
        at = now()
        delivery, outcomes = intake.take(check(items_of(request.data), at=at), user=request.user, at=at)
        return Response({"results": answers.EventResult(outcomes, many=True).data, "delivery": delivery.pk})


def items_of(data: Any) -> list[Any]:
    items = data if isinstance(data, list) else [data]
    if not 1 <= len(items) <= MOST:
        raise ValidationError({"": f"Give one event, or a list of 1 to {MOST}."})
    return items


def check(items: list[Any], *, at: datetime, only: set[int] | None = None) -> intake.Request:
    """Each item through the form of an event; those that fail become faults. `only` names the places to look at."""
    form, usable, faults = bodies.EventBody(context={"at": at}), {}, {}
    for index, item in enumerate(items):
        if only is None or index in only:
            try:
                usable[index] = form.run_validation(item)
            except ValidationError as error:
                faults[index] = fault(index, next(flatten(error.detail)))
    return intake.Request(items, usable, faults)


def fault(index: int, error: dict[str, str]) -> intake.Outcome:
    """The reason code of the first error of an item."""
    path = error["path"].removeprefix("non_field_errors")
    reason = "bad_time" if path == "occurred_at" else error["code"] if error["code"] == "no_identity" else "bad_field"
    return intake.Outcome(index, "quarantined", None, reason, path, error["message"])
