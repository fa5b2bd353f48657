"""`GET /healthz`: whether web, database and worker live. For load balancers and people with curl; needs no sign-in."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.models import OrmQ

from crm.lib import clock
from crm.models import Heartbeat

FRESH = timedelta(seconds=150)  # the minute tick beats each minute, and the scheduler looks each half minute


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 `{"status": "ok", "parts": {"web": "ok", …}}`, or 503 with the state of the part that is down and its name in `down`."""
    parts = {"web": "ok"} | database_and_worker(at=clock.now())
    down = [name for name, state in parts.items() if state != "ok"]
    body = {"status": "down" if down else "ok", "parts": parts} | ({"down": down} if down else {})
    return JsonResponse(body, status=503 if down else 200)


def database_and_worker(*, at: datetime) -> dict[str, str]:
    try:
        return {"database": "ok", "worker": worker(at=at)}
    except DatabaseError:
        return {"database": "does not answer", "worker": "unknown"}


def worker(*, at: datetime) -> str:
    """The worker lives when its heartbeat is fresh, or when it is within the longest time a job may take and one is being done."""
    last = Heartbeat.objects.filter(part="worker").values_list("at", flat=True).first()
    if last is None:
        return "has not begun yet"
    longest = timedelta(seconds=settings.Q_CLUSTER["timeout"] + 60)
    if at - last <= FRESH or (at - last <= longest and OrmQ.objects.filter(lock__gt=at).exists()):
        return "ok"
    return f"last sign of life at {last.isoformat(timespec='seconds')}"
