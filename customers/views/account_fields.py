"""Fields that change in place: owner, stage, sentiment. The answer is the changed row or head, and a toast with its undo."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from crm.models import User
from customers import people
from customers.models import Account
from customers.rights import can, require
from customers.traits import TraitFact, set_traits_batch
from customers.views.access import account_or_404, actor_of
from customers.views.saying import changed, refused, undo_url, undone

STAGES = ["Onboarding", "Adoption", "Growth", "Renewal", "Leaving"]
SENTIMENTS = [("", "not said"), ("1", "1, very bad"), ("2", "2, bad"), ("3", "3, neutral"), ("4", "4, good"), ("5", "5, very good")]


def staff() -> Any:
    """The people who may own accounts and do tasks."""
    return User.objects.filter(is_active=True).order_by("first_name", "last_name", "pk")


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(staff(), required=False, empty_label="Nobody")


class StageForm(forms.Form):
    stage = forms.CharField(max_length=40, required=False, widget=forms.TextInput(attrs={"list": "stages"}))


class SentimentForm(forms.Form):
    sentiment = forms.TypedChoiceField(choices=SENTIMENTS, coerce=int, empty_value=None, required=False)


FORMS: dict[str, type[forms.Form]] = {"owner": OwnerForm, "stage": StageForm, "sentiment": SentimentForm}
CURRENT: dict[str, Callable[[Account], Any]] = {
    "owner": lambda account: account.owner_id,
    "stage": lambda account: account.stage or None,
    "sentiment": lambda account: account.state.sentiment,
}


def editors(request: HttpRequest, account: Account) -> dict[str, Any]:
    """A form for each field that changes in place. One query, for the people."""
    if not can(request.user, "account.edit"):
        return {"editors": [], "stages": STAGES}
    made = [(name, form(initial={name: CURRENT[name](account)}, auto_id=f"%s-{account.pk}")) for name, form in FORMS.items()]
    return {"editors": made, "stages": STAGES}


@require_http_methods(["GET", "POST"])
def account_field(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """GET: the editor of one field. POST: its new value; a wrong one comes back with 422."""
    account = account_or_404(request, pk)
    require(request.user, "account.edit")
    if name not in FORMS:
        raise Http404(name)
    form = FORMS[name](request.POST or None, initial={name: CURRENT[name](account)}, auto_id=f"%s-{pk}")
    in_row = "row" in {request.GET.get("in"), request.POST.get("in")}
    context = {"account": account, "form": form, "name": name, "field": form[name], "stages": STAGES, "in_row": in_row}
    if request.method == "GET":
        return htmx.render(request, "customers/account/field.html", "customers/account/_field.html", context)
    if not form.is_valid():
        return htmx.invalid(request, "customers/account/field.html", "customers/account/_field.html", context)
    old = CURRENT[name](account)
    value = form.cleaned_data[name]
    people.change(account, {name: "" if value is None else value}, at=clock.now(), actor=actor_of(request))
    undo = undo_url("customers:account-undo", request.user, [[pk, name, old]])
    return htmx.toast(request, answer(request, account), f"{name.capitalize()} of {account.name} is changed.", undo=undo)


def answer(request: HttpRequest, account: Account) -> HttpResponse:
    """The changed row of the list where the editor stands in one; elsewhere the parts of the page refresh themselves."""
    from customers.views.accounts import one_row  # the list shows these editors in its rows

    if not htmx.is_fragment(request) or request.POST.get("in") != "row":
        return changed(request, account.get_absolute_url())
    context = one_row(request, account.pk)
    response = render(request, "customers/accounts/_row.html", context) if context["row"] else HttpResponse()
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = f"#account-{account.pk}", "outerHTML"
    return response


@require_POST
def account_undo(request: HttpRequest) -> HttpResponse:
    """Put back the values that a change of fields replaced."""
    require(request.user, "account.edit")
    try:
        olds = undone(request)
    except Refused as error:
        return refused(request, error, "/accounts/")
    at = clock.now()
    set_traits_batch([TraitFact(pk, path, value, at) for pk, path, value in olds], at=at, actor=actor_of(request))
    return htmx.toast(request, changed(request, "/accounts/"), "It is as it was before.")
