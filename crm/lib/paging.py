"""Keyset paging of the API: `{"results": [...], "next": URL or null}`, no totals, ordered by unique keys.

A page is cut on the values of the order's fields, so it costs the same at any depth and rows written meanwhile
neither repeat nor vanish. The cursor is opaque to callers and stands in `next`.
"""

from typing import Any

from django.core.exceptions import ValidationError as NotUsable
from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from crm.lib.listing import decode_cursor, encode_cursor

DEFAULT, MOST = 50, 200


class CursorPaging(BasePagination):
    """50 a page, `?page_size=` up to 200. A view names its order in `ordering`: fields that are unique together and all
    run the same way, such as ("-at", "-id"); the default is newest id first."""

    page_size = DEFAULT
    ordering: tuple[str, ...] = ("-id",)

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list[Any]:
        ordering = getattr(view, "ordering", self.ordering)
        ordering = (ordering,) if isinstance(ordering, str) else tuple(ordering)
        rows, token = cut(queryset, ordering, request.query_params.get("cursor", ""), size_of(request))
        self.url = replace_query_param(request.build_absolute_uri(), "cursor", token) if token else None
        return rows

    def get_paginated_response(self, data: list[Any]) -> Response:
        return Response({"results": data, "next": self.url})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        url = {"type": "string", "format": "uri", "nullable": True, "description": "Address of the next page; null on the last."}
        return {"type": "object", "required": ["results", "next"], "properties": {"results": schema, "next": url}}

    def get_schema_operation_parameters(self, _view: Any) -> list[dict[str, Any]]:
        whole = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT}
        return [
            parameter("cursor", "Where the page begins; take it from `next`.", {"type": "string"}),
            parameter("page_size", f"Records a page, {DEFAULT} unless told.", whole),
        ]


def parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def size_of(request: Request) -> int:
    """The page size asked for. ValidationError unless it is a whole number from 1 to 200."""
    raw = request.query_params.get("page_size", str(DEFAULT))
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw[:9]) <= MOST):
        raise ValidationError({"page_size": f"Give a whole number from 1 to {MOST}."})
    return int(raw)


def cut(rows: QuerySet, ordering: tuple[str, ...], token: str, size: int) -> tuple[list[Any], str]:
    """(one page of rows, the cursor of the next page or ""). One query. ValidationError for a cursor that is not ours."""
    if token:
        rows = rows.filter(beyond(ordering, position(rows, ordering, token)))
    found = list(rows.order_by(*ordering)[: size + 1])
    page = found[:size]
    names = [name.removeprefix("-") for name in ordering]
    return page, encode_cursor(*(getattr(page[-1], name) for name in names)) if len(found) > size else ""


def position(rows: QuerySet, ordering: tuple[str, ...], token: str) -> list[Any]:
    """The values that a cursor stands for, each of its field's type."""
    try:
        values = decode_cursor(token)
        fields = [rows.model._meta.get_field(name.removeprefix("-")) for name in ordering]
        typed = [field.to_python(value) for field, value in zip(fields, values, strict=True)]
        if None in typed or "\0" in repr(typed):
            raise ValueError(token)
    except (ValueError, TypeError, OverflowError, NotUsable) as error:
        raise ValidationError({"cursor": "This is not a cursor of this list; begin without one."}) from error
    return typed


def beyond(ordering: tuple[str, ...], values: list[Any]) -> Q:
    """Rows after the position. The bound on the first field stands alone too, so that partitions and indexes can use it."""
    way = "lt" if ordering[0].startswith("-") else "gt"
    names = [name.removeprefix("-") for name in ordering]
    after = Q(**{f"{names[-1]}__{way}": values[-1]})
    for name, value in zip(names[-2::-1], values[-2::-1], strict=True):
        after = Q(**{f"{name}__{way}": value}) | (Q(**{name: value}) & after)
    return Q(**{f"{names[0]}__{way}e": values[0]}) & after if len(names) > 1 else after
