"""Scoring accounts: all of them in a constant number of statements, each day once, and those with new facts in between.

One score is one Score row per account and local day; AccountState carries the newest. Whoever changed gets the traits
`health`, `health_score` and `health_drivers`; a change of band is an event. The arithmetic is customers.scoring, its SQL
customers.scoring_sql, explanations are customers.health_why.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from crm.lib import clock
from crm.models import Installation
from customers import cursors, health_news, heartbeat, readings, scorecards
from customers.conditions.nodes import events_of, paths_of
from customers.health_why import history, why
from customers.models import AccountState, Cursor, ScorecardVersion
from customers.scoring import Card
from customers.scoring_sql import scores_sql

__all__ = ["Counts", "history", "score_all", "score_due", "why"]

CONSUMER, ROUND = "health", "health.round"
SLICE = 15_000
DONE = 2**62
WEEKS = 12
CHANGE_DAYS = 30
LOCK = 0x4EA17


@dataclass(frozen=True, slots=True)
class Counts:
    """Accounts scored, those whose score or band changed, those whose band changed."""

    scored: int = 0
    changed: int = 0
    moved: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.scored + other.scored, self.changed + other.changed, self.moved + other.moved)


@dataclass(frozen=True, slots=True)
class Scoring:
    """One run: what is scored, by which version, as of when."""

    version: ScorecardVersion
    card: Card
    installation: Installation
    at: datetime
    account_ids: list[int] | None

    @property
    def zone(self) -> str:
        return self.installation.zone

    @property
    def day(self) -> date:
        return clock.local_day(self.at, self.zone)

    @property
    def params(self) -> dict[str, object]:
        return {"score_day": self.day, "score_at": self.at, "score_version": self.version.pk, "score_factors": len(self.card.factors)}


def score_all(*, at: datetime, account_ids: Collection[int] | None = None) -> Counts:
    """Score all accounts (or these) as of `at` and note it for its local day; a second time on one day overwrites the first.

    Does nothing without an active scorecard. One transaction, a constant number of statements.
    """
    version = scorecards.active()
    if version is None or (account_ids is not None and not account_ids):
        return Counts()
    run = Scoring(version, scorecards.card_of(version), Installation.load(), at, None if account_ids is None else sorted(account_ids))
    with transaction.atomic():
        execute("select pg_advisory_xact_lock(%(lock)s)", {"lock": LOCK})
        replaced = health_news.replaced(run.day, run.account_ids)
        reconstruct(run)
        scored = write_scores(run, again=bool(replaced))
        changed = health_news.changed(run.day, run.account_ids, replaced, CHANGE_DAYS)
        update_states(run)
        moved = health_news.announce(run.card, changed, at=at)
    return Counts(scored, len(changed), moved)


INSERT = """
insert into customers_score (account_id, day, at, version_id, score, band, known, factors, points, reason, reconstructed)
select n.account_id, %(score_day)s, %(score_at)s, %(score_version)s, n.score, n.band, n.known, %(score_factors)s, n.points, n.reason, {late}
from ({rows}) n
"""
AGAIN = """
on conflict (account_id, day) do update set at = excluded.at, version_id = excluded.version_id, score = excluded.score,
    band = excluded.band, known = excluded.known, factors = excluded.factors, points = excluded.points,
    reason = excluded.reason, reconstructed = false
"""


def write_scores(run: Scoring, *, again: bool) -> int:
    """Score rows of the run's day, `again` where it has some: looking for them costs a third more. What a silent feed withholds is unknown."""
    stale = heartbeat.stale_events(run.at)
    compiler = readings.compiler(at=run.at, zone=run.zone, currency=run.installation.currency, stale=stale)
    sql = INSERT.format(rows=scores_sql(run.card, compiler, run.day, run.account_ids), late="false") + (AGAIN if again else "")
    return execute(sql, {**compiler.params, **run.params})


NEW = """
select account_id from customers_accountstate where scored_at is null and started_at < %(at)s - interval '7 days' {only}
"""
STARTED = " join customers_accountstate s on s.account_id = n.account_id and s.started_at <= %(score_at)s on conflict do nothing"


def reconstruct(run: Scoring) -> None:
    """Weekly scores of the past, and that of 30 days ago, for accounts that come with a past but were never scored."""
    only = "" if run.account_ids is None else "and account_id = any(%(ids)s)"
    with connection.cursor() as cursor:
        cursor.execute(NEW.format(only=only), {"at": run.at, "ids": run.account_ids})
        ids = [account for (account,) in cursor.fetchall()]
    for days in (CHANGE_DAYS, *(7 * n for n in range(1, WEEKS))) if ids else ():
        past = replace(run, at=run.at - timedelta(days=days), account_ids=ids)
        compiler = readings.in_hindsight(at=past.at, zone=run.zone, currency=run.installation.currency)
        sql = INSERT.format(rows=scores_sql(run.card, compiler, past.day, ids), late="true") + STARTED
        execute(sql, {**compiler.params, **past.params})


UPDATE = """
update customers_accountstate s set score = n.score, band = n.band, coverage = n.known || '/' || n.factors, top_reason = n.reason,
    scored_at = n.at, trend = w.trend || coalesce(to_jsonb(n.score), 'null'),
    score_change = n.score - coalesce(w.before, (
        select f.score from customers_score f where f.account_id = n.account_id and f.day < %(day)s and f.day > %(before)s
            and f.score is not null order by f.day limit 1))
from customers_score n
left join (
    select account_id, jsonb_build_array({weeks}) as trend,
        (array_agg(score order by day desc) filter (where day <= %(before)s and day > %(before)s - 4 and score is not null))[1] as before
    from customers_score where day = any(%(days)s) {only} group by account_id) w on w.account_id = n.account_id
where n.account_id = s.account_id and n.day = %(day)s {only_n}
"""


def update_states(run: Scoring) -> None:
    """AccountState of the scored: the newest score, its change in 30 days, and twelve weekly values."""
    before = run.day - timedelta(days=CHANGE_DAYS)
    weeks = [run.day - timedelta(weeks=n) for n in range(WEEKS - 1, 0, -1)]
    columns = ", ".join(f"max(score) filter (where day = date '{week}')" for week in weeks)
    only, only_n = ("and account_id = any(%(ids)s)", "and n.account_id = any(%(ids)s)") if run.account_ids is not None else ("", "")
    sql = UPDATE.format(weeks=columns, only=only, only_n=only_n)
    days = [*weeks, *(before - timedelta(days=n) for n in range(4)), run.day]
    execute(sql, {"day": run.day, "before": before, "days": days, "ids": run.account_ids})


def execute(sql: str, params: dict[str, object]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


# When: each local day all accounts, in between those with new facts.


def score_due(*, at: datetime, seconds: float = 60) -> Counts:
    """Score what is due at `at`: all accounts once a local day and after each publication, else those with new facts.

    Works in committed slices and stops after about `seconds`; the next call goes on. A few milliseconds when nothing is due.
    """
    version = scorecards.active()
    if version is None:
        return Counts()
    until = time.monotonic() + seconds
    done = Counts()
    while time.monotonic() < until:
        step = score_slice(version, at)
        if step is None:
            return done + score_dirty(version, at)
        done += step
    return done


@transaction.atomic
def score_slice(version: ScorecardVersion, at: datetime) -> Counts | None:
    """The next accounts of today's round; None when it is over."""
    mark = round_mark(version, clock.local_day(at, Installation.load().zone))
    progress = Cursor.objects.filter(pk=ROUND).first()
    if progress and (progress.xid > mark or (progress.xid == mark and progress.row_id == DONE)):
        return None
    progress = cursors.locked(ROUND)
    if progress.xid < mark:
        cursors.skip(CONSUMER)
        progress.xid, progress.row_id = mark, 0
    ids = list(AccountState.objects.filter(pk__gt=progress.row_id).order_by("pk").values_list("pk", flat=True)[:SLICE])
    is_whole = progress.row_id == 0 and len(ids) < SLICE
    progress.row_id = ids[-1] if len(ids) == SLICE else DONE
    progress.save()
    return score_all(at=at, account_ids=None if is_whole else ids)


def round_mark(version: ScorecardVersion, day: date) -> int:
    """A number that rises with each day, and with each version on one day."""
    return day.toordinal() * 10**9 + version.pk


def score_dirty(version: ScorecardVersion, at: datetime) -> Counts:
    with transaction.atomic():
        rows = cursors.read(CONSUMER)
        if not rows:
            return Counts()
        cursors.advance(CONSUMER, rows[-1])
        return score_all(at=at, account_ids=touched(rows, scorecards.card_of(version)))


def touched(rows: Iterable[cursors.Facts], card: Card) -> set[int]:
    """Accounts with facts that the scorecard reads."""
    names = {name for factor in card.factors for name in events_of(factor.measure)}
    paths = {path for factor in card.factors for path in paths_of(factor.measure)}
    relevant = (row for row in rows if row.kind == "moved" or not names.isdisjoint(row.names) or not paths.isdisjoint(row.paths))
    return {account for row in relevant for account in row.account_ids}
