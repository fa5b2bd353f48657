"""Sources, and the deliveries that came in through them. Configuration of these needs the scope `admin` and the role for it."""

from datetime import timedelta

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.lib.clock import now
from crm.rest import ReadOnlyNoun, checked
from customers import intake, sources
from customers.api import answers, bodies
from customers.api.events import check
from customers.filters import DeliveryFilters, SourceFilters
from customers.ingest import quarantine
from customers.models import Delivery, QuarantinedItem, Source
from customers.rights import require

SHOWN = 200


class Sources(ReadOnlyNoun):
    """Sources: configured senders of events and traits."""

    scope = "sources"
    serializer_class = answers.SourceAnswer
    filterset_class = SourceFilters
    admin_actions = ("create", "partial_update", "rotation")

    def get_queryset(self) -> QuerySet:
        return Source.objects.all()

    @extend_schema(request=bodies.SourceBody, responses={201: answers.NewSourceAnswer})
    def create(self, request: Request) -> Response:
        """Make a source. `write_key` is in this answer and is not shown again."""
        require(request.user, "source.edit")
        settings = checked(bodies.SourceBody, request)
        made = sources.create_source(settings.pop("name"), kind=settings.pop("kind"), owner=request.user, at=now())
        return Response(answers.NewSourceAnswer(sources.configure(made, settings)).data, status=201)

    @extend_schema(request=bodies.SourceChange, responses=answers.SourceAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change settings: pause (stored, not applied), switch off (refused), limits."""
        require(request.user, "source.edit")
        changed = sources.configure(self.get_object(), checked(bodies.SourceChange, request))
        return Response(answers.SourceAnswer(changed).data)

    @extend_schema(request=bodies.RotationBody, responses=answers.NewSourceAnswer)
    @action(detail=True, methods=["post"])
    def rotation(self, request: Request, pk: int) -> Response:
        """Give the source a new write key, shown in this answer only; the old one stays valid for `overlap_hours`."""
        require(request.user, "source.edit")
        source, hours = self.get_object(), checked(bodies.RotationBody, request)["overlap_hours"]
        sources.rotate(source, overlap=timedelta(hours=hours), at=now())
        return Response(answers.NewSourceAnswer(source).data)


class ReplayAnswer(serializers.Serializer):
    """A replay: done already, or a job that has been asked for."""

    state = serializers.CharField(help_text="done or queued.")
    job = serializers.IntegerField(allow_null=True)


class Deliveries(ReadOnlyNoun):
    """Deliveries: raw inbound messages, with what could not be applied and why."""

    scope = "deliveries"
    serializer_class = answers.DeliveryAnswer
    filterset_class = DeliveryFilters
    own_params = {"quarantine": {"cursor", "page_size"}}

    def get_queryset(self) -> QuerySet:
        return Delivery.objects.select_related("source").defer("body", "headers", "detail")

    @extend_schema(responses=answers.DeliveryDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        """A delivery, with up to 200 of its items in quarantine."""
        delivery = self.get_object()
        delivery.first_quarantined = list(delivery.quarantine.order_by("index")[:SHOWN])
        return Response(answers.DeliveryDetail(delivery).data)

    @extend_schema(responses=answers.QuarantineAnswer(many=True), filters=False)
    @action(detail=True)
    def quarantine(self, request: Request, pk: int) -> Response:
        """The items of the delivery that could not be applied, in order."""
        self.ordering = ("index",)
        return self.paged(self.get_object().quarantine.all(), answers.QuarantineAnswer)

    @extend_schema(request=None, responses={202: ReplayAnswer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: int) -> Response:
        """Apply the delivery again with today's rules and its own time of receipt. What was applied is not applied twice."""
        require(request.user, "quarantine.replay")
        delivery = self.get_object()
        if delivery.source.kind == intake.KEY:
            self.replay_stated(delivery, request)
            return Response({"state": "done", "job": None}, status=202)
        return Response({"state": "queued", "job": quarantine.replay(at=now(), delivery_ids=[delivery.pk]).pk}, status=202)

    def replay_stated(self, delivery: Delivery, request: Request) -> None:
        waiting = delivery.quarantine.filter(state=QuarantinedItem.State.OPEN).values_list("index", flat=True)
        stated = check(intake.items_of(delivery), at=now(), only=set(waiting))
        intake.replay(delivery, stated, user=request.user, at=now())
