"""Errors of the API as application/problem+json (RFC 9457): type, title, status, code, detail, errors with paths.

Every error of `/api/` leaves here, also a verb's refusal, an address that does not exist and a fault of ours.
"""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from crm.lib.json_body import TooLarge
from crm.lib.refused import Conflict, Refused  # noqa: F401  verbs and views import either from here

MEDIA_TYPE = "application/problem+json"
KEPT_HEADERS = {"WWW-Authenticate", "Retry-After", "Allow"}
DATABASE_SAYS_NO = "A value contradicts a rule of the database, or is too large for it. Nothing was changed."
log = logging.getLogger("django.request")


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: every error in the one shape. A fault of ours is logged and answered with 500."""
    if isinstance(error, Refused):
        set_rollback()
        return problem(error.status, error.code, error.message, **error.params)
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(getattr(error, "message_dict", error.messages))
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, (DataError, IntegrityError)):
        return refused_by_database(error)
    response = exception_handler(error, context)
    if response is None:
        return fault(error, context)
    answer = problem(response.status_code, code_of(error), sentence_of(error), **fields_of(error))
    for name, value in {**response.headers, **allowed(error, context)}.items():
        if name in KEPT_HEADERS:
            answer.headers[name] = value
    return answer


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """A problem as DRF's Response. `more` holds members beside the usual ones, `errors` among them."""
    return Response(body(status, code, detail, **more), status=status, content_type=MEDIA_TYPE)


def plain_problem(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """A problem as Django's response, for answers given outside DRF's views."""
    return JsonResponse(body(status, code, detail, **more), status=status, content_type=MEDIA_TYPE)


@csrf_exempt
def unknown_address(request: HttpRequest, **_kwargs: Any) -> JsonResponse:
    """View of every path under /api/ that no other view has."""
    return plain_problem(404, "not_found", f"There is nothing at {request.path}; /api/docs/ lists the addresses.")


def body(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    title = HTTPStatus(status).phrase.capitalize()
    return {"type": f"/api/docs/#{code}", "title": title, "status": int(status), "code": code, "detail": detail, **more}


def refused_by_database(error: Exception) -> Response:
    """A value that no check foresaw and the database refuses. Logged, because a check should say it better."""
    log.warning("The database refused a request of the API", exc_info=error)
    set_rollback()
    return problem(409, "conflict", DATABASE_SAYS_NO)


def fault(error: Exception, context: dict[str, Any]) -> Response:
    request = context.get("request")
    log.error("API fault at %s", getattr(request, "path", ""), exc_info=error)
    set_rollback()
    return problem(500, "fault", "Something went wrong on our side; it is logged. Nothing was changed.")


def allowed(error: Exception, context: dict[str, Any]) -> dict[str, str]:
    """The methods that a 405 names."""
    view = context.get("view")
    return {"Allow": ", ".join(view.allowed_methods)} if view and isinstance(error, exceptions.MethodNotAllowed) else {}


def code_of(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "permission_denied"
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    codes = getattr(error, "get_codes", lambda: "error")()
    return codes if isinstance(codes, str) else "error"


def sentence_of(error: Exception) -> str:
    if isinstance(error, Http404):
        return "There is no such record, or you may not see it."
    if isinstance(error, exceptions.ValidationError):
        return "Some fields are not usable; see errors."
    return str(getattr(error, "detail", error)) or "You may not do this."


def fields_of(error: Exception) -> dict[str, Any]:
    return {"errors": list(flatten(error.detail))} if isinstance(error, exceptions.ValidationError) else {}


def flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """ValidationError detail as {path, code, message}: {"owner": ["…"]}, or [{}, {"at": ["…"]}] with paths like `[1].at`."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            step = f"[{key}]" if isinstance(key, int) else str(key)
            yield from flatten(value, f"{path}.{step}" if path and not isinstance(key, int) else f"{path}{step}")
    elif isinstance(detail, list):
        for i, value in enumerate(detail):
            yield from flatten(value, f"{path}[{i}]" if isinstance(value, dict) else path)
    else:
        yield {"path": path, "code": getattr(detail, "code", "invalid"), "message": str(detail)}
