"""/api/v1/plans/ and /api/v1/prices/."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.answers import PlanAnswer, PriceAnswer
from billing.api.bodies import PlanBody, PriceBody
from billing.filters import PlanFilters, PriceFilters
from billing.models import Plan, Price
from billing.plans import add_price, archive_plan, create_plan
from crm.lib import clock
from crm.rest import ReadOnlyNoun, checked
from customers.rights import require


class PlanView(ReadOnlyNoun):
    """Plans: what is sold."""

    queryset = Plan.objects.all()
    serializer_class = PlanAnswer
    filterset_class = PlanFilters
    scope = "plans"

    @extend_schema(request=PlanBody, responses={201: PlanAnswer})
    def create(self, request: Request) -> Response:
        """Put a plan on sale."""
        require(request.user, "billing.edit")
        return Response(PlanAnswer(create_plan(**checked(PlanBody, request))).data, status=201)

    @extend_schema(request=None, responses=PlanAnswer)
    @action(detail=True, methods=["post"])
    def archival(self, request: Request, pk: int) -> Response:
        """Take a plan and its prices off sale; subscriptions go on."""
        require(request.user, "billing.edit")
        return Response(PlanAnswer(archive_plan(self.get_object(), at=clock.now())).data)


class PriceView(ReadOnlyNoun):
    """Prices of plans. They are added and taken off sale, never changed."""

    serializer_class = PriceAnswer
    filterset_class = PriceFilters
    scope = "prices"

    def get_queryset(self) -> QuerySet[Price]:
        return Price.objects.all()

    @extend_schema(request=PriceBody, responses={201: PriceAnswer})
    def create(self, request: Request) -> Response:
        """Add a price to a plan."""
        require(request.user, "billing.edit")
        wanted = checked(PriceBody, request)
        price = add_price(wanted.pop("plan"), unit_amount=wanted.pop("unit_amount_minor"), **wanted)
        return Response(PriceAnswer(price).data, status=201)
