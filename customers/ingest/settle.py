"""Applying the readable items of some deliveries of one source: identities first, then events and traits through the two doors.

One call is one savepoint with a constant number of statements. It either writes everything or raises; which item was at
fault is found out by customers.ingest.apply.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers import events, identity, memberships, reattribution, traits
from customers.identity import Claim, Visitors
from customers.ingest.reading import Item
from customers.models import Delivery, Source
from customers.traits import TraitFact

VISITOR_IDENTIFIED = "visitor.identified"
PEOPLE_OWN = frozenset(["owner", "stage", "zone", "currency", "sentiment"])


@dataclass(frozen=True, slots=True)
class Piece:
    """One item of one delivery."""

    delivery: Delivery
    item: Item


class Settlement:
    """The work on one set of pieces. `at` is when the youngest of them was received."""

    def __init__(self, source: Source, source_ids: list[int], pieces: Sequence[Piece]) -> None:
        self.source, self.scope, self.source_ids = source, source.scope, source_ids
        self.at = max(p.delivery.received_at for p in pieces)
        self.fresh: list[Piece] = []
        self.repeated: list[Piece] = []
        new = events.claim(source.pk, [p.item.key for p in pieces], at=self.at)
        for piece in pieces:
            (self.fresh if events.take(new, piece.item.key) else self.repeated).append(piece)

    def run(self) -> None:
        if self.fresh:
            self.name_everybody()
            self.place_everybody()
            self.record()
            self.state_traits()
            self.correct_the_past()

    def name_everybody(self) -> None:
        """Contacts, accounts, aliases and links."""
        items = [p.item for p in self.fresh]
        users, groups = spans_of(items)
        self.known_users = identity.look_up(self.scope, identity.USER, users)
        self.known_groups = identity.look_up(self.scope, identity.GROUP, groups)
        self.contacts = identity.ensure_contacts(self.scope, users, self.known_users, at=self.at, emails=emails_of(items))
        self.accounts = identity.ensure_accounts(groups, self.known_groups, at=self.at, lifecycle=self.source.default_lifecycle)
        identity.claim(earliest([c for p in self.fresh for c in self.claims_of(p)]))
        self.linked = identity.link([ln for i in items for ln in self.links_of(i)])
        self.visitors = Visitors(self.scope, {i.anonymous_id for i in items if i.anonymous_id and not i.user_id})

    def claims_of(self, piece: Piece) -> list[Claim]:
        item, contact = piece.item, self.contacts.get(piece.item.user_id, 0)
        names = [(self.scope, identity.USER, item.user_id)] if contact and is_news(self.known_users.get(item.user_id)) else []
        if contact and (item.identifies or item.previous_id):
            email = identity.fold_email(item.contact_traits.get("email"))
            names += [(self.scope, identity.ANONYMOUS, a) for a in self.anonymous_ids(item)]
            names += [(0, identity.EMAIL, email)] if email else []
        delivery = piece.delivery.pk
        claims = [Claim(*name, item.occurred_at, item.key, delivery, contact_id=contact) for name in names]
        if item.group_id and is_news(self.known_groups.get(item.group_id)):
            account = self.accounts[item.group_id]
            claims.append(Claim(self.scope, identity.GROUP, item.group_id, item.occurred_at, item.key, delivery, account_id=account))
        return claims

    def anonymous_ids(self, item: Item) -> list[str]:
        """The anonymous ids that this item says belong to its user."""
        found = {item.anonymous_id if item.identifies else "", item.previous_id}
        return sorted(found - {"", item.user_id})

    def links_of(self, item: Item) -> list[tuple[int, str, str, datetime]]:
        if not item.user_id or not (item.identifies or item.previous_id):
            return []
        return [(self.scope, a, item.user_id, item.occurred_at) for a in self.anonymous_ids(item)]

    def contact_of(self, item: Item) -> int:
        if item.user_id:
            return self.contacts[item.user_id]
        return self.visitors.contact_at(item.anonymous_id, item.occurred_at) if item.anonymous_id else 0

    def place_everybody(self) -> None:
        """Memberships and the group marks of contacts with several accounts."""
        self.owners = {id(p.item): self.contact_of(p.item) for p in self.fresh}
        stated = [(self.owners[id(p.item)], p.item) for p in self.fresh if p.item.group_id and p.item.user_id]
        self.places = memberships.load(set(self.owners.values()) - {0})
        first: dict[tuple[int, int], datetime] = {}
        for contact, item in stated:
            key = contact, self.accounts[item.group_id]
            first[key] = min(item.occurred_at, first.get(key, item.occurred_at))
        self.changed = memberships.join(first, self.places)
        memberships.mark([(c, self.accounts[i.group_id], i.occurred_at) for c, i in stated if not i.event])
        self.notice(stated)

    def notice(self, stated: list[tuple[int, Item]]) -> None:
        """Load the marks that decide, and remember which contacts must be looked at again since when."""
        since = dict.fromkeys(self.places, self.at)
        for piece in self.fresh:
            contact = self.owners[id(piece.item)]
            since[contact] = min(piece.item.occurred_at, since.get(contact, self.at))
        for contact, item in stated:
            if self.places[contact].several:
                self.changed[contact] = min(item.occurred_at, self.changed.get(contact, item.occurred_at))
        for contact, at in self.changed.items():
            since[contact] = min(at, since[contact])
        memberships.load_marks(self.places, self.source_ids, since)
        for contact, item in stated:
            if item.event and self.places[contact].several:
                self.places[contact].add_mark(item.occurred_at, self.accounts[item.group_id])

    def record(self) -> None:
        facts = [self.event_of(p) for p in self.fresh if p.item.event or self.is_visitors(p.item)]
        if facts:
            events.record_batch(facts, at=self.at, claimed=True)

    def is_visitors(self, item: Item) -> bool:
        """Whether somebody without a user id said who they are: kept as an event, so that a later identify can use it."""
        return item.identifies and not item.user_id

    def event_of(self, piece: Piece) -> events.Fact:
        item, contact = piece.item, self.owners[id(piece.item)]
        if item.group_id:
            account, flags = self.accounts[item.group_id], [*item.flags, memberships.STATED]
        else:
            account, flags = self.places[contact].account_at(item.occurred_at) if contact else 0, item.flags
        return events.Fact(
            account_id=account,
            name=item.event or VISITOR_IDENTIFIED,
            occurred_at=item.occurred_at,
            contact_id=contact,
            source_id=self.source.pk,
            key=item.key,
            props=identity.to_json(item.props if item.event else {"traits": item.contact_traits}),
            quantity=item.quantity,
            received_at=piece.delivery.received_at,
            historical=self.source.history,
            delivery_id=piece.delivery.pk,
            anonymous_id=None if item.user_id else item.anonymous_id or None,
            flags=flags or None,
        )

    def state_traits(self) -> None:
        facts = [f for p in self.fresh if p.item.contact_traits or p.item.account_traits for f in self.traits_of(p)]
        traits.set_traits_batch(facts, at=self.at)

    def traits_of(self, piece: Piece) -> list[TraitFact]:
        item, contact = piece.item, self.owners[id(piece.item)]
        stated = [(0, contact, path, value) for path, value in item.contact_traits.items()] if contact else []
        if item.account_traits:
            account = self.accounts[item.group_id]
            stated += [(account, 0, self.public(path), value) for path, value in item.account_traits.items()]
        return [self.fact(piece, *row) for row in stated]

    def public(self, path: str) -> str:
        """Write keys are public: the fields of an account that people decide are kept under the source's name instead."""
        return f"{self.source.key}.{path}" if path in PEOPLE_OWN else path

    def fact(self, piece: Piece, account: int, contact: int, path: str, value: Any) -> TraitFact:
        return TraitFact(
            account_id=account,
            path=path,
            value=value,
            occurred_at=piece.item.occurred_at,
            contact_id=contact,
            key=piece.item.key,
            source_id=self.source.pk,
            received_at=piece.delivery.received_at,
            historical=self.source.history,
        )

    def correct_the_past(self) -> None:
        """Events that were recorded before this was known."""
        reattribution.of_visitors(self.linked, self.scope, self.source_ids, at=self.at)
        reattribution.of_contacts(self.changed, self.places, self.source_ids, at=self.at)
        self.hand_over_traits()

    def hand_over_traits(self) -> None:
        """What visitors said about themselves before their first identify becomes known of the contact."""
        if self.linked:
            found = reattribution.visitor_traits(self.linked, VISITOR_IDENTIFIED, self.source_ids)
            traits.set_traits_batch(found, at=self.at)


def spans_of(items: list[Item]) -> tuple[dict[str, identity.Span], dict[str, identity.Span]]:
    """User ids and group ids of these items, each with its earliest and latest instant."""
    users: dict[str, identity.Span] = {}
    groups: dict[str, identity.Span] = {}
    for item in items:
        if item.user_id:
            identity.widen(users, item.user_id, item.occurred_at)
        if item.group_id:
            identity.widen(groups, item.group_id, item.occurred_at)
    return users, groups


def is_news(found: identity.Found | None) -> bool:
    return found is None or not found.covered


def earliest(claims: list[Claim]) -> list[Claim]:
    """First and last claim of each record to each alias: more would change nothing."""
    first: dict[Any, Claim] = {}
    last: dict[Any, Claim] = {}
    for c in claims:
        place = c.alias, c.record
        if place not in first or (c.at, c.key) < (first[place].at, first[place].key):
            first[place] = c
        if place not in last or c.at > last[place].at:
            last[place] = c
    return [*first.values(), *last.values()]


def emails_of(items: list[Item]) -> dict[str, str]:
    """user id -> the folded address it states first."""
    stated = [
        (i.occurred_at, i.key, i.user_id, email)
        for i in items
        if i.user_id and (email := identity.fold_email(i.contact_traits.get("email")))
    ]
    return {user_id: email for _, _, user_id, email in sorted(stated, reverse=True)}
