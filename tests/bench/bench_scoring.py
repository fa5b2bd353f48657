"""Speed of scoring: all accounts by the default scorecard of 8 factors, with history, reasons, traits and events.

    python -m tests.bench.bench_scoring --database postgres://user@host/anything [--accounts 10000]

Makes and drops a database `tenure_bench_scoring` on that server. The limit is one plain statement, written by hand, that
turns 90 days of six measures into a weighted score, once over a table made for it and once over our daily counts. Prints
one JSON line a figure.
"""

import argparse
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import django

from tests.bench.harness import database, emit, seconds

NAME = "tenure_bench_scoring"
AT = datetime(2026, 11, 20, 6, tzinfo=UTC)

FILL = """
insert into customers_account (name, folded, domain, stage, currency, zone, created_at)
    select 'Account ' || g, 'account ' || g, '', '', 'USD', '', %(at)s - interval '400 days' from generate_series(1, %(n)s) g;
insert into customers_accountstate (account_id, started_at, lifecycle, currency, overdue_minor, plan, band, coverage, top_reason, trend, open_tasks)
    select id, created_at, 'customer', 'USD', 0, '', 'unknown', '', '', '[]', 0 from customers_account;
insert into customers_activityday (account_id, name, day, n, total, min, max, last, last_at, contact_ids)
    select a.id, e.name, d.day, x.n, x.n, 1, x.n, 1, d.day + time '12:00', array[a.id]
    from customers_account a cross join (values ('login', 0.75), ('api_call', 0.75), ('report viewed', 0.5),
        ('ticket.opened', 0.01), ('incident.resolved', 0.003), ('call.held', 0.01)) as e (name, share)
    cross join (select (%(at)s)::date - g as day, g from generate_series(1, 90) g) d
    cross join lateral (select 1 + (random() * 9)::int as n where random() < e.share * case when a.id %% 7 = 0 and d.g < 30 then 0.3 else 1 end) x;
insert into customers_trait (account_id, contact_id, path, value, type, occurred_at, known_at, confirmed_at, key, source_id)
    select a.id, 0, t.path, t.value, t.type, a.created_at, a.created_at, a.created_at, '', 0 from customers_account a
    cross join lateral (values ('plan.allowance.api_call', to_jsonb(200), 'number'),
        ('overdue_amount', jsonb_build_object('minor', case when a.id %% 9 = 0 then 5000 else 0 end, 'currency', 'USD'), 'money'),
        ('sentiment', to_jsonb(1 + a.id %% 5), 'number')) as t (path, value, type);
"""
PAST = """
insert into customers_score (account_id, day, at, version_id, score, band, known, factors, points, reason, reconstructed)
select s.account_id, s.day - g, s.at - make_interval(days => g), s.version_id, s.score, s.band, s.known, s.factors, s.points, s.reason, false
from customers_score s cross join (select distinct g from (select generate_series(7, 84, 7) g union all values (30), (31), (32), (33)) x) x
where s.day = %(day)s on conflict do nothing
"""
WIDE = """
create table plain_day (account_id int, day date, m1 int, m2 int, m3 int, m4 int, m5 int, m6 int, primary key (account_id, day));
insert into plain_day select a, date '2026-06-01' + d, (random() * 50)::int, (random() * 20)::int, (random() * 9)::int, (random() * 30)::int,
    (random() * 5)::int, (random() * 100)::int from generate_series(1, %(n)s) a, generate_series(0, 89) d;
create table plain_score (account_id int primary key, s1 real, s2 real, s3 real, s4 real, s5 real, s6 real, score real, band text, at timestamptz);
"""
LATE = "day > date '2026-08-29' - 30"
EARLY = "day <= date '2026-08-29' - 30"
SUMS = ", ".join(f"sum(m{i}) filter (where {LATE}) r{i}, sum(m{i}) filter (where {EARLY}) p{i}" for i in range(1, 7))
SHARES = ", ".join(f"least(100, greatest(0, 50 + 50 * (r{i} - p{i} / 2.0) / nullif(p{i} / 2.0, 0))) s{i}" for i in range(1, 7))
SCORE = "(.25 * s1 + .2 * s2 + .15 * s3 + .15 * s4 + .15 * s5 + .1 * s6)"
PLAIN = f"""
insert into plain_score select account_id, s1, s2, s3, s4, s5, s6, {SCORE},
    case when {SCORE} >= 70 then 'good' when {SCORE} >= 40 then 'watch' else 'risk' end, now()
from (select account_id, {SHARES} from (select account_id, {SUMS} from plain_day group by 1) a) b
"""
NAMES = ("login", "api_call", "report viewed", "ticket.opened", "incident.resolved", "call.held")
NARROW_SUMS = ", ".join(
    f"coalesce(sum(n) filter (where name = '{name}' and day > date '2026-10-20'), 0) r{i},"
    f" coalesce(sum(n) filter (where name = '{name}' and day <= date '2026-10-20'), 0) p{i}"
    for i, name in enumerate(NAMES, 1)
)
NARROW = PLAIN.replace(SUMS, NARROW_SUMS).replace("plain_day", "customers_activityday")


def prepare(cursor: Any, accounts: int) -> None:
    """Accounts with 90 days of activity and three traits, and the table of the plain statement."""
    for part in (*FILL.split(";"), *WIDE.split(";")):
        if part.strip():
            cursor.execute(part, {"at": AT, "n": accounts})
    cursor.execute("vacuum analyze")


def measure(accounts: int) -> None:
    from django.db import connection

    from customers import catalogue, health, scorecards

    with connection.cursor() as cursor:
        prepare(cursor, accounts)
        catalogue.install()
        scorecards.install_default(at=AT)
        first = seconds(lambda: health.score_all(at=AT - timedelta(days=1)))
        cursor.execute(PAST, {"day": (AT - timedelta(days=1)).date()})
        cursor.execute("vacuum analyze")
        plain = [limit(cursor, statement) for statement in (PLAIN, NARROW)]
        counts: list[Any] = []
        day = seconds(lambda: counts.append(health.score_all(at=AT)))
        again = seconds(lambda: health.score_all(at=AT + timedelta(hours=1)))
        health.score_due(at=AT + timedelta(hours=2))
        idle = min(seconds(lambda: health.score_due(at=AT + timedelta(hours=2))) for _ in range(5))
    for name, took in (("first_scores", first), ("next_day", day), ("same_day_again", again)):
        told = {"accounts": accounts, "limit_same_rows_s": round(plain[1], 3), "ratio_same_rows": round(took / plain[1], 2)}
        if name == "next_day":
            told |= {"changed": counts[0].changed, "band_changes": counts[0].moved}
        emit(bench=name, ours_s=round(took, 3), limit_s=round(plain[0], 3), ratio=round(took / plain[0], 2), **told)
    emit(bench="nothing_due", ours_ms=round(idle * 1000, 1))


def limit(cursor: Any, statement: str) -> float:
    """The best of three runs of a plain statement."""
    times = []
    for _ in range(3):
        cursor.execute("truncate plain_score")
        times.append(seconds(lambda: cursor.execute(statement)))
    return min(times)


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
