"""Reading the fact log: what the two doors wrote since this consumer looked last, nothing twice and nothing left out.

Transactions commit out of order, so only rows below the oldest running transaction are read (`pg_snapshot_xmin`): no
later commit can slip in before them. Reading and advancing belong into the transaction of the work itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from customers.models import Cursor
from customers.traits import load

KEPT = timedelta(days=30)
CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Facts:
    """One transaction of a door. `kind`: events, traits or moved."""

    id: int
    xid: int
    at: datetime
    kind: str
    account_ids: list[int]
    names: list[str]
    paths: list[str]
    from_at: datetime | None
    to_at: datetime | None


NEXT = """
select id, xid, at, kind, account_ids, names, paths, from_at, to_at from customers_factlog
where (xid, id) > (%s, %s) and xid >= %s and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
order by xid, id limit %s
"""


def read(consumer: str, *, limit: int = 5000) -> list[Facts]:
    """The next rows of the log, oldest first. Locks the consumer's cursor: call it in a transaction, then advance()."""
    cursor_row = locked(consumer)
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [cursor_row.xid, cursor_row.row_id, cursor_row.xid, limit])
        return [
            Facts(pk, xid, at, kind, load(accounts), load(names), load(paths), *times)
            for pk, xid, at, kind, accounts, names, paths, *times in cursor.fetchall()
        ]


def advance(consumer: str, last: Facts) -> None:
    """Note that the consumer has dealt with everything up to `last`."""
    Cursor.objects.filter(pk=consumer).update(xid=last.xid, row_id=last.id)


def skip(consumer: str) -> None:
    """Move the consumer to the end of what can be read now, without reading it."""
    locked(consumer)
    with connection.cursor() as cursor:
        cursor.execute(
            "update customers_cursor set xid = n.xid, row_id = n.id from (select xid, id from customers_factlog"
            " where xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by xid desc, id desc limit 1) n"
            " where consumer = %s and (n.xid, n.id) > (customers_cursor.xid, customers_cursor.row_id)",
            [consumer],
        )


OLD = """
delete from customers_factlog where id in (
    select f.id from customers_factlog f where f.at < %s
        and not exists (select from customers_cursor c where (c.xid, c.row_id) < (f.xid, f.id))
    order by f.at limit %s)
"""


def prune(*, at: datetime) -> int:
    """Forget rows older than 30 days that every consumer has read, at most ten thousand a call. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(OLD, [at - KEPT, CHUNK])
        return cursor.rowcount


def locked(consumer: str) -> Cursor:
    """The consumer's cursor, locked; made at the beginning of the log when it is new."""
    found = Cursor.objects.select_for_update().filter(pk=consumer).first()
    if found is None:
        Cursor.objects.get_or_create(pk=consumer)
        found = Cursor.objects.select_for_update().get(pk=consumer)
    return found
