"""Monthly partitions of the event table: a missing month is made before the batch that needs it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import connection, transaction

LOCK = 7_236_851  # advisory lock: one maker of partitions at a time
_known: dict[str, set[tuple[int, int]]] = {}


def ensure(instants: Iterable[datetime]) -> None:
    """Make the partitions for the months (UTC) of these instants where they are missing. Runs in the caller's transaction."""
    made = _known.setdefault(connection.settings_dict["NAME"], set())
    wanted = {month_of(t) for t in instants} - made
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        existing, old_until = existing_partitions(cursor)
        for month in sorted(wanted):
            if first(month) >= old_until and name(month) not in existing:
                make(cursor, month)
    transaction.on_commit(lambda: made.update(wanted))  # a rollback would take a new partition away again


def existing_partitions(cursor: object) -> tuple[set[str], datetime]:
    """Names of the partitions, and the end of the one that holds everything older."""
    cursor.execute(
        "select c.relname, pg_get_expr(c.relpartbound, c.oid) from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = 'customers_event'::regclass"
    )
    rows = cursor.fetchall()
    bound = next(expr for relname, expr in rows if relname == "customers_event_old").split("TO ('")[1].split("'")[0]
    return {relname for relname, _ in rows}, parse(bound)


def parse(bound: str) -> datetime:
    """A partition bound as PostgreSQL prints it, "2023-11-01 00:00:00+00", in the session's zone (UTC)."""
    return datetime.fromisoformat(bound).astimezone(UTC)


def month_of(instant: datetime) -> tuple[int, int]:
    utc = instant.astimezone(UTC)
    return utc.year, utc.month


def first(month: tuple[int, int]) -> datetime:
    return datetime(month[0], month[1], 1, tzinfo=UTC)


def following(month: tuple[int, int]) -> tuple[int, int]:
    return (month[0] + month[1] // 12, month[1] % 12 + 1)


def name(month: tuple[int, int]) -> str:
    return f"customers_event_{month[0]}_{month[1]:02}"


def make(cursor: object, month: tuple[int, int]) -> None:
    low, high = first(month).isoformat(), first(following(month)).isoformat()
    cursor.execute(f"create table {name(month)} partition of customers_event for values from ('{low}') to ('{high}')")
