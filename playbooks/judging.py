"""The truth of edges for many accounts as SQL, three-valued: what sweeps and baselines read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.conditions.to_sql import Compiler
from playbooks.active import Active, Edge


@dataclass(frozen=True)
class Truths:
    """A statement giving account_id, v (the trigger's value) and r (`rearm_when`), with its named parameters."""

    sql: str
    params: dict[str, Any]


def truths(active: Active, edge: Edge, at: datetime, account_ids: Collection[int] | None) -> Truths:
    """The edge's value for these accounts (None: all).

    The value is the segment's unless that is true, then the condition's: an account outside is false, one that may be
    outside is unknown. A plain `and` would turn an unknown segment beside a false condition into false.
    """
    compiler = compiler_for(active, at)
    segment, condition = compiler.condition(active.compiled.segment), compiler.condition(edge.condition)
    rearm = compiler.condition(edge.rearm_when) if edge.rearm_when else "null::boolean"
    source = compiler.from_sql(None if account_ids is None else sorted(account_ids))
    sql = f"select a.account_id, case when {segment} is not true then {segment} else {condition} end as v, {rearm} as r from {source}"  # noqa: S608
    return Truths(sql, dict(compiler.params))


def compiler_for(active: Active, at: datetime) -> Compiler:
    """A compiler for one instant; days are the installation's, durations and dates are the playbook's."""
    installation = active.installation
    return Compiler(at=at, zone=installation.zone, currency=installation.currency, dates_zone=active.zone)
