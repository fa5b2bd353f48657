"""A past instant seen with what is known today: for the past of accounts whose events arrived all at once.

Everything else in the product asks what was known at the time. Scores worked out this way are marked `reconstructed`.
"""

# ruff: noqa: S608  values are bound, only names of columns and placeholders are put in

from datetime import datetime

from customers.conditions.sql_features import Features, Source, only
from customers.conditions.to_sql import Compiler


def compiler(*, at: datetime, zone: str, currency: str) -> Compiler:
    """A compiler for what had happened at `at`, whenever it was learnt."""
    made = Compiler(at=at, zone=zone, currency=currency)
    made.features = LearntLater(made.clock, made.bound)
    return made


class LearntLater(Features):
    """Reads facts by when they happened only."""

    def known(self, alias: str) -> str:
        return "true"

    def day_rows(self, event: str, source: Source, ids: str | None) -> str:
        return (
            "select d.account_id, d.day, d.n, d.total, d.min, d.max, d.last, d.last_at from customers_activityday d"
            f" where d.name = {self.params.text(event)} and {self._day_ranges(source, ids)}{only(ids, 'd')}"
        )

    def _trait_sql(self, path: str, ids: str | None) -> str:
        return f"""(
  select distinct on (c.account_id) c.account_id, nullif(c.new, 'null'::jsonb) as value, c.occurred_at from customers_traitchange c
  where c.contact_id = 0 and c.path = {self.params.text(path)} and c.occurred_at <= {self.at}{only(ids, "c")}
  order by c.account_id, c.occurred_at desc, c.key collate "C" desc, c.id desc)"""
