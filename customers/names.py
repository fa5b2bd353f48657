"""Names behind ids: contacts, people of ours, sources and accounts of many rows, in one query."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

NAMES = """
select 'contact', id, coalesce(nullif(name, ''), email) from customers_contact where id = any(%s)
union all select 'user', id, coalesce(nullif(trim(first_name || ' ' || last_name), ''), split_part(email, '@', 1)) from crm_user where id = any(%s)
union all select 'source', id, name from customers_source where id = any(%s)
union all select 'account', id, name from customers_account where id = any(%s)
"""
KINDS = ("contact", "user", "source", "account")


@dataclass(frozen=True, slots=True)
class Names:
    """Looks names up; "" for ids that are 0 or gone."""

    found: dict[tuple[str, int], str]

    def contact(self, pk: int) -> str:
        return self.found.get(("contact", pk), "")

    def user(self, pk: int) -> str:
        return self.found.get(("user", pk), "")

    def source(self, pk: int) -> str:
        return self.found.get(("source", pk), "")

    def account(self, pk: int) -> str:
        return self.found.get(("account", pk), "")


def names_of(rows: Iterable[Any]) -> Names:
    """The names behind contact_id, user_id, source_id and account_id of these rows. At most one query."""
    rows = list(rows)
    ids = [sorted({getattr(row, f"{kind}_id", 0) for row in rows} - {0, None}) for kind in KINDS]
    if not any(ids):
        return Names({})
    with connection.cursor() as cursor:
        cursor.execute(NAMES, ids)
        return Names({(kind, pk): name for kind, pk, name in cursor.fetchall()})
