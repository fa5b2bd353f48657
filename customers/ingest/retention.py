"""What is kept how long: bodies of deliveries 180 days, descriptions of refused bodies 30. Item keys stay with their events."""

from datetime import datetime, timedelta

from customers.models import Delivery, RefusedBody

BODIES = timedelta(days=180)
REFUSALS = timedelta(days=30)
CHUNK = 1_000


def prune(*, at: datetime) -> int:
    """Forget what is older than that, at most a thousand rows a kind and call. Returns how many rows changed."""
    old = Delivery.objects.filter(received_at__lt=at - BODIES, body__isnull=False).exclude(state=Delivery.State.RECEIVED)
    bodies = Delivery.objects.filter(pk__in=list(old.order_by("received_at").values_list("pk", flat=True)[:CHUNK])).update(body=None)
    refused = RefusedBody.objects.filter(at__lt=at - REFUSALS).order_by("at").values_list("pk", flat=True)[:CHUNK]
    return bodies + RefusedBody.objects.filter(pk__in=list(refused)).delete()[0]
