"""Roles of contacts at an account: which there are, which an account needs, and giving one."""

from datetime import datetime

from django.db import transaction

from crm.models import User
from customers.events import record
from customers.models import Membership

ROLES = [
    ("", "No role"),
    ("champion", "Champion"),
    ("buyer", "Buyer"),
    ("executive", "Executive sponsor"),
    ("admin", "Admin"),
    ("billing", "Billing"),
    ("user", "User"),
]
NEEDED = ["champion", "buyer", "executive"]


@transaction.atomic
def set_role(membership: Membership, *, role: str, by: User, at: datetime) -> None:
    """Give the contact of `membership` a role at its account; the same role again changes nothing."""
    locked = Membership.objects.select_for_update().get(pk=membership.pk)
    old, locked.role = locked.role, role
    if old == role:
        return
    locked.save(update_fields=["role"])
    props = {"contact": locked.contact_id, "from": old, "to": role}
    record(account=locked.account_id, name="contact.role_changed", at=at, contact=locked.contact_id, props=props, user_id=by.pk)
