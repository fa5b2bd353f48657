"""Errors of the API as application/problem+json (RFC 9457): type, title, status, code, detail, errors with paths."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler


class Refused(Exception):
    """A verb said no. Subclasses set `code`; the text is a sentence for people. Never half-written: raise inside the transaction."""

    code = "refused"
    status = 422

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error in the one shape, a verb's refusal included."""
    if isinstance(error, Refused):
        return problem(error.status, error.code, error.message, **error.params)
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(error.messages)
    response = exception_handler(error, context)
    if response is None:
        return None
    answer = problem(response.status_code, code_of(error), sentence_of(error), **fields_of(error))
    answer.headers.update({k: v for k, v in response.headers.items() if k in {"WWW-Authenticate", "Retry-After", "Allow"}})
    return answer


def problem(status_code: int, code: str, detail: str, **more: Any) -> Response:
    body = {
        "type": f"/api/docs/#{code}",
        "title": TITLES.get(status_code, "Error"),
        "status": status_code,
        "code": code,
        "detail": detail,
        **more,
    }
    return Response(body, status=status_code, content_type="application/problem+json")


def code_of(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "permission_denied"
    return "invalid" if isinstance(error, exceptions.ValidationError) else getattr(error, "default_code", "error")


def sentence_of(error: Exception) -> str:
    if isinstance(error, Http404):
        return "There is no such record, or you may not see it."
    if isinstance(error, exceptions.ValidationError):
        return "Some fields are not usable; see errors."
    return str(getattr(error, "detail", error))


def fields_of(error: Exception) -> dict[str, Any]:
    return {"errors": list(flatten(error.detail))} if isinstance(error, exceptions.ValidationError) else {}


def flatten(detail: Any, path: str = "") -> Any:
    """ValidationError detail as a list of {path, code, message}."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list):
        for i, value in enumerate(detail):
            yield from flatten(value, f"{path}[{i}]" if isinstance(value, dict) else path)
    else:
        yield {"path": path, "code": getattr(detail, "code", "invalid"), "message": str(detail)}


TITLES = {
    status.HTTP_400_BAD_REQUEST: "Bad request",
    status.HTTP_401_UNAUTHORIZED: "Not signed in",
    status.HTTP_403_FORBIDDEN: "Not allowed",
    status.HTTP_404_NOT_FOUND: "Not found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "Method not allowed",
    status.HTTP_409_CONFLICT: "Conflict",
    status.HTTP_422_UNPROCESSABLE_ENTITY: "Refused",
    status.HTTP_429_TOO_MANY_REQUESTS: "Too many requests",
}
