"""What the viewsets of all apps build on: a read-only noun, its detail by id, and small parts of answers and schema."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

AT = OpenApiParameter("at", str, description="As of this instant (ISO 8601); without it: now.")


class Noun(GenericViewSet):
    """A noun of the API. Ids are whole numbers, anything else in their place is 404; unknown parameters are 400."""

    lookup_value_converter = "int"
    own_params: dict[str, set[str]] = {}
    """Action -> query parameters it understands, for actions that are not the list."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action != "list":
            self.refuse_unknown(request)

    def refuse_unknown(self, request: Request) -> None:
        known = self.own_params.get(self.action, set())
        wrong = [name for name in request.query_params if name not in known]
        if wrong:
            raise ValidationError({name.replace("\0", "?")[:60]: "This address takes no such parameter." for name in wrong})

    def paged(self, rows: QuerySet, serializer: type[serializers.Serializer]) -> Response:
        """A page of other records than the noun's own."""
        page = self.paginator.paginate_queryset(rows, self.request, view=self)
        return self.paginator.get_paginated_response(serializer(page, many=True).data)


class ReadOnlyNoun(ListModelMixin, RetrieveModelMixin, Noun):
    """A noun with a list and a detail."""


def checked(serializer: type[serializers.Serializer], request: Request, **kwargs: Any) -> dict[str, Any]:
    """The body, checked by a write serializer. ValidationError names the paths; unknown fields are refused."""
    form = serializer(data=request.data, **kwargs)
    form.is_valid(raise_exception=True)
    return form.validated_data


class Write(serializers.Serializer):
    """A serializer for bodies: a field that it does not know is an error, so that a misspelt one is not lost in silence."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise ValidationError({name[:60]: ["There is no such field."] for name in unknown})
        return values


class Changed(APIException):
    status_code = 412
    default_detail = "The record has changed since you read it; read it again."
    default_code = "precondition_failed"


def tag_of(data: Any) -> str:
    """The ETag of an answer."""
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def tagged(request: Request, data: Any) -> Response:
    """A record with its ETag; 304 when the caller has it already (If-None-Match)."""
    tag = tag_of(data)
    same = tag in split(request.headers.get("If-None-Match", ""))
    return Response(None if same else data, status=304 if same else 200, headers={"ETag": tag})


def require_unchanged(request: Request, data: Any) -> None:
    """Raises Changed (412) when the caller names another state (If-Match) than `data`, the record as it stands."""
    wanted = split(request.headers.get("If-Match", ""))
    if wanted and "*" not in wanted and tag_of(data) not in wanted:
        raise Changed


def split(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",") if tag.strip()]


def instant_of(request: Request, name: str = "at") -> datetime | None:
    """The instant in a query parameter, None without it. ValidationError when it is not readable."""
    raw = request.query_params.get(name)
    if raw is None:
        return None
    try:
        found = datetime.fromisoformat(raw.replace(" ", "+").replace("Z", "+00:00"))
        if found.tzinfo is None:
            raise ValueError(raw)
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValidationError({name: "Give an instant with its zone, as 2026-11-22T10:00:00Z."}) from error
