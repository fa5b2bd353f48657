"""What every page of customers begins with: the record as this person may see it, and the name for the audit trail."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from crm.models import User
from customers.models import Account, Task

OF_OWNER = ("id", "first_name", "last_name", "email")
NOT_OF_OWNER = [f"owner__{field.name}" for field in User._meta.concrete_fields if field.name not in OF_OWNER]


def account_or_404(request: HttpRequest, pk: int) -> Account:
    """The account with its state and owner. A hidden one is as unknown as one that does not exist."""
    rows = Account.objects.visible_to(request.user).select_related("state", "owner").defer(*NOT_OF_OWNER)
    return get_object_or_404(rows, pk=pk)


def task_or_404(request: HttpRequest, pk: int) -> Task:
    return get_object_or_404(Task.objects.visible_to(request.user).select_related("account__state", "assignee"), pk=pk)


def actor_of(request: HttpRequest) -> dict[str, Any]:
    """The signed-in person, as the audit trail names them."""
    return {"kind": "person", "id": request.user.pk, "name": request.user.name}
