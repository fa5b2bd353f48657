"""Making an account by hand and editing its details. Every change goes through the door for traits, so its history is kept."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from crm.lib import clock, htmx
from crm.lib.refused import Refused
from customers import people
from customers.identifiers import Alias
from customers.models import Account, Trait
from customers.rights import require
from customers.views.access import account_or_404, actor_of
from customers.views.account_fields import STAGES, staff

FORM = "customers/account/edit.html", "customers/account/_edit.html"
LONGEST_TAG = 60


class AccountForm(forms.Form):
    """Details that people keep by hand. Plan, ARR and renewal come from billing and stand elsewhere."""

    name = forms.CharField(max_length=200)
    domain = forms.CharField(max_length=253, required=False, help_text="Such as halvorsen.example; people with this address belong here.")
    owner = forms.ModelChoiceField(staff(), required=False, empty_label="Nobody")
    stage = forms.CharField(max_length=40, required=False, widget=forms.TextInput(attrs={"list": "stages"}))
    tags = forms.CharField(max_length=500, required=False, help_text="With commas between.")

    def clean_domain(self) -> str:
        domain = self.cleaned_data["domain"].lower().removeprefix("https://").removeprefix("http://").strip("/ ")
        if domain and ("." not in domain or any(c in domain for c in "/@ ")):
            raise forms.ValidationError("Write the bare domain, such as halvorsen.example.")
        return domain

    def clean_tags(self) -> list[str]:
        tags = sorted({" ".join(tag.split()) for tag in self.cleaned_data["tags"].split(",") if tag.strip()})
        if any(len(tag) > LONGEST_TAG for tag in tags):
            raise forms.ValidationError(f"A tag has at most {LONGEST_TAG} characters.")
        return tags


@require_http_methods(["GET", "POST"])
def account_create(request: HttpRequest) -> HttpResponse:
    """A new account, owned by whoever makes it unless said otherwise."""
    require(request.user, "account.edit")
    form = AccountForm(request.POST or None, initial={"owner": request.user.pk})
    if not form.is_valid():
        return asked(request, form, None)
    try:
        made = create(form.cleaned_data, request)
    except Refused as error:
        form.add_error(None, error.message)
        return asked(request, form, None)
    return htmx.toast(request, htmx.redirect(request, made.get_absolute_url()), f"{made.name} is added.")


@transaction.atomic
def create(cleaned: dict[str, Any], request: HttpRequest) -> Account:
    values = {key: cleaned[key] for key in ("name", "domain", "owner", "stage")}
    tags = {f"tag.{tag}": True for tag in cleaned["tags"]}
    aliases = [Alias("", "domain", cleaned["domain"])] if cleaned["domain"] else []
    return people.new_account(values, at=clock.now(), actor=actor_of(request), traits=tags, aliases=aliases)


@require_http_methods(["GET", "POST"])
def account_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The details of an account."""
    account = account_or_404(request, pk)
    require(request.user, "account.edit")
    tags = tags_of(account)
    kept = {"name": account.name, "domain": account.domain, "owner": account.owner_id, "stage": account.stage, "tags": ", ".join(tags)}
    form = AccountForm(request.POST or None, initial=kept)
    if not form.is_valid():
        return asked(request, form, account)
    cleaned, at, actor = form.cleaned_data, clock.now(), actor_of(request)
    with transaction.atomic():
        fields = {key: cleaned[key] or "" for key in ("name", "domain", "owner", "stage")}
        people.change(account, fields, at=at, actor=actor)
        people.state(account, tag_changes(tags, cleaned["tags"]), at=at, actor=actor)
    return htmx.toast(request, htmx.redirect(request, account.get_absolute_url()), "Saved.")


def tag_changes(old: list[str], new: list[str]) -> dict[str, Any]:
    """Tags that come are true, those that go are removed."""
    gone, come = set(old) - set(new), set(new) - set(old)
    return {**{f"tag.{tag}": None for tag in sorted(gone)}, **{f"tag.{tag}": True for tag in sorted(come)}}


def tags_of(account: Account) -> list[str]:
    """The tags of an account by name. One query."""
    marks = Trait.objects.filter(account_id=account.pk, contact_id=0, path__startswith="tag.").exclude(value=None)
    return [path.removeprefix("tag.") for path in marks.order_by("path").values_list("path", flat=True)]


def asked(request: HttpRequest, form: AccountForm, account: Account | None) -> HttpResponse:
    """The form, or the form again with 422."""
    context = {"form": form, "account": account, "at": clock.now(), "stages": STAGES}
    return htmx.render(request, *FORM, context, status=422 if form.is_bound else 200)
