from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from crm.lib.sql import arrays, rows_of

COLUMNS = {"id": "bigint", "at": "timestamptz", "day": "date", "amount": "numeric", "said": "boolean", "doc": "jsonb", "name": "text"}


@pytest.mark.django_db
def test_rows_come_out_as_they_went_in():
    at = datetime(2026, 11, 22, 7, 5, 3, 123456, tzinfo=UTC)
    rows = [
        (2**40, at, date(2026, 11, 22), Decimal("1.000001"), True, '{"a": [1, null]}', 'Ünal "A", \\ {b}\n%s'),
        (2, None, None, 3, False, None, ""),
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"select n.* from {rows_of(COLUMNS)}", arrays(zip(*rows, strict=True)))
        assert cursor.fetchall() == rows
