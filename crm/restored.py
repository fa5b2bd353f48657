"""After a restore from a dump: transaction numbers begin anew, so the fact log and its cursors must too.

The log holds the numbers of the old server. Readers would wait until the new one has counted as far, and miss what comes
until then. Nothing of the history is touched, and nothing fires: what was not read before the dump stays unread.
"""

from django.db import connection, transaction

from customers.models import Cursor, FactLog


def log_is_ahead() -> bool:
    """Whether the log names transactions that this server has not begun: it comes from another one."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(xid), 0) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint from customers_factlog")
        return bool(cursor.fetchone()[0])


@transaction.atomic
def begin_log_anew() -> int:
    """Empty the log and set every cursor to the present transaction. Returns how many rows were dropped."""
    dropped, _ = FactLog.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()::text::bigint")
        Cursor.objects.update(xid=cursor.fetchone()[0], row_id=0)
    return dropped
