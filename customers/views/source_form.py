"""The forms of a source: making one, its settings, a new key."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from crm.models import User
from customers import sources
from customers.filters import LIFECYCLES
from customers.ingest.limits import ITEM_CEILING
from customers.models import Source

ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:\d{1,5})?", re.IGNORECASE)
KINDS = [("segment", "Segment library"), ("rudder", "Rudder library")]
OVERLAPS = [("0", "At once"), ("24", "In a day"), ("168", "In a week"), ("720", "In 30 days")]
COLUMNS = ("name", "default_lifecycle", "history", "item_bytes", "items_per_batch", "events_per_minute", "allowed_origins")


class NewSourceForm(forms.Form):
    """A name is enough; the key follows."""

    name = forms.CharField(max_length=80, error_messages={"required": "Give the source a name, such as Product or Website."})
    kind = forms.ChoiceField(choices=KINDS, initial="segment", required=False)
    history = forms.BooleanField(required=False, label="History", help_text="What it sends is old and starts no playbook.")

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or sources.KINDS[0]


class SettingsForm(forms.Form):
    """What people decide about a source. Empty limits are those of the installation."""

    name = forms.CharField(max_length=80)
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody", help_text="Is mailed when too much of it lands in quarantine."
    )
    default_lifecycle = forms.ChoiceField(choices=LIFECYCLES, label="New accounts are")
    shares_ids_with = forms.ModelChoiceField(
        Source.objects.none(),
        required=False,
        label="Shares ids with",
        empty_label="No other source",
        help_text="User and group ids mean the same in both.",
    )
    history = forms.BooleanField(required=False, help_text="What it sends is old and starts no playbook.")
    item_bytes = forms.IntegerField(min_value=1, max_value=ITEM_CEILING, required=False, label="Bytes an item")
    items_per_batch = forms.IntegerField(min_value=1, max_value=100_000, required=False, label="Items a batch")
    events_per_minute = forms.IntegerField(min_value=1, max_value=100_000_000, required=False, label="Events a minute")
    allowed_origins = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Allowed origins",
        help_text="One a line, such as https://app.example.com; empty: any.",
    )

    def __init__(self, *args: Any, source: Source, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people(source)
        self.fields["shares_ids_with"].queryset = partners(source)

    def clean_allowed_origins(self) -> list[str]:
        lines = [line.strip().rstrip("/") for line in self.cleaned_data["allowed_origins"].splitlines() if line.strip()]
        for line in lines:
            if not ORIGIN.fullmatch(line):
                raise forms.ValidationError(f"“{line[:60]}” is no origin; write https:// and the host, without a path.")
        return lines


def people(source: Source) -> QuerySet[User]:
    """Who can own a source: whoever may sign in, and who owns it now."""
    return User.objects.filter(Q(is_active=True) | Q(pk=source.owner_id)).order_by("first_name", "last_name", "pk")


def partners(source: Source) -> QuerySet[Source]:
    """Sources whose ids may be shared: those that keep ids of their own."""
    return Source.objects.filter(kind__in=sources.KINDS, shares_ids_with=None).exclude(pk=source.pk).order_by("name", "pk")


def settings_of(source: Source) -> dict[str, Any]:
    """The present settings, by column, as plain values."""
    return {
        **{name: getattr(source, name) for name in COLUMNS},
        "owner_id": source.owner_id,
        "shares_ids_with_id": source.shares_ids_with_id,
    }


def initial_of(source: Source) -> dict[str, Any]:
    """The settings as the form shows them."""
    shown = settings_of(source)
    origins = "\n".join(source.allowed_origins)
    return {**shown, "allowed_origins": origins, "owner": source.owner_id, "shares_ids_with": source.shares_ids_with_id}


class KeyForm(forms.Form):
    """A new key: when does the old one end?"""

    overlap = forms.ChoiceField(choices=OVERLAPS, initial="168", label="The old key ends")

    def span(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap"]))
