"""Querysets behind the answers: what is selected with each record, and the parts that are fetched for a whole page at once."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Prefetch, Q, QuerySet

from crm.models import User
from customers.models import Account, Contact, Identifier, Membership, Source, Task, Trait


def accounts(user: User) -> QuerySet[Account]:
    """Accounts with their state, and the parts of the owner's name beside them: no User is made for each row."""
    parts = {f"owner_{part}": F(f"owner__{name}") for part, name in (("first", "first_name"), ("last", "last_name"), ("email", "email"))}
    return Account.objects.visible_to(user).select_related("state").defer("folded", "state__trend").annotate(**parts)


def with_tags(page: Sequence[Account]) -> Sequence[Account]:
    """The same accounts, each with the list `tags`. One query."""
    marks = Trait.objects.filter(account_id__in=[a.pk for a in page], contact_id=0, path__startswith="tag.").exclude(value=None)
    tags: dict[int, list[str]] = {}
    for account, path in marks.order_by("path").values_list("account_id", "path"):
        tags.setdefault(account, []).append(path.removeprefix("tag."))
    for account in page:
        account.tags = tags.get(account.pk, [])
    return page


def contacts(user: User) -> QuerySet[Contact]:
    """Contacts with their memberships in accounts that the person may see."""
    seen = Membership.objects.filter(account__in=Account.objects.visible_to(user)).order_by("from_at", "id")
    return Contact.objects.visible_to(user).prefetch_related(Prefetch("memberships", seen, to_attr="seen_memberships"))


def tasks(user: User) -> QuerySet[Task]:
    return Task.objects.visible_to(user).select_related("account")


def identifiers(user: User) -> QuerySet[Identifier]:
    accounts, contacts = Account.objects.visible_to(user), Contact.objects.visible_to(user)
    return Identifier.objects.filter(Q(account__in=accounts.values("pk")) | Q(contact__in=contacts.values("pk")))


def with_source_keys(page: Sequence[Identifier]) -> Sequence[Identifier]:
    """The same identifiers, each with `source_key` of its scope (None: everywhere). One query at most."""
    scopes = {row.scope for row in page} - {0}
    keys = dict(Source.objects.filter(pk__in=scopes).values_list("pk", "key")) if scopes else {}
    for row in page:
        row.source_key = keys.get(row.scope)
    return page


def one(rows: QuerySet, pk: Any, with_parts: Any = None) -> Any:
    """A record again, as it stands after a write, with what its answer needs."""
    found = rows.get(pk=pk)
    return with_parts([found])[0] if with_parts else found
