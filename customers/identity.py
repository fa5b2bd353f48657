"""Who is who: identifiers of contacts and accounts, and which person an anonymous id was at an instant.

Set-based: every function costs a constant number of statements whatever it is given. Nothing here depends on the order in
which messages arrive: the earliest claim of an alias is the active one, later ones stay beside it as disputed. Which
account an event of a contact belongs to is the matter of customers.memberships.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from customers import accounts
from customers.models import AnonymousLink, Event, Identifier, Membership

USER, ANONYMOUS, GROUP, EMAIL = "user_id", "anonymous_id", "group_id", "email"
ACTIVE, DISPUTED = Identifier.State.ACTIVE, Identifier.State.DISPUTED


@dataclass(frozen=True, slots=True)
class Claim:
    """That at `at` an item (`key`) named one contact or account (the other is 0) by `kind:value` in `scope`."""

    scope: int
    kind: str
    value: str
    at: datetime
    key: str
    delivery_id: int
    contact_id: int = 0
    account_id: int = 0

    @property
    def alias(self) -> tuple[int, str, str]:
        return self.scope, self.kind, self.value

    @property
    def record(self) -> tuple[int, int]:
        return self.contact_id, self.account_id


@dataclass(slots=True)
class Known:
    """An Identifier row as it stands, or will stand. `pk` 0: not written yet."""

    pk: int
    state: str
    first: datetime
    key: str
    last: datetime
    delivery_id: int | None
    was: tuple[Any, ...] = ()

    @property
    def now(self) -> tuple[Any, ...]:
        return self.state, self.first, self.key, self.last, self.delivery_id


@dataclass(frozen=True, slots=True)
class Found:
    """An active identifier: the contact or account it names, and whether claims within a span would change nothing of it."""

    record_id: int
    covered: bool


Span = tuple[datetime, datetime]


def find(scope: int, kind: str, values: Collection[str]) -> dict[str, int]:
    """Active identifiers of one kind: value -> id of the contact or account. One query."""
    if not values:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.value, coalesce(i.contact_id, i.account_id) from json_array_elements_text(%s::json) v"
            " join customers_identifier i on i.scope = %s and i.kind = %s and i.value = v where i.state = 'active'",
            [to_json(sorted(values)), scope, kind],
        )
        return dict(cursor.fetchall())


def look_up(scope: int, kind: str, spans: Mapping[str, Span]) -> dict[str, Found]:
    """Like `find` for values with the earliest and latest instant at which they are claimed now. One query, no times come back."""
    if not spans:
        return {}
    rows = [{"value": value, "first": first, "last": hour_of(last)} for value, (first, last) in sorted(spans.items())]
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.value, coalesce(i.contact_id, i.account_id), i.first_seen_at <= v.first and i.last_seen_at >= v.last"
            " from json_to_recordset(%s::json) as v (value text, first timestamptz, last timestamptz)"
            " join customers_identifier i on i.scope = %s and i.kind = %s and i.value = v.value where i.state = 'active'",
            [to_json(rows), scope, kind],
        )
        return {value: Found(record, covered) for value, record, covered in cursor.fetchall()}


def widen(spans: dict[str, Span], value: str, at: datetime) -> None:
    """Let the span of `value` hold `at`."""
    first, last = spans.get(value, (at, at))
    spans[value] = (min(first, at), max(last, at))


def to_json(value: Any) -> str:
    """One JSON parameter instead of arrays: drivers send it far faster."""
    return msgspec.json.encode(value).decode()


def ensure_contacts(
    scope: int, user_ids: Collection[str], found: Mapping[str, Found], *, at: datetime, emails: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Contacts of these user ids. Those not `found` are made, named by their id until a trait says better.

    `emails` maps user ids to folded addresses: a contact that people or imports made, and that no user id names yet, is
    taken over by the first user with its address.
    """
    known = {user_id: row.record_id for user_id, row in found.items()}
    missing = sorted(set(user_ids) - found.keys())
    if not missing:
        return known
    Identifier.objects.filter(scope=scope, kind=ANONYMOUS, value__in=missing, state=ACTIVE).update(state=DISPUTED)
    known |= adopted({user_id: emails[user_id] for user_id in missing if emails and user_id in emails})
    new = [user_id for user_id in missing if user_id not in known]
    made = accounts.create_contacts([(user_id, "") for user_id in new], at=at)
    return known | {user_id: contact.pk for user_id, contact in zip(new, made, strict=True)}


def adopted(emails: Mapping[str, str]) -> dict[str, int]:
    """user id -> contact that owns its address and has no user id in any source; each contact once."""
    owners = find(0, EMAIL, set(emails.values()))
    named = set(Identifier.objects.filter(kind=USER, contact__in=owners.values()).values_list("contact_id", flat=True)) if owners else set()
    taken: dict[str, int] = {}
    for user_id, email in sorted(emails.items()):
        owner = owners.get(email, 0)
        if owner and owner not in named:
            taken[user_id] = owner
            named.add(owner)
    return taken


def ensure_accounts(group_ids: Collection[str], found: Mapping[str, Found], *, at: datetime, lifecycle: str) -> dict[str, int]:
    """Accounts of these group ids; those not `found` are made, named by their id until a trait says better."""
    missing = sorted(set(group_ids) - found.keys())
    made = accounts.create_accounts(missing, at=at, lifecycle=lifecycle, provisional=True) if missing else []
    known = {group_id: row.record_id for group_id, row in found.items()}
    return known | {group_id: account.pk for group_id, account in zip(missing, made, strict=True)}


def fold_email(value: Any) -> str:
    """An address for matching: trimmed, domain lower case and IDNA, local part without case. Empty when it is none.

    Plus-tags and dots stay: they name other mailboxes.
    """
    local, at_sign, domain = value.strip().rpartition("@") if isinstance(value, str) else ("", "", "")
    if not at_sign or not local or not domain or len(value) > 254 or any(c.isspace() for c in local + domain):
        return ""
    try:
        domain = domain.lower().encode("idna").decode()
    except UnicodeError:
        return ""
    return f"{local.casefold()}@{domain.lower()}"


def claim(claims: Iterable[Claim]) -> None:
    """Write down who is known by what. Earliest claim (then smallest item key) is active, the others are disputed."""
    wanted = list(claims)
    if not wanted:
        return
    known = load({c.alias for c in wanted})
    for c in wanted:
        add(known.setdefault(c.alias, {}), c)
    users = user_ids_among(known) | {(c.scope, ANONYMOUS, c.value) for c in wanted if c.kind == USER}
    for alias, rows in known.items():
        decide(rows, taken=alias in users)
    write(known)


def load(aliases: Collection[tuple[int, str, str]]) -> dict[tuple[int, str, str], dict[tuple[int, int], Known]]:
    """alias -> {(contact id, account id): row}."""
    found: dict[tuple[int, str, str], dict[tuple[int, int], Known]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.scope, i.kind, i.value, coalesce(i.contact_id, 0), coalesce(i.account_id, 0),"
            " i.id, i.state, i.first_seen_at, i.key, i.last_seen_at, i.delivery_id from customers_identifier i"
            " join json_to_recordset(%s::json) as a (scope bigint, kind text, value text) using (scope, kind, value)",
            [to_json([{"scope": scope, "kind": kind, "value": value} for scope, kind, value in sorted(aliases)])],
        )
        for scope, kind, value, contact, account, pk, *rest in cursor.fetchall():
            found.setdefault((scope, kind, value), {})[contact, account] = Known(pk, *rest, was=tuple(rest))
    return found


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def add(rows: dict[tuple[int, int], Known], c: Claim) -> None:
    hour = hour_of(c.at)
    row = rows.get(c.record)
    if row is None:
        rows[c.record] = Known(0, DISPUTED, c.at, c.key, hour, c.delivery_id)
        return
    row.last = max(row.last, hour)
    if (c.at, c.key) < (row.first, row.key):
        row.first, row.key, row.delivery_id = c.at, c.key, c.delivery_id


def user_ids_among(known: Mapping[tuple[int, str, str], Any]) -> set[tuple[int, str, str]]:
    """Anonymous ids that are somebody's user id as well: they never link."""
    aliases = [a for a in known if a[1] == ANONYMOUS]
    found = {scope: find(scope, USER, [a[2] for a in aliases if a[0] == scope]) for scope in {a[0] for a in aliases}}
    return {a for a in aliases if a[2] in found[a[0]]}


def decide(rows: dict[tuple[int, int], Known], *, taken: bool) -> None:
    winner = min(rows.values(), key=lambda r: (r.first, r.key, r.pk))
    for row in rows.values():
        row.state = ACTIVE if row is winner and not taken else DISPUTED


UPDATE = """
update customers_identifier i set state = n.state, first_seen_at = n.first, key = n.key, last_seen_at = n.last, delivery_id = n.delivery
from unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::bigint[]) as n (id, state, first, key, last, delivery)
where i.id = n.id
"""


def write(known: Mapping[tuple[int, str, str], dict[tuple[int, int], Known]]) -> None:
    """Disputed rows before active ones: at no moment are two rows active for one alias."""
    new, changed = [], []
    for alias, rows in sorted(known.items()):
        for (contact, account), row in rows.items():
            if not row.pk:
                new.append(identifier(alias, contact, account, row))
            elif row.now != row.was:
                changed.append(row)
    for state in (DISPUTED, ACTIVE):
        update([r for r in changed if r.state == state])
    Identifier.objects.bulk_create(new)


def identifier(alias: tuple[int, str, str], contact: int, account: int, row: Known) -> Identifier:
    scope, kind, value = alias
    return Identifier(
        scope=scope,
        kind=kind,
        value=value,
        contact_id=contact or None,
        account_id=account or None,
        state=row.state,
        delivery_id=row.delivery_id,
        key=row.key,
        first_seen_at=row.first,
        last_seen_at=row.last,
    )


def update(rows: Sequence[Known]) -> None:
    if rows:
        data = [[r.pk for r in rows], *([r.now[i] for r in rows] for i in range(5))]
        with connection.cursor() as cursor:
            cursor.execute(UPDATE, data)


def link(links: Collection[tuple[int, str, str, datetime]]) -> set[str]:
    """Write down (scope, anonymous id, user id, at) links; returns the anonymous ids that got a new one."""
    if not links:
        return set()
    rows = sorted(set(links))
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_anonymouslink (scope, anonymous_id, user_id, at)"
            " select * from unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) on conflict do nothing returning anonymous_id",
            [[r[i] for r in rows] for i in range(4)],
        )
        return {anonymous_id for (anonymous_id,) in cursor.fetchall()}


class Visitors:
    """Which contact stood behind an anonymous id at an instant."""

    def __init__(self, scope: int, anonymous_ids: Collection[str]) -> None:
        found = AnonymousLink.objects.filter(scope=scope, anonymous_id__in=list(anonymous_ids)) if anonymous_ids else []
        self.links: dict[str, list[tuple[datetime, str]]] = {}
        for row in found:
            self.links.setdefault(row.anonymous_id, []).append((row.at, row.user_id))
        for row in self.links.values():
            row.sort()
        self.contacts = find(scope, USER, {user for row in self.links.values() for _, user in row})

    def contact_at(self, anonymous_id: str, at: datetime) -> int:
        """The contact whose identify is nearest after `at`, else nearest before; 0 when nobody ever said."""
        links = self.links.get(anonymous_id)
        if not links:
            return 0
        place = bisect_left(links, (at, ""))
        if place == len(links):
            latest = links[-1][0]
            place = bisect_left(links, (latest, ""))
        return self.contacts.get(links[place][1], 0)


def unattributed(contact_id: int) -> int:
    """Events of a contact that belong to no account."""
    return Event.objects.filter(account_id=0, contact_id=contact_id).exclude(contact_id=0).count()


def ambiguous(contact_id: int) -> int:
    """Events of a contact with several accounts that could not be given to one (`ambiguous_account`)."""
    several = Membership.objects.filter(contact_id=contact_id).count() > 1
    return unattributed(contact_id) if several else 0
