"""The door for traits: `set_traits()` for one record, `set_traits_batch()` for many. Every known field of an account or contact,
also the ones that people edit, changes here and keeps its whole history (TraitChange is the audit trail).

A value is written only when it differs. An older statement goes into history at its place; at equal times the greater item key
wins, so the order of arrival does not matter, with one limit: of a value stated again and again only the first and the last time
are remembered, so a different one that comes late and lies between them holds up to the last. Types live in customers.trait_types; columns that follow traits in
customers.columns; the decision of one statement in `settle`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from crm.lib.sql import arrays, rows_of
from customers import columns, events
from customers.models import Account, Contact, Source
from customers.trait_types import Typed, typed

SYSTEM = {"kind": "system", "name": "Tenure"}


@dataclass(slots=True)
class TraitFact:
    """That `path` of account `account_id` (contact_id 0) or of contact `contact_id` had `value` at `occurred_at`. Never changed.

    Value None removes the trait. Money is {"minor": int, "currency": str}; dates are ISO text. `key` is the item key.
    """

    account_id: int
    path: str
    value: Any
    occurred_at: datetime
    contact_id: int = 0
    key: str = ""
    source_id: int = 0
    received_at: datetime | None = None
    historical: bool = False
    cause: dict[str, Any] | None = None
    flags: list[str] | None = None

    @property
    def place(self) -> tuple[int, int, str]:
        return self.account_id, self.contact_id, self.path


@dataclass(slots=True)
class Current:
    """A Trait row as it stands, or will stand."""

    value: Any
    type: str
    occurred_at: datetime
    known_at: datetime
    confirmed_at: datetime
    key: str
    source_id: int
    is_new: bool = False
    changed: bool = False


@dataclass(slots=True)
class Change:
    fact: TraitFact
    old: Any
    type: str
    received_at: datetime
    known_at: datetime
    current: bool


def set_traits(
    subject: Account | Contact,
    values: dict[str, Any],
    *,
    at: datetime,
    actor: dict[str, Any] | None = None,
    source: Source | None = None,
    writer: str = "",
    key: str = "",
    cause: dict[str, Any] | None = None,
    historical: bool = False,
) -> int:
    """State that `subject` has these values from `at` on. Returns how many changed.

    `actor` = {kind, id, name} for the audit trail; `writer` "billing", "health" or "system" may set the paths it owns.
    """
    account, contact = (subject.pk, 0) if isinstance(subject, Account) else (0, subject.pk)
    source_id = source.pk if source else 0
    facts = [
        TraitFact(account, path, value, at, contact, key, source_id, cause=cause, historical=historical) for path, value in values.items()
    ]
    return set_traits_batch(facts, at=at, actor=actor, writer=writer)


def set_traits_batch(facts: Sequence[TraitFact], *, at: datetime, actor: dict[str, Any] | None = None, writer: str = "") -> int:
    """State many traits in one transaction with a constant number of statements. Returns how many values changed.

    `at` is the instant at which they are received (and known, unless historical).
    """
    if not facts:
        return 0
    with transaction.atomic():
        checked = typed(facts, writer)
        current = lock_current([t.fact.place for t in checked])
        ordered = sorted(checked, key=lambda t: (t.fact.occurred_at, t.fact.key))
        changes = [change for t in ordered for change in settle(t, current, at)]
        write_current(current)
        if changes:
            write_changes(changes, actor or default_actor(changes[0].fact))
            reach_back([c.fact.place for c in changes if precedes_itself(c, current[c.fact.place])])
            columns.follow([c.fact for c in changes if c.current], at=at)
            log_changes(changes, at)
    return sum(1 for c in changes if c.current)


def default_actor(fact: TraitFact) -> dict[str, Any]:
    return {"kind": "source", "id": fact.source_id} if fact.source_id else SYSTEM


PLACE = {"account_id": "bigint", "contact_id": "bigint", "path": "text"}
LOCK = f"""
select t.account_id, t.contact_id, t.path, t.value, t.type, t.occurred_at, t.known_at, t.confirmed_at, t.key, t.source_id
from customers_trait t join {rows_of(PLACE, "p")} using (account_id, contact_id, path) order by 1, 2, 3 for update of t
"""  # noqa: S608


def lock_current(places: Sequence[tuple[int, int, str]]) -> dict[tuple[int, int, str], Current]:
    """The Trait rows at these places, locked in one order."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, arrays(zip(*sorted(set(places)), strict=True)))
        return {(a, c, p): Current(load(value), *rest) for a, c, p, value, *rest in cursor.fetchall()}


def settle(item: Typed, current: dict[tuple[int, int, str], Current], at: datetime) -> list[Change]:
    """What this statement changes: the present value, history at its place, or only that the value is confirmed."""
    fact, received = item.fact, item.fact.received_at or at
    known = fact.occurred_at if fact.historical else received
    now = current.get(fact.place)
    if now is None:
        if fact.value is None:
            return []
        current[fact.place] = Current(
            fact.value, item.type, fact.occurred_at, known, fact.occurred_at, fact.key, fact.source_id, is_new=True
        )
        return [Change(fact, None, item.type, received, known, current=True)]
    if (fact.occurred_at, fact.key) >= (now.confirmed_at, now.key):
        return succeed(item, now, received, known)
    return precede(item, now, received, known)


def succeed(item: Typed, now: Current, received: datetime, known: datetime) -> list[Change]:
    """A statement newer than the present value."""
    fact = item.fact
    if fact.value == now.value:
        now.confirmed_at, now.changed = fact.occurred_at, True
        return []
    old = now.value
    now.value, now.type, now.occurred_at, now.known_at = fact.value, item.type, fact.occurred_at, known
    now.confirmed_at, now.key, now.source_id, now.changed = fact.occurred_at, fact.key, fact.source_id, True
    return [Change(fact, old, item.type, received, known, current=True)]


def precede(item: Typed, now: Current, received: datetime, known: datetime) -> list[Change]:
    """An older statement: it takes its place in history. Between two statements of the present value it splits them."""
    fact = item.fact
    if fact.value == now.value:
        return [Change(fact, None, item.type, received, known, current=False)] if fact.occurred_at < now.occurred_at else []
    past = Change(fact, None, item.type, received, known, current=False)
    if (fact.occurred_at, fact.key) < (now.occurred_at, now.key):
        return [past]
    again = replace(fact, value=now.value, occurred_at=now.confirmed_at, key=now.key, source_id=now.source_id)
    now.occurred_at, now.known_at, now.changed = now.confirmed_at, known, True
    return [past, Change(again, fact.value, now.type, received, known, current=False)]


STANDING = {
    **PLACE,
    "value": "jsonb",
    "type": "text",
    "occurred_at": "timestamptz",
    "known_at": "timestamptz",
    "confirmed_at": "timestamptz",
    "key": "text",
    "source_id": "bigint",
}
WRITE = f"""
insert into customers_trait as t ({", ".join(STANDING)}) select * from {rows_of(STANDING)}
on conflict (account_id, contact_id, path) do update set value = excluded.value, type = excluded.type, occurred_at = excluded.occurred_at,
    known_at = excluded.known_at, confirmed_at = excluded.confirmed_at, key = excluded.key, source_id = excluded.source_id
"""  # noqa: S608


def write_current(current: dict[tuple[int, int, str], Current]) -> None:
    rows = [
        (*place, events.to_json(now.value), now.type, now.occurred_at, now.known_at, now.confirmed_at, now.key, now.source_id)
        for place, now in sorted(current.items())
        if now.is_new or now.changed
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, arrays(zip(*rows, strict=True)))


CHANGED = {
    **PLACE,
    "old": "jsonb",
    "new": "jsonb",
    "type": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "known_at": "timestamptz",
    "key": "text",
    "source_id": "bigint",
    "cause": "jsonb",
    "historical": "boolean",
    "flags": "jsonb",
}
LOG = f"insert into customers_traitchange ({', '.join(CHANGED)}, actor) select n.*, %s::jsonb from {rows_of(CHANGED)}"  # noqa: S608


def write_changes(changes: Sequence[Change], actor: dict[str, Any]) -> None:
    rows = [logged(change, change.fact) for change in changes]
    with connection.cursor() as cursor:
        cursor.execute(LOG, [events.to_json(actor), *arrays(zip(*rows, strict=True))])


def logged(change: Change, fact: TraitFact) -> tuple[Any, ...]:
    """The columns of `CHANGED`."""
    return (
        *fact.place,
        events.to_json(change.old),
        events.to_json(fact.value),
        change.type,
        fact.occurred_at,
        change.received_at,
        change.known_at,
        fact.key,
        fact.source_id,
        events.to_json(fact.cause) if fact.cause else None,
        fact.historical,
        events.to_json(fact.flags) if fact.flags else None,
    )


def precedes_itself(change: Change, now: Current) -> bool:
    """Whether an older statement says what holds now, so that it may hold since then."""
    return not change.current and change.fact.value == now.value and change.fact.occurred_at < now.occurred_at


SINCE = """
update customers_trait t set occurred_at = r.since, known_at = greatest(t.known_at, r.known)
from (
    select n.account_id, n.contact_id, n.path, min(c.occurred_at) as since, max(c.known_at) as known
    from unnest(%s::bigint[], %s::bigint[], %s::text[]) as p (account_id, contact_id, path)
    join customers_trait n using (account_id, contact_id, path)
    join customers_traitchange c on c.account_id = n.account_id and c.contact_id = n.contact_id and c.path = n.path
        and c.occurred_at <= n.occurred_at and c.new = n.value
    where not exists (
        select from customers_traitchange d where d.account_id = c.account_id and d.contact_id = c.contact_id and d.path = c.path
            and d.new <> n.value and d.occurred_at <= n.occurred_at and (d.occurred_at, d.key collate "C", d.id) > (c.occurred_at, c.key collate "C", c.id))
    group by 1, 2, 3) r
where t.account_id = r.account_id and t.contact_id = r.contact_id and t.path = r.path and r.since < t.occurred_at
"""


def reach_back(places: Sequence[tuple[int, int, str]]) -> None:
    """Let the values at these places hold since the first statement of them that no other value followed."""
    if places:
        wanted = sorted(set(places))
        with connection.cursor() as cursor:
            cursor.execute(SINCE, [[p[i] for p in wanted] for i in range(3)])


def log_changes(changes: Sequence[Change], at: datetime) -> None:
    facts = [c.fact for c in changes]
    times = [f.occurred_at for f in facts]
    accounts = sorted({f.account_id for f in facts if f.account_id})
    events.log("traits", at=at, accounts=accounts, names=[], paths=sorted({f.path for f in facts}), from_at=min(times), to_at=max(times))


def load(value: Any) -> Any:
    """JSON as the database driver gives it: text or already a value."""
    return json.loads(value) if isinstance(value, str) else value


def current_values(account_ids: Sequence[int], paths: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Present values: account id -> {path: value}, removed traits left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select account_id, path, value from customers_trait where account_id = any(%s) and contact_id = 0 and path = any(%s)"
            " and value <> 'null'::jsonb",
            [list(account_ids), list(paths)],
        )
        found: dict[int, dict[str, Any]] = {}
        for account, path, value in cursor.fetchall():
            found.setdefault(account, {})[path] = load(value)
        return found
