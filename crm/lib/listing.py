"""Lists: sorting, filtering and keyset paging, declared once and shared by page, fragment and CSV.

A page is cut on (sort key, id), so it costs the same on page 1 and 1,000 and nothing is counted. The
cursor stands in the query string, so a deep link works. A bad parameter is named and skipped, never an error.
Columns here may only be indexed ones.

    ACCOUNTS = Listing(
        columns=[Column("name", "Account", sort="folded"), Column("score", "Health", sort="state__score", numeric=True, nullable=True)],
        filters=[text("q", "Search", lambda rows, value: rows.filter(folded__startswith=fold(value)))],
        default="name",
    )
    page = ACCOUNTS.page(Account.objects.visible_to(user).select_related("state"), request.GET)
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import QueryDict


@dataclass(frozen=True)
class Column:
    """One column. `sort` is the indexed field it sorts by ("" = not sortable); `nullable` puts unknown values last."""

    key: str
    label: str
    sort: str = ""
    numeric: bool = False
    nullable: bool = False
    first: str = ""
    """The way the first click sorts: "" up, "-" down."""
    css: str = ""


@dataclass(frozen=True)
class Filter:
    """One filter. `parse` turns the text of the query string into a value or raises ValueError; `apply` narrows the rows."""

    key: str
    label: str
    apply: Callable[[QuerySet, Any], QuerySet]
    parse: Callable[[str], Any] = str
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Head:
    """A column as the table head shows it: `aria_sort` "" where it cannot be sorted, `query` is the link."""

    column: Column
    aria_sort: str
    query: str


@dataclass(frozen=True)
class Active:
    """A filter in force: its label, its value in words, the query string without it."""

    filter: Filter
    value: str
    words: str
    query: str


@dataclass(frozen=True)
class Page:
    """One page of rows. `older` and `newer` are query strings, "" where there is nothing."""

    rows: list[Any]
    heads: list[Head]
    filters: Sequence[Filter]
    active: list[Active]
    problems: list[str]
    sort: str
    older: str = ""
    newer: str = ""
    cleared: str = "?"
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """The declaration of a list. `default` is a column key, "-key" for downwards; `unique` breaks ties."""

    columns: Sequence[Column]
    default: str
    filters: Sequence[Filter] = ()
    size: int = 50
    unique: str = "pk"

    def page(self, rows: QuerySet, params: QueryDict) -> Page:
        """The page that the query string asks for. One query."""
        problems: list[str] = []
        values = self._values(params, problems)
        column, down = self._sort(params.get("sort", ""), problems)
        rows = self._narrow(rows, values)
        cut = Cut(column, down, self.unique, self.size)
        token, back = (params["before"], True) if "before" in params else (params.get("after", ""), False)
        found, more = cut.take(rows, self._cursor(token, column, problems), back=back)
        kept = kept_params(params, [*values, "sort"])
        return Page(
            rows=found,
            heads=[self._head(head, column, down, kept) for head in self.columns],
            filters=self.filters,
            active=[self._active(item, params[item.key], kept) for item in self.filters if item.key in values],
            problems=problems,
            sort=("-" if down else "") + column.key,
            older=link(kept, after=cut.token(found[-1])) if found and (more or back) else "",
            newer=link(kept, before=cut.token(found[0])) if found and ((back and more) or (not back and token)) else "",
            cleared=link(kept_params(params, ["sort"])),
            values={key: params[key] for key in values},
        )

    def filtered(self, rows: QuerySet, params: QueryDict) -> QuerySet:
        """All rows of the list without paging, for exports and bulk jobs."""
        return self._narrow(rows, self._values(params, []))

    def _values(self, params: QueryDict, problems: list[str]) -> dict[str, Any]:
        values = {}
        for item in self.filters:
            if raw := params.get(item.key, "").replace("\x00", "").strip():
                try:
                    values[item.key] = item.parse(raw)
                except (ValueError, InvalidOperation):
                    problems.append(f"{item.label}: “{raw[:60]}” is not understood and was left out.")
        return values

    def _narrow(self, rows: QuerySet, values: dict[str, Any]) -> QuerySet:
        for item in self.filters:
            if item.key in values:
                rows = item.apply(rows, values[item.key])
        return rows

    def _sort(self, asked: str, problems: list[str]) -> tuple[Column, bool]:
        known = {column.key: column for column in self.columns if column.sort}
        name = asked or self.default
        if name.removeprefix("-") not in known:
            problems.append(f"Sorting by “{asked[:60]}” is not available.")
            name = self.default
        return known[name.removeprefix("-")], name.startswith("-")

    def _cursor(self, token: str, column: Column, problems: list[str]) -> tuple[Any, Any] | None:
        if not token:
            return None
        try:
            key, *cursor = decode_cursor(token)
            if key != column.key or len(cursor) != 2:
                raise ValueError(token)
        except ValueError:
            problems.append("The link to this page of the list is not valid; here is its beginning.")
            return None
        return cursor[0], cursor[1]

    def _head(self, column: Column, current: Column, down: bool, kept: QueryDict) -> Head:  # noqa: FBT001
        if not column.sort:
            return Head(column, "", "")
        if column.key != current.key:
            return Head(column, "none", link(kept, sort=column.first + column.key))
        return Head(column, "descending" if down else "ascending", link(kept, sort=column.key if down else f"-{column.key}"))

    def _active(self, item: Filter, value: str, kept: QueryDict) -> Active:
        words = dict(item.choices).get(value, value)
        if item.kind == "date":
            with suppress(ValueError):
                words = f"{date.fromisoformat(value):%-d %b %Y}"
        return Active(item, value, words, link(kept, **{item.key: None}))


@dataclass(frozen=True)
class Cut:
    """Cuts one page out of ordered rows, forwards or backwards."""

    column: Column
    down: bool
    unique: str
    size: int

    def take(self, rows: QuerySet, cursor: tuple[Any, Any] | None, *, back: bool) -> tuple[list[Any], bool]:
        """(the rows in reading order, whether there are more that way)."""
        down = self.down != back
        rows = rows.order_by(*self._order(down=down, back=back))
        if cursor is not None:
            rows = rows.filter(self._beyond(*cursor, down=down, nulls_last=not back))
        found = list(rows[: self.size + 1])
        page, more = found[: self.size], len(found) > self.size
        return (page[::-1] if back else page), more

    def token(self, row: Any) -> str:
        return encode_cursor(self.column.key, value_of(row, self.column.sort), value_of(row, self.unique))

    def _order(self, *, down: bool, back: bool) -> list[Any]:
        key, tie = F(self.column.sort), F(self.unique)
        nulls = {("nulls_first" if back else "nulls_last"): True} if self.column.nullable else {}
        return [key.desc(**nulls), tie.desc()] if down else [key.asc(**nulls), tie.asc()]

    def _beyond(self, value: Any, tie: Any, *, down: bool, nulls_last: bool) -> Q:
        """Rows after (value, tie). The first half lets an index on the sort key find the place."""
        sort, way = self.column.sort, "lt" if down else "gt"
        same = Q(**{f"{self.unique}__{way}": tie})
        if value is None:
            rest = Q() if nulls_last else Q(**{f"{sort}__isnull": False})
            nulls = Q(**{f"{sort}__isnull": True}) & same
            return nulls if nulls_last else nulls | rest
        beyond = Q(**{f"{sort}__{way}e": value}) & (Q(**{f"{sort}__{way}": value}) | same)
        return beyond | Q(**{f"{sort}__isnull": True}) if self.column.nullable and nulls_last else beyond


# Filters in common use


def text(key: str, label: str, apply: Callable[[QuerySet, str], QuerySet]) -> Filter:
    """Free text."""
    return Filter(key, label, apply)


def choice(key: str, label: str, choices: Sequence[tuple[str, str]], apply: Callable[[QuerySet, str], QuerySet]) -> Filter:
    """One of some values; others are named and skipped."""
    known = dict(choices)

    def parse(raw: str) -> str:
        if raw not in known:
            raise ValueError(raw)
        return raw

    return Filter(key, label, apply, parse, "choice", tuple(choices))


def flag(key: str, label: str, apply: Callable[[QuerySet, bool], QuerySet]) -> Filter:
    """A box to tick; only `1` counts."""
    return Filter(key, label, lambda rows, _value: apply(rows, True), parse_flag, "flag", (("1", "yes"),))  # noqa: FBT003


def parse_flag(raw: str) -> bool:
    if raw != "1":
        raise ValueError(raw)
    return True


def whole(key: str, label: str, apply: Callable[[QuerySet, int], QuerySet]) -> Filter:
    """A whole number."""
    return Filter(key, label, apply, int, "number")


def on_day(key: str, label: str, apply: Callable[[QuerySet, date], QuerySet]) -> Filter:
    """A day as 2026-11-22."""
    return Filter(key, label, apply, date.fromisoformat, "date")


# Cursors and query strings


def encode_cursor(*parts: Any) -> str:
    """Values of a position as one short token for a query string. Text, numbers, dates, times and None."""
    return base64.urlsafe_b64encode(json.dumps([pack(part) for part in parts], separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(token: str) -> list[Any]:
    """What `encode_cursor` was given. Raises ValueError on anything else."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return [unpack(part) for part in parts]
    except (binascii.Error, UnicodeDecodeError, TypeError, KeyError, AttributeError, InvalidOperation) as error:
        raise ValueError(f"not a cursor: {token[:80]}") from error


def pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    return value if value is None or isinstance(value, int | float) else str(value)


UNPACK: dict[str, Callable[[str], Any]] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "n": Decimal}


def unpack(part: Any) -> Any:
    if isinstance(part, dict):
        [(kind, value)] = part.items()
        return UNPACK[kind](value)
    if isinstance(part, list):
        raise TypeError("a cursor is flat")
    return part


def value_of(row: Any, path: str) -> Any:
    """`state__score` of a row, a dictionary or a model; None where a related row is missing."""
    if isinstance(row, dict):
        return row[path]
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row


def kept_params(params: QueryDict, keys: Sequence[str]) -> QueryDict:
    """A copy with only `keys`; paging, unknown and bad parameters fall away."""
    kept = QueryDict(mutable=True)
    for key in keys:
        if value := params.get(key):
            kept[key] = value
    return kept


def link(kept: QueryDict, **changes: str | None) -> str:
    """`kept` with `changes`, as a query string beginning with "?". A new sort starts at the first page."""
    params = kept.copy()
    for key, value in changes.items():
        params.pop(key, None)
        if value is not None:
            params[key] = value
    return f"?{params.urlencode()}"
