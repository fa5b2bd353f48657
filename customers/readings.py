"""Compilers for scoring. Conditions ask what was known at an instant, which costs a look for facts that came later.

Scoring the present needs no such look, when nothing was learnt after it. And the past of accounts whose events arrived all
at once is seen with what is known today; scores worked out this way are marked `reconstructed`.
"""

# ruff: noqa: S608  values are bound, only names of columns and placeholders are put in

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from django.db import connection

from customers import heartbeat
from customers.conditions.facts import Setting
from customers.conditions.load import load_setting
from customers.conditions.sql_features import Features, Source, only
from customers.conditions.to_sql import Compiler


def setting_at(at: datetime) -> Setting:
    """The installation's setting with what its silent feeds withhold as of `at`. Three queries."""
    return replace(load_setting(), stale=heartbeat.stale_events(at))


def compiler(*, at: datetime, zone: str, currency: str, stale: Collection[str] = ()) -> Compiler:
    """A compiler for what was known at `at`; what reads a `stale` event is unknown. One query."""
    made = Compiler(at=at, zone=zone, currency=currency, stale_metrics=stale)
    if nothing_later(at):
        made.features = Complete(made.clock, made.bound)
    return made


def in_hindsight(*, at: datetime, zone: str, currency: str) -> Compiler:
    """A compiler for what had happened at `at`, whenever it was learnt."""
    made = Compiler(at=at, zone=zone, currency=currency)
    made.features = LearntLater(made.clock, made.bound)
    return made


def nothing_later(at: datetime) -> bool:
    """Whether the fact log, which is kept for a while, goes back to `at` and holds nothing after it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from customers_factlog where at <= %s) and not exists (select from customers_factlog where at > %s)",
            [at, at],
        )
        return bool(cursor.fetchone()[0])


class Complete(Features):
    """Daily counts hold exactly what was known at the instant."""

    def day_rows(self, event: str, source: Source, ids: str | None) -> str:
        return (
            "select d.account_id, d.day, d.n, d.total, d.min, d.max, d.last, d.last_at from customers_activityday d"
            f" where d.name = {self.params.text(event)} and {self._day_ranges(source, ids)}{only(ids, 'd')}"
        )

    def _own_days(self, event: str) -> str:
        day = self.params.day(self.clock.anchor.day)
        return f"customers_activityday d where d.account_id = a.account_id and d.name = {self.params.text(event)} and d.day < {day}"


class LearntLater(Complete):
    """Facts count by when they happened only."""

    def known(self, alias: str) -> str:
        return "true"

    def _trait_sql(self, path: str, ids: str | None) -> str:
        return f"""(
  select distinct on (c.account_id) c.account_id, nullif(c.new, 'null'::jsonb) as value, c.occurred_at from customers_traitchange c
  where c.contact_id = 0 and c.path = {self.params.text(path)} and c.occurred_at <= {self.at}{only(ids, "c")}
  order by c.account_id, c.occurred_at desc, c.key collate "C" desc, c.id desc)"""
