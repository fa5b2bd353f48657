"""Speed of playbooks: the five that ship, looking at all accounts each day, at those that changed, and at nothing.

    python -m tests.bench.bench_playbooks --database postgres://user@host/anything [--accounts 10000]

Makes and drops a database `tenure_bench_playbooks` on that server. The limit of a daily look is one plain statement, written by hand,
that compares two windows of 30 days for all accounts. Prints one JSON line a figure.
"""

import argparse
import os
from datetime import timedelta
from typing import Any

import django

from tests.bench.bench_scoring import AT, FILL
from tests.bench.harness import database, emit, seconds

NAME = "tenure_bench_playbooks"

LIFECYCLE = """
insert into customers_trait (account_id, contact_id, path, value, type, occurred_at, known_at, confirmed_at, key, source_id)
    select id, 0, 'lifecycle', '"customer"', 'text', created_at, created_at, created_at, '', 0 from customers_account;
insert into customers_traitchange (account_id, contact_id, path, old, new, type, occurred_at, received_at, known_at, key, source_id, actor, historical)
    select account_id, 0, path, 'null', value, type, occurred_at, known_at, known_at, '', 0, '{}', false from customers_trait
"""
PLAIN = """
select count(*) from (
    select account_id, sum(n) filter (where day >= date '2026-10-21') as now, sum(n) filter (where day < date '2026-10-21') as before
    from customers_activityday where name = %(name)s and day >= date '2026-09-21' and day < date '2026-11-20' group by 1) x
where before >= 8 and (before - now) * 100 >= 60 * before
"""


def prepare(cursor: Any, accounts: int) -> None:
    """Accounts with 90 days of activity and four traits."""
    for part in (*FILL.split(";"), *LIFECYCLE.split(";")):
        if part.strip():
            cursor.execute(part, {"at": AT, "n": accounts} if "%" in part else None)
    cursor.execute("vacuum analyze")


def measure(accounts: int) -> None:
    from django.db import connection

    from customers import catalogue
    from playbooks import versions
    from playbooks.models import TriggerState

    with connection.cursor() as cursor:
        prepare(cursor, accounts)
        limit = min(seconds(lambda: [cursor.execute(PLAIN, {"name": name}) for name in ("login", "api_call")]) for _ in range(3))
    catalogue.install()
    took = seconds(lambda: versions.install_library(at=AT - timedelta(days=1)))
    emit(bench="activation_with_baseline", accounts=accounts, ours_s=round(took, 3), states=TriggerState.objects.count())
    look(accounts, limit)
    changed(accounts)


def look(accounts: int, limit: float) -> None:
    """Daily looks at all accounts."""
    from playbooks.runner import run_due

    for day in range(3):
        counts: dict[str, int] = {}
        took = seconds(lambda: counts.update(run_due(at=AT + timedelta(days=day))))  # noqa: B023  called at once
        told = {"started": counts.get("started", 0), "accounts": accounts}
        emit(bench=f"daily_look_{day + 1}", ours_s=round(took, 3), limit_s=round(limit, 3), ratio=round(took / limit, 2), **told)


def changed(accounts: int) -> None:
    """A tick after 500 accounts logged in, and one in which nothing happened."""
    from customers.events import Fact, record_batch
    from customers.models import Account
    from playbooks.runner import run_due

    at = AT + timedelta(days=2, hours=1)
    run_due(at=at)
    ids = Account.objects.order_by("pk").values_list("pk", flat=True)[:500]
    record_batch([Fact(pk, "login", at) for pk in ids], at=at)
    dirty = seconds(lambda: run_due(at=at + timedelta(minutes=1)))
    idle = min(seconds(lambda: run_due(at=at + timedelta(minutes=2))) for _ in range(5))
    emit(bench="tick_500_changed", ours_ms=round(dirty * 1000, 1), accounts=accounts)
    emit(bench="tick_nothing_new", ours_ms=round(idle * 1000, 1), accounts=accounts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--accounts", type=int, default=10_000)
    options = parser.parse_args()
    with database(options.database, NAME) as url:
        os.environ.update({"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "crm.settings"})
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        measure(options.accounts)
        connections.close_all()


if __name__ == "__main__":
    main()
