"""The OpenAPI description: what every operation shares (errors, keys, headers) is said once, here."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.pagination import BasePagination

from crm.lib.paging import parameter
from crm.lib.problems import MEDIA_TYPE

ALWAYS = {"400": "The request is not usable.", "401": "No key, or one that is not valid.", "403": "The key or role may not do this."}
ALWAYS |= {"404": "There is no such record, or it is hidden.", "406": "Only JSON is given.", "429": "Too many requests; see Retry-After."}
WRITING = {"409": "It contradicts what is stored.", "412": "The record has changed.", "413": "The body is too large."}
WRITING |= {"415": "Only JSON is taken.", "422": "It is understood and refused."}


class ErrorPlace(serializers.Serializer):
    path = serializers.CharField(help_text="Where in the body or query the fault lies, such as `[1].occurred_at`.")
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer):
    """An error (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="A word for programs; it does not change.")
    detail = serializers.CharField(help_text="A sentence for people.")
    errors = ErrorPlace(many=True, required=False)


class Schema(AutoSchema):
    """AutoSchema with the errors that every operation may answer, and the Idempotency-Key of a POST."""

    def get_tags(self) -> list[str]:
        return [next(part for part in self.path.split("/")[3:] if part)]

    def get_summary(self) -> str | None:
        """The first sentence of the description, so that the list of operations can be read."""
        return (self.get_description() or "").strip().partition("\n")[0] or None

    def get_override_parameters(self) -> list[Any]:
        if self.method != "POST":
            return []
        description = "Any text of up to 200 characters. The same key gives the first answer again, for 24 hours."
        return [OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description=description)]

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        errors = ALWAYS | (WRITING if self.method in {"POST", "PUT", "PATCH"} else {})
        return super()._get_response_bodies(direction) | {status: self.problem(text) for status, text in errors.items()}

    def problem(self, description: str) -> dict[str, Any]:
        component = self.resolve_serializer(Problem, "response")
        return {"description": description, "content": {MEDIA_TYPE: {"schema": component.ref}}}

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        if not self._is_list_view():
            return []
        more = [parameter(name, text, {"type": "string"}) for name, text in getattr(self.view, "params", {}).items()]
        return super()._get_filter_parameters() + more

    def _get_paginator(self) -> BasePagination | None:
        return super()._get_paginator() if self._is_list_view() else None


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "crm.auth.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "crm.auth.SessionAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A person signed in to the pages."}
