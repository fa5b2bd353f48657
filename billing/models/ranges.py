"""Expressions for exclusion constraints without any extension: an integer wrapped as a range, and a half-open span."""

from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField
from django.db.models import Func, Value


class Only(Func):
    """A range that holds one integer column's value, so that `&&` means equality in a gist index."""

    function = "int8range"
    output_field = BigIntegerRangeField()

    def __init__(self, column: str) -> None:
        super().__init__(column, column, Value("[]"))

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return "billing.models.ranges.Only", [self.source_expressions[0].name], {}


class During(Func):
    """The half-open span between two instants; an empty end is open."""

    function = "tstzrange"
    output_field = DateTimeRangeField()

    def __init__(self, start: str, end: str) -> None:
        super().__init__(start, end, Value("[)"))

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        start, end = self.source_expressions[:2]
        return "billing.models.ranges.During", [start.name, end.name], {}
