"""Columns that follow traits: the fields of Account and Contact that people edit, and the sortable copies in AccountState."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from crm.lib.money import round_half_up, to_major, to_minor
from crm.lib.sql import arrays, rows_of
from crm.lib.text import fold
from crm.models import ExchangeRate, Installation


@dataclass(frozen=True)
class Column:
    """`table.name` follows a path; `cast` turns the trait's value (None: removed) into the column's, or raises ValueError."""

    table: str
    name: str
    type: str
    cast: Callable[[Any], Any]


def text(limit: int) -> Callable[[Any], str]:
    return lambda value: "" if value is None else str(value)[:limit]


def number(value: Any) -> int | None:
    return None if value is None else int(value)


def day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(str(value)[:10])


def instant(value: Any) -> datetime | None:
    found = None if value is None else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def minor(value: Any) -> int | None:
    return None if value is None else int(value["minor"])


ACCOUNT, STATE, CONTACT = "customers_account", "customers_accountstate", "customers_contact"
OF_ACCOUNT = {
    "name": [Column(ACCOUNT, "name", "text", text(200)), Column(ACCOUNT, "folded", "text", lambda v: fold(str(v or ""))[:200])],
    "domain": [Column(ACCOUNT, "domain", "text", text(253))],
    "owner": [Column(ACCOUNT, "owner_id", "bigint", number)],
    "stage": [Column(ACCOUNT, "stage", "text", text(40))],
    "zone": [Column(ACCOUNT, "zone", "text", text(64))],
    "currency": [Column(ACCOUNT, "currency", "text", text(3))],
    "created_at": [Column(STATE, "started_at", "timestamptz", instant)],
    "lifecycle": [Column(STATE, "lifecycle", "text", text(10))],
    "plan": [Column(STATE, "plan", "text", text(80))],
    "seats": [Column(STATE, "seats", "int", number)],
    "renewal_date": [Column(STATE, "renewal_on", "date", day)],
    "sentiment": [Column(STATE, "sentiment", "int", number)],
    "mrr": [Column(STATE, "mrr_minor", "bigint", minor)],
    "arr": [
        Column(STATE, "arr_minor", "bigint", minor),
        Column(STATE, "arr_base_minor", "bigint", lambda v: in_base(v)),
        Column(STATE, "currency", "text", lambda v: "" if v is None else v["currency"]),
    ],
    "overdue_amount": [Column(STATE, "overdue_minor", "bigint", lambda v: minor(v) or 0)],
}
OF_CONTACT = {
    "name": [Column(CONTACT, "name", "text", text(200)), Column(CONTACT, "folded", "text", lambda v: fold(str(v or ""))[:200])],
    "email": [Column(CONTACT, "email", "text", text(254))],
    "phone": [Column(CONTACT, "phone", "text", text(60))],
    "title": [Column(CONTACT, "title", "text", text(120))],
    "avatar": [Column(CONTACT, "avatar", "text", text(500))],
}


def follow(facts: Sequence[Any], *, at: datetime) -> None:
    """Carry changed traits into their columns: columns of the same records are written together. A value that does not fit leaves the column."""
    wanted: dict[Column, dict[int, Any]] = {}
    for fact in facts:
        columns = OF_CONTACT if fact.contact_id else OF_ACCOUNT
        for column in columns.get(fact.path, ()):
            try:
                wanted.setdefault(column, {})[fact.contact_id or fact.account_id] = column.cast(fact.value)
            except (ValueError, TypeError, KeyError):
                continue
    together: dict[tuple[str, tuple[int, ...]], list[Column]] = {}
    for column in sorted(wanted, key=lambda c: (c.table, c.name)):
        together.setdefault((column.table, tuple(sorted(wanted[column]))), []).append(column)
    for (table, ids), columns in together.items():
        update(table, columns, [(pk, *(wanted[column][pk] for column in columns)) for pk in ids])


def update(table: str, columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write the columns of these records, (id, value, …) each, in order of id. One that stands so already is not touched."""
    key, names = "account_id" if table == STATE else "id", [column.name for column in columns]
    changed = rows_of({"key": "bigint", **{column.name: column.type for column in columns}})
    sets, old, new = (", ".join(pattern.format(name) for name in names) for pattern in ("{0} = n.{0}", "t.{0}", "n.{0}"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} t set {sets} from {changed} where t.{key} = n.key and ({old}) is distinct from ({new})",  # noqa: S608
            arrays(zip(*rows, strict=True)),
        )


def in_base(value: Any) -> int | None:
    """Money in minor units of the reporting currency at the newest stored rate; None without a rate."""
    if value is None:
        return None
    base = Installation.load().currency
    if value["currency"] == base:
        return int(value["minor"])
    rate = ExchangeRate.objects.filter(currency=value["currency"]).order_by("-day").values_list("rate", flat=True).first()
    if rate is None:
        return None
    return round_half_up(Decimal(to_minor(1, base)) * to_major(value["minor"], value["currency"]) * rate)
