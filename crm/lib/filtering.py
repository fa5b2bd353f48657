"""Filters of the API: a FilterSet per noun, and a 400 naming what is not a filter. A misspelt filter must never widen a list."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

LARGEST = 2**63 - 1
OF_PAGING = {"cursor", "page_size"}


class WholeField(forms.IntegerField):
    """A whole number that fits a bigint."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": -LARGEST, "max_value": LARGEST, **kwargs})


class WholeFilter(django_filters.Filter):
    field_class = WholeField


class InstantField(IsoDateTimeField):
    """An instant of ISO 8601 in UTC: PostgreSQL does not take every offset that Python takes."""

    def to_python(self, value: Any) -> datetime | None:
        found = super().to_python(value)
        try:
            return found.astimezone(UTC) if found else None
        except OverflowError as error:
            raise forms.ValidationError("This instant is out of range.") from error


class InstantFilter(django_filters.Filter):
    field_class = InstantField


class WordsFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """One value or several with commas between: `risk,watch`."""


class StrictFilterBackend(DjangoFilterBackend):
    """Applies the view's FilterSet. Parameters that it does not know are refused by name; a view may allow others in
    `params` (name -> description). Without a filter in the query string no FilterSet is made, and one record is never filtered."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        if getattr(view, "detail", False):
            return queryset
        self.check(request, view)
        if set(request.query_params) <= OF_PAGING:
            return queryset
        return super().filter_queryset(request, queryset, view)

    def check(self, request: Request, view: Any) -> None:
        known = known_names(view)
        wrong = [name for name in request.query_params if name not in known]
        if wrong:
            message = f"There is no such filter here. Known: {', '.join(sorted(known))}."
            raise ValidationError({name.replace("\0", "?")[:60]: message for name in wrong})
        nul = [name for name, value in request.query_params.items() if "\0" in value]
        if nul:
            raise ValidationError(dict.fromkeys(nul, "Holds a NUL character."))


def known_names(view: Any) -> set[str]:
    """The query parameters that a view's list understands."""
    filterset = getattr(view, "filterset_class", None)
    fields = getattr(view, "filterset_fields", None) or ()
    return {*(filterset.base_filters if filterset else ()), *fields, *getattr(view, "params", {}), *OF_PAGING}
