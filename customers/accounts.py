"""Making accounts and contacts. What is known about them afterwards goes through customers.traits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.lib.text import fold
from customers.models import Account, AccountState, Contact
from customers.traits import SYSTEM, TraitFact, set_traits_batch


def create_accounts(
    names: Sequence[str],
    *,
    at: datetime,
    lifecycle: str = "customer",
    domain: str = "",
    provisional: bool = False,
    values: Mapping[str, Any] | None = None,
    actor: dict[str, Any] | None = None,
) -> list[Account]:
    """Make accounts with their state rows, in order of `names`. `lifecycle` stands until billing owns it.

    A provisional name stands in its column only: any name that is ever stated, however early, takes its place. `values` are
    further traits that all of them begin with; `actor` stands in their history as the maker.
    """
    with transaction.atomic():
        made = Account.objects.bulk_create([Account(name=n[:200], folded=fold(n)[:200], domain=domain, created_at=at) for n in names])
        AccountState.objects.bulk_create([AccountState(account=account, lifecycle=lifecycle) for account in made])
        named = [] if provisional else [TraitFact(a.pk, "name", a.name, at) for a in made]
        known = {"lifecycle": lifecycle, **(values or {})}
        first = named + [TraitFact(a.pk, path, value, at) for a in made for path, value in known.items()]
        set_traits_batch(first, at=at, actor=actor or SYSTEM, writer="system")
    return made


def create_contacts(names_and_emails: Sequence[tuple[str, str]], *, at: datetime) -> list[Contact]:
    """Make contacts from (name, e-mail) pairs, either of which may be empty."""
    rows = [Contact(name=n[:200], email=e[:254], folded=fold(n or e)[:200], created_at=at) for n, e in names_and_emails]
    return Contact.objects.bulk_create(rows)
