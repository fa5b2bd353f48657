"""/api/v1/subscriptions/, their change, cancellation and preview."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import subscriptions
from billing.api.answers import PreviewAnswer, SubscriptionAnswer
from billing.api.bodies import CancellationBody, ChangeBody, SubscriptionBody
from billing.filters import SubscriptionFilters
from billing.invoices import Preview, preview
from billing.models import Subscription
from crm.lib import clock
from crm.rest import AT, ReadOnlyNoun, checked, instant_of
from customers.rights import require


class SubscriptionView(ReadOnlyNoun):
    """Subscriptions: agreements to pay regularly."""

    serializer_class = SubscriptionAnswer
    filterset_class = SubscriptionFilters
    scope = "subscriptions"
    own_params = {"preview": {"at"}}

    def get_queryset(self) -> QuerySet[Subscription]:
        return Subscription.objects.visible_to(self.request.user).with_items()

    @extend_schema(request=SubscriptionBody, responses={201: SubscriptionAnswer})
    def create(self, request: Request) -> Response:
        """Subscribe an account and invoice the first period."""
        require(request.user, "billing.edit")
        wanted = checked(SubscriptionBody, request, context={"request": request})
        made = subscriptions.subscribe(wanted.pop("account"), wanted.pop("price"), at=clock.now(), by=request.user, **wanted)
        return Response(self.answer(made), status=201)

    @extend_schema(request=ChangeBody, responses=SubscriptionAnswer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: int) -> Response:
        """Change price or quantity, now (prorated) or at the period's end."""
        require(request.user, "billing.edit")
        found, wanted = self.get_object(), checked(ChangeBody, request)
        return Response(self.answer(subscriptions.change_plan(found, at=clock.now(), by=request.user, **wanted)))

    @extend_schema(methods=["post"], request=CancellationBody, responses=SubscriptionAnswer)
    @extend_schema(methods=["delete"], request=None, responses=SubscriptionAnswer)
    @action(detail=True, methods=["post", "delete"])
    def cancellation(self, request: Request, pk: int) -> Response:
        """Cancel, now or at the period's end; DELETE takes a cancellation back that has not come into effect."""
        require(request.user, "billing.edit")
        found, at = self.get_object(), clock.now()
        if request.method == "DELETE":
            return Response(self.answer(subscriptions.resume(found, at=at, by=request.user)))
        wanted = checked(CancellationBody, request)
        return Response(self.answer(subscriptions.cancel(found, at=at, by=request.user, **wanted)))

    @extend_schema(parameters=[AT], responses=PreviewAnswer)
    @action(detail=True, filter_backends=[])
    def preview(self, request: Request, pk: int) -> Response:
        """What billing it at `at` would charge. Writes nothing."""
        return Response(preview_answer(preview(self.get_object(), at=instant_of(request) or clock.now())))

    def answer(self, subscription: Subscription) -> dict[str, object]:
        return SubscriptionAnswer(Subscription.objects.with_items().get(pk=subscription.pk)).data


def preview_answer(seen: Preview) -> dict[str, object]:
    lines = [
        {
            "kind": line.kind,
            "description": text,
            "period_start": line.period_start,
            "period_end": line.period_end,
            "amount_minor": line.amount,
        }
        for text, line in seen.lines
    ]
    totals = seen.totals
    return PreviewAnswer(
        {
            "currency": seen.currency,
            "lines": lines,
            "total_minor": totals.total,
            "carried_minor": totals.carried,
            "credit_minor": totals.credit,
            "due_minor": totals.due,
        }
    ).data
