"""Events that turn out to belong elsewhere: a late identify names the person, a late group the account.

Looks at the events whose owner may have changed, decides each again with today's knowledge and moves those that differ
(customers.attribution). Bounded by 400 days. Events that named their account themselves keep it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from customers import attribution, memberships
from customers.identity import Visitors
from customers.memberships import STATED, Places
from customers.models import Event
from customers.traits import TraitFact

REACH = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Placed:
    """An event as it stands."""

    id: UUID
    account_id: int
    contact_id: int
    occurred_at: datetime
    anonymous_id: str | None
    stated: bool


def of_contacts(changed: Mapping[int, datetime], places: Mapping[int, Places], source_ids: list[int], *, at: datetime) -> int:
    """Decide again the account of events of these contacts since an instant each. Returns how many moved."""
    pairs = [(c, a, max(since, at - REACH)) for c, since in changed.items() for a in accounts_to_check(places[c])]
    if not pairs:
        return 0
    return attribution.move([moved for e in events_of(pairs, source_ids) if (moved := again(e, e.contact_id, places))], at=at)


def accounts_to_check(place: Places) -> list[int]:
    """Where events of the contact may stand wrongly: with nobody, and with each of several accounts."""
    return [0, *sorted(place.valid)] if place.several else [0]


def of_visitors(anonymous_ids: Collection[str], scope: int, source_ids: list[int], *, at: datetime) -> int:
    """Decide again the contact, and with it the account, of events of these anonymous ids. Returns how many moved."""
    if not anonymous_ids:
        return 0
    visitors = Visitors(scope, anonymous_ids)
    found = events_of_visitors(anonymous_ids, source_ids, at - REACH)
    owners = {e.id: visitors.contact_at(e.anonymous_id or "", e.occurred_at) for e in found}
    places = memberships.load(set(owners.values()) - {0})
    if found:
        first = min(e.occurred_at for e in found)
        memberships.load_marks(places, source_ids, dict.fromkeys(places, first))
    return attribution.move([moved for e in found if (moved := again(e, owners[e.id], places))], at=at)


def again(event: Placed, contact: int, places: Mapping[int, Places]) -> tuple[int, datetime, UUID, int, int] | None:
    """The move this event needs, as customers.attribution takes it, or None."""
    account = event.account_id if event.stated else account_of(contact, event.occurred_at, places)
    if (account, contact) == (event.account_id, event.contact_id):
        return None
    return event.account_id, event.occurred_at, event.id, account, contact


def account_of(contact: int, at: datetime, places: Mapping[int, Places]) -> int:
    return places[contact].account_at(at) if contact else 0


COLUMNS = "e.id, e.account_id, e.contact_id, e.occurred_at, e.anonymous_id, coalesce(e.flags ? %(stated)s, false)"
OF_CONTACTS = f"""
select {COLUMNS} from unnest(%(contacts)s::bigint[], %(accounts)s::bigint[], %(times)s::timestamptz[]) as p (contact_id, account_id, since)
join customers_event e on e.account_id = p.account_id and e.contact_id = p.contact_id and e.occurred_at >= p.since
where e.source_id = any(%(sources)s)
"""  # noqa: S608
OF_NOBODY = f"""
select {COLUMNS} from unnest(%(contacts)s::bigint[], %(times)s::timestamptz[]) as p (contact_id, since)
join customers_event e on e.account_id = 0 and e.contact_id <> 0 and e.contact_id = p.contact_id and e.occurred_at >= p.since
where e.source_id = any(%(sources)s)
"""  # noqa: S608
OF_VISITORS = f"""
select {COLUMNS} from customers_event e
where e.source_id = any(%(sources)s) and e.anonymous_id = any(%(anonymous)s) and e.occurred_at >= %(since)s
"""  # noqa: S608


def events_of(pairs: list[tuple[int, int, datetime]], source_ids: list[int]) -> list[Placed]:
    somewhere, nowhere = [p for p in pairs if p[1]], [p for p in pairs if not p[1]]
    found = []
    for query, rows in ((OF_CONTACTS, somewhere), (OF_NOBODY, nowhere)):
        if rows:
            params = {"contacts": [p[0] for p in rows], "accounts": [p[1] for p in rows], "times": [p[2] for p in rows]}
            found += fetch(query, {**params, "sources": source_ids})
    return found


def events_of_visitors(anonymous_ids: Collection[str], source_ids: list[int], since: datetime) -> list[Placed]:
    return fetch(OF_VISITORS, {"sources": source_ids, "anonymous": sorted(anonymous_ids), "since": since})


def fetch(query: str, params: dict[str, object]) -> list[Placed]:
    with connection.cursor() as cursor:
        cursor.execute(query, {**params, "stated": STATED})
        return [Placed(*row) for row in cursor.fetchall()]


def visitor_traits(anonymous_ids: Collection[str], name: str, source_ids: list[int]) -> list[TraitFact]:
    """Traits in events called `name` of these anonymous ids, as facts about the contacts they belong to by now."""
    rows = Event.objects.filter(source_id__in=source_ids, anonymous_id__in=list(anonymous_ids), name=name, contact_id__gt=0)
    return [
        TraitFact(0, path, value, e.occurred_at, e.contact_id, source_id=e.source_id, received_at=e.received_at, historical=e.historical)
        for e in rows
        for path, value in e.props.get("traits", {}).items()
    ]
