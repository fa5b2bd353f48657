"""What is done to several accounts of the list at once: give them an owner, make a task for each. Each with its undo."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from crm.models import User
from customers import inbox
from customers.models import Account, Task
from customers.rights import require
from customers.traits import TraitFact, set_traits_batch
from customers.views.access import actor_of
from customers.views.account_fields import staff
from customers.views.saying import changed, refused, undo_url, undone
from customers.views.task_form import TaskForm

MOST = 500
BACK = "/accounts/"


class ChosenForm(forms.Form):
    """The accounts that were ticked, of those that the person may see."""

    account = forms.ModelMultipleChoiceField(Account.objects.none(), error_messages={"required": "Select at least one account."})

    def __init__(self, data: Any, *, user: User, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["account"].queryset = Account.objects.visible_to(user).select_related("owner")

    def chosen(self) -> list[Account]:
        return list(self.cleaned_data["account"].order_by("pk")[:MOST])


class OwnersForm(ChosenForm):
    owner = forms.ModelChoiceField(staff(), required=False, empty_label="Nobody")


class TasksForm(ChosenForm, TaskForm):
    """A task for each of the chosen accounts."""


@require_http_methods(["GET", "POST"])
def accounts_owner(request: HttpRequest) -> HttpResponse:
    """Give the chosen accounts to somebody, or to nobody."""
    require(request.user, "account.edit")
    form = OwnersForm(request.POST or None, user=request.user)
    if not form.is_valid():
        return asked(request, form, "Owner of several accounts", "customers/accounts/_owner_form.html")
    chosen, owner, at = form.chosen(), form.cleaned_data["owner"], clock.now()
    olds = [[account.pk, "owner", account.owner_id] for account in chosen]
    facts = [TraitFact(account.pk, "owner", owner.pk if owner else None, at) for account in chosen]
    set_traits_batch(facts, at=at, actor=actor_of(request))
    text = f"{counted(chosen)} now with {owner.name if owner else 'nobody'}."
    return done(request, text, undo_url("customers:account-undo", request.user, olds))


@require_http_methods(["GET", "POST"])
def accounts_tasks(request: HttpRequest) -> HttpResponse:
    """Make the same task for each of the chosen accounts. Sent twice, it is made once."""
    require(request.user, "task.work")
    form = TasksForm(request.POST or None, user=request.user)
    if not form.is_valid():
        return asked(request, form, "Task for several accounts", "customers/accounts/_task_form.html")
    chosen, at = form.chosen(), clock.now()
    with transaction.atomic():
        tasks = [
            inbox.create_task(account=a, at=at, by=request.user, effect_key=form.key_for(a.pk), **form.values(request)) for a in chosen
        ]
    undo = undo_url("customers:tasks-undo", request.user, [task.pk for task in tasks])
    return done(request, f"A task for {counted(chosen)}.", undo)


@require_POST
def tasks_undo(request: HttpRequest) -> HttpResponse:
    """Take back tasks just made; those closed meanwhile stay as they are."""
    require(request.user, "task.work")
    try:
        made = undone(request)
    except Refused as error:
        return refused(request, error, BACK)
    at = clock.now()
    with transaction.atomic():
        for task in Task.objects.open().filter(pk__in=made, created_by=request.user).order_by("pk"):
            inbox.skip(task, by=request.user, at=at, note="Taken back.")
    return htmx.toast(request, changed(request, BACK), "The tasks are taken back.")


def asked(request: HttpRequest, form: forms.Form, title: str, fragment: str) -> HttpResponse:
    """The form, or the form again with 422."""
    context = {"form": form, "fragment": fragment, "title": title}
    return htmx.render(request, "customers/accounts/bulk.html", fragment, context, status=422 if form.is_bound else 200)


def done(request: HttpRequest, text: str, undo: str) -> HttpResponse:
    return htmx.toast(request, htmx.trigger(changed(request, BACK), "close-dialog"), text, undo=undo)


def counted(chosen: list[Account]) -> str:
    return chosen[0].name if len(chosen) == 1 else f"{len(chosen)} accounts"
