"""Small makers of records for tests. Everything goes through the product's own doors."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from crm.models import User
from customers.accounts import create_accounts, create_contacts
from customers.models import Account, Contact, Source
from customers.traits import SYSTEM, set_traits

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_numbers = count(1)


def instant(text: str) -> datetime:
    """`instant("2026-11-20T12:00")` in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def make_user(name: str = "Ada Lind", role: str = "csm", **fields: Any) -> User:
    first, _, last = name.partition(" ")
    email = fields.pop("email", f"{first.lower()}@tenure.example")
    user = User(username=email, email=email, first_name=first, last_name=last, role=role, **fields)
    user.set_password("correct horse")
    user.save()
    return user


def make_account(
    name: str = "Acme", *, at: datetime = NOW, owner: User | None = None, lifecycle: str = "customer", **traits: Any
) -> Account:
    account = create_accounts([name], at=at, lifecycle=lifecycle)[0]
    values = {**traits, **({"owner": owner.pk} if owner else {})}
    if values:
        set_traits(account, values, at=at, actor=SYSTEM, writer="billing")
    account.refresh_from_db()
    return account


def make_contact(name: str = "Jonas Vik", email: str = "", *, at: datetime = NOW) -> Contact:
    return create_contacts([(name, email)], at=at)[0]


def make_source(name: str = "Product", **fields: Any) -> Source:
    n = next(_numbers)
    defaults = {"key": f"product-{n}", "write_key": f"wk_{n:030}", "created_at": NOW}
    return Source.objects.create(name=name, **{**defaults, **fields})
