"""Fields of accounts and contacts as callers state them: made and changed through the door for traits, so every change is kept."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.lib.problems import Refused
from crm.models import User
from customers import identifiers, memberships
from customers.accounts import create_accounts, create_contacts
from customers.identifiers import Alias
from customers.models import Account, Contact, Membership
from customers.trait_types import may_write
from customers.traits import set_traits

LONGEST_PATH = 200
MOST_TRAITS = 200
MOST_BYTES = 32 * 1024


class OwnedPath(Refused):
    code = "owned_path"


class BadPath(Refused):
    code = "bad_path"


class LargeValue(Refused):
    code = "too_large"


@transaction.atomic
def new_account(
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: dict[str, Any],
    traits: Mapping[str, Any] | None = None,
    aliases: list[Alias] | None = None,
) -> Account:
    """Make an account with the fields of `change`, `lifecycle`, traits and identifiers. Raises what its parts raise."""
    fields = {name: value for name, value in values.items() if name not in {"name", "lifecycle"} and value not in ("", None)}
    check(traits or {}, Account())
    first = {**(traits or {}), **plain(fields)}
    made = create_accounts([values["name"]], at=at, lifecycle=values.get("lifecycle", "customer"), values=first, actor=actor)[0]
    for alias in aliases or []:
        identifiers.claim(made, alias, at=at)
    return made


@transaction.atomic
def new_contact(values: Mapping[str, Any], *, at: datetime, actor: dict[str, Any], homes: list[tuple[Account, str]]) -> Contact:
    """Make a contact who belongs to `homes` (account, role) from `at` on; its e-mail becomes an identifier."""
    made = create_contacts([(values.get("name", ""), values.get("email", ""))], at=at)[0]
    change(made, {name: value for name, value in values.items() if value}, at=at, actor=actor)
    if values.get("email"):
        identifiers.claim(made, Alias("", "email", values["email"]), at=at)
    memberships.join({(made.pk, account.pk): at for account, _ in homes}, memberships.load([made.pk]))
    for account, role in homes:
        Membership.objects.filter(contact=made, account=account).update(role=role)
    return made


def change(subject: Account | Contact, values: Mapping[str, Any], *, at: datetime, actor: dict[str, Any]) -> int:
    """Set fields that people edit. An empty one is removed. Returns how many changed."""
    return set_traits(subject, plain(values), at=at, actor=actor)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as traits hold them: a record is its id, and an empty text is nothing."""
    return {name: None if value == "" else getattr(value, "pk", value) for name, value in values.items()}


def state(subject: Account | Contact, values: Mapping[str, Any], *, at: datetime, actor: dict[str, Any]) -> int:
    """Set traits of any path; None removes one. Returns how many changed. Raises OwnedPath, BadPath, LargeValue."""
    check(values, subject)
    return set_traits(subject, dict(values), at=at, actor=actor) if values else 0


def check(values: Mapping[str, Any], subject: Account | Contact) -> None:
    for path, value in values.items():
        check_path(path, subject)
        check_size(path, value)
    owner = values.get("owner")
    if owner is not None and isinstance(subject, Account) and not (type(owner) is int and User.objects.filter(pk=owner).exists()):
        raise BadPath("The owner is given by the id of a user.", errors=[{"path": "owner", "code": "unknown", "message": "No such user."}])


def check_path(path: str, subject: Account | Contact) -> None:
    if not path or len(path) > LONGEST_PATH:
        raise BadPath(f"A path has 1 to {LONGEST_PATH} characters.", errors=[{"path": path[:80], "code": "bad_path", "message": "length"}])
    if isinstance(subject, Account) and not may_write(path, ""):
        message = f"“{path}” is kept by billing or health and cannot be set from outside."
        raise OwnedPath(message, errors=[{"path": path, "code": "owned_path", "message": message}])


def check_size(path: str, value: Any) -> None:
    if len(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")) > MOST_BYTES:
        message = f"The value of “{path}” is larger than {MOST_BYTES // 1024} KiB of JSON."
        raise LargeValue(message, errors=[{"path": path, "code": "too_large", "message": message}])
