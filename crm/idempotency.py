"""`Idempotency-Key` on every POST of the API: the first answer is kept for 24 hours and given again, and nothing is done twice.

The key row and the work are one transaction: a second request with the same key waits for the first, and a process that dies
between the two leaves neither. Only answers below 400 are kept; after a refusal the same key may be tried again.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from crm.lib import clock
from crm.lib.problems import DATABASE_SAYS_NO, plain_problem
from crm.models import StoredAnswer

KEPT = timedelta(hours=24)
LONGEST = 200


class IdempotencyMiddleware:
    """Answers a repeated POST under /api/v1/ from storage. Stands after the middleware that knows the session's user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method != "POST" or not request.path_info.startswith("/api/v1/"):
            return self.get_response(request)
        if len(key) > LONGEST or not key.isprintable():
            return plain_problem(400, "bad_idempotency_key", f"An Idempotency-Key has 1 to {LONGEST} printable characters.")
        try:
            return once(request, key, self.get_response, at=clock.now())
        except RequestDataTooBig:
            return plain_problem(413, "too_large", "The body is larger than the API takes.")
        except IntegrityError:
            return plain_problem(409, "conflict", DATABASE_SAYS_NO)


def once(request: HttpRequest, key: str, answer: Callable[[HttpRequest], HttpResponse], *, at: datetime) -> HttpResponse:
    """The stored answer to this key, else the answer given now, stored with what it did."""
    place = {"caller": caller_of(request), "key": key}
    digest = hashlib.sha256(b"\0".join((request.get_full_path().encode(), request.body))).hexdigest()
    with transaction.atomic():
        StoredAnswer.objects.filter(at__lt=at - KEPT).delete()
        row, is_new = StoredAnswer.objects.get_or_create(**place, defaults={"digest": digest, "at": at})
        if not is_new:
            return again(row, digest)
        response = answer(request)
        if response.status_code >= 400:
            transaction.set_rollback(True)
        else:
            keep(row, response)
    return response


def again(row: StoredAnswer, digest: str) -> HttpResponse:
    if row.digest != digest:
        return plain_problem(409, "idempotency_conflict", "This Idempotency-Key was used for another request.")
    response = HttpResponse(row.body, status=row.status, content_type=row.content_type)
    response["Idempotency-Replayed"] = "true"
    return response


def keep(row: StoredAnswer, response: HttpResponse) -> None:
    row.status, row.body, row.content_type = response.status_code, response.content.decode(), response.get("Content-Type", "")
    row.save(update_fields=["status", "body", "content_type"])


def caller_of(request: HttpRequest) -> str:
    """A key's digest or the signed-in person: one caller never sees the answers of another."""
    if authorization := request.headers.get("Authorization"):
        return hashlib.sha256(authorization.encode()).hexdigest()
    return f"user {request.user.pk}"
