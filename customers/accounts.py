"""Making accounts and contacts. What is known about them afterwards goes through customers.traits."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from crm.lib.text import fold
from customers.models import Account, AccountState, Contact
from customers.traits import SYSTEM, TraitFact, set_traits_batch


def create_accounts(names: Sequence[str], *, at: datetime, lifecycle: str = "customer", domain: str = "") -> list[Account]:
    """Make accounts with their state rows, in order of `names`. `lifecycle` stands until billing owns it."""
    with transaction.atomic():
        made = Account.objects.bulk_create([Account(name=n[:200], folded=fold(n)[:200], domain=domain, created_at=at) for n in names])
        AccountState.objects.bulk_create([AccountState(account=account, lifecycle=lifecycle) for account in made])
        first = [TraitFact(a.pk, path, value, at) for a in made for path, value in (("name", a.name), ("lifecycle", lifecycle))]
        set_traits_batch(first, at=at, actor=SYSTEM, writer="system")
    return made


def create_contacts(names_and_emails: Sequence[tuple[str, str]], *, at: datetime) -> list[Contact]:
    """Make contacts from (name, e-mail) pairs, either of which may be empty."""
    rows = [Contact(name=n[:200], email=e[:254], folded=fold(n or e)[:200], created_at=at) for n, e in names_and_emails]
    return Contact.objects.bulk_create(rows)
