"""Looking up and claiming identifiers by name, as people and the API write them: SOURCE:KIND:VALUE or {source, kind, value}.

What inbound messages say about identity is settled set-wise in customers.identity. SOURCE is a source's key; `*` or nothing
is scope 0, the kinds that mean the same everywhere. A kind may hold a colon itself ("stripe:customer"), and so may a value.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from crm.lib.problems import Refused
from customers import identity
from customers.models import Account, Contact, Identifier, Membership, Source

EVERYWHERE = {"", "*"}
FOLDED_KINDS = {identity.EMAIL, "domain"}


class UnknownSource(Refused):
    code = "unknown_source"


class BadAlias(Refused):
    code = "bad_identifier"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of a record: source key ("" everywhere), kind and value."""

    source: str
    kind: str
    value: str


def read(text: str) -> list[Alias]:
    """The aliases that SOURCE:KIND:VALUE may mean: the kind ends at the second colon, or at the third. Raises BadAlias."""
    source, _, rest = text.partition(":")
    parts = rest.split(":")
    cuts = [(":".join(parts[:n]), ":".join(parts[n:])) for n in (1, 2) if len(parts) > n]
    found = [Alias(source, kind, value) for kind, value in cuts if kind and value]
    if not found:
        raise BadAlias("Write it as SOURCE:KIND:VALUE; SOURCE is a source's key, or * for all.")
    return found


def scopes_of(sources: Iterable[str]) -> dict[str, int]:
    """Source key -> scope of its identifiers; sources that do not exist are left out. One query at most."""
    wanted = set(sources)
    found = dict.fromkeys(wanted & EVERYWHERE, 0)
    named = wanted - EVERYWHERE
    if named:
        found |= {row.key: row.scope for row in Source.objects.filter(key__in=named).only("key", "shares_ids_with")}
    return found


def matching(aliases: Sequence[Alias]) -> Q:
    """Active identifiers with one of these names. E-mail and domain are found in any scope's spelling. Raises UnknownSource."""
    scopes = scopes_of(alias.source for alias in aliases)
    match = Q(pk__in=[])
    for alias in aliases:
        require_known(alias.source, scopes)
        match |= Q(scope__in={scopes[alias.source], 0}, kind=alias.kind, value=spelt(alias))
    return match & Q(state=Identifier.State.ACTIVE)


def require_known(source: str, scopes: Mapping[str, int]) -> None:
    if source not in scopes:
        raise UnknownSource(f"There is no source with the key “{source}”.")


def spelt(alias: Alias) -> str:
    if alias.kind == identity.EMAIL:
        return identity.fold_email(alias.value)
    return alias.value.strip().lower() if alias.kind in FOLDED_KINDS else alias.value


def accounts_named(text: str) -> Q:
    """Accounts with this identifier, and those to which a contact with it belongs today. Raises BadAlias, UnknownSource."""
    found = Identifier.objects.filter(matching(read(text)))
    members = Membership.objects.filter(contact__in=found.filter(contact__isnull=False).values("contact"), to_at=None)
    return Q(pk__in=found.filter(account__isnull=False).values("account")) | Q(pk__in=members.values("account"))


def contacts_named(text: str) -> Q:
    """Contacts with this identifier. Raises BadAlias, UnknownSource."""
    return Q(pk__in=Identifier.objects.filter(matching(read(text)), contact__isnull=False).values("contact"))


def find(aliases: Iterable[Alias], subject: str) -> dict[Alias, int]:
    """Alias -> id of the account or contact (`subject`) that it names. Two queries, whatever the number."""
    wanted = set(aliases)
    if not wanted:
        return {}
    scopes = scopes_of(alias.source for alias in wanted)
    values = {spelt(alias) for alias in wanted}
    rows = Identifier.objects.filter(value__in=values, state=Identifier.State.ACTIVE, **{f"{subject}__isnull": False})
    known = {(scope, kind, value): pk for scope, kind, value, pk in rows.values_list("scope", "kind", "value", f"{subject}_id")}
    places = {alias: (scopes.get(alias.source), alias.kind, spelt(alias)) for alias in wanted}
    found = {alias: known.get(place) or known.get((0, *place[1:])) for alias, place in places.items() if place[0] is not None}
    return {alias: pk for alias, pk in found.items() if pk}


@transaction.atomic
def claim(subject: Account | Contact, alias: Alias, *, at: datetime) -> Identifier:
    """State that `alias` names this record. When another record had it before, the claim is stored as disputed and shown to
    people. Claiming twice changes nothing. Raises UnknownSource, BadAlias."""
    scopes = scopes_of([alias.source])
    require_known(alias.source, scopes)
    scope, value = 0 if alias.kind in FOLDED_KINDS else scopes[alias.source], spelt(alias)
    if not value:
        raise BadAlias(f"“{alias.value}” is not usable as {alias.kind}.")
    contact, account = (0, subject.pk) if isinstance(subject, Account) else (subject.pk, 0)
    identity.claim([identity.Claim(scope, alias.kind, value, at, "", 0, contact, account)])
    return Identifier.objects.get(scope=scope, kind=alias.kind, value=value, contact_id=contact or None, account_id=account or None)
