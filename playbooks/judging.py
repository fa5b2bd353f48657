"""The truth of edges for many accounts as SQL, three-valued: what sweeps and baselines read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.conditions.to_sql import Compiler
from playbooks.active import Active


@dataclass(frozen=True)
class Truths:
    """A statement giving account_id, trigger (its id), v (the trigger's value) and r (`rearm_when`), with its named parameters."""

    sql: str
    params: dict[str, Any]


def truths(active: Active, at: datetime, account_ids: Collection[int] | None) -> Truths:
    """The values of all edges of a playbook for these accounts (None: all), a row for each edge, read in one pass.

    A value is the segment's unless that is true, then the condition's: an account outside is false, one that may be
    outside is unknown. A plain `and` would turn an unknown segment beside a false condition into false.
    """
    compiler = compiler_for(active, at)
    segment = compiler.condition(active.compiled.segment)
    columns, rows = [f"{segment} as inside"], []
    for n, edge in enumerate(active.compiled.edges):
        rearm = compiler.condition(edge.rearm_when) if edge.rearm_when else "null::boolean"
        columns += [f"{compiler.condition(edge.condition)} as v{n}", f"{rearm} as r{n}"]
        rows.append(f"(%(trigger_{n})s::text, case when inside is not true then inside else v{n} end, r{n})")
    source = compiler.from_sql(None if account_ids is None else sorted(account_ids))
    sql = (
        f"select w.account_id, e.trigger, e.v, e.r from (select a.account_id, {', '.join(columns)} from {source} offset 0) w"  # noqa: S608
        f" cross join lateral (values {', '.join(rows)}) e (trigger, v, r)"
    )
    return Truths(sql, {**compiler.params, **{f"trigger_{n}": edge.trigger.id for n, edge in enumerate(active.compiled.edges)}})


def compiler_for(active: Active, at: datetime) -> Compiler:
    """A compiler for one instant; days are the installation's, durations and dates are the playbook's. What reads an event
    that a silent feed withholds is unknown."""
    setting = active.setting
    return Compiler(at=at, zone=setting.zone, currency=setting.currency, dates_zone=active.zone, stale_metrics=setting.stale)
