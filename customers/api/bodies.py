"""Bodies that the API takes about customers. A field that is not listed is refused."""

from datetime import UTC, datetime

from rest_framework import serializers as s

from crm.lib.money import is_currency
from crm.rest import Write
from customers.api.fields import AliasBody, ReferenceField, account, contact, person
from customers.filters import LIFECYCLES
from customers.models import Task
from customers.sources import KINDS

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def currency(value: str) -> None:
    if value and not is_currency(value):
        raise s.ValidationError("This is not a currency of ISO 4217.")


class AccountChange(Write):
    """Fields of an account that people edit. What is left out stays."""

    name = s.CharField(max_length=200, required=False)
    domain = s.CharField(max_length=253, required=False, allow_blank=True)
    owner = person(required=False, allow_null=True)
    stage = s.CharField(max_length=40, required=False, allow_blank=True)
    zone = s.CharField(max_length=64, required=False, allow_blank=True, help_text="IANA time zone.")
    currency = s.CharField(max_length=3, required=False, allow_blank=True, validators=[currency])


class AccountBody(AccountChange):
    """A new account."""

    name = s.CharField(max_length=200)
    lifecycle = s.ChoiceField(choices=LIFECYCLES, default="customer")
    traits = s.DictField(child=s.JSONField(allow_null=True), required=False, help_text="Path -> value.")
    identifiers = AliasBody(many=True, required=False)


class MembershipBody(Write):
    account = account()
    role = s.CharField(max_length=40, required=False, allow_blank=True, default="")


class ContactChange(Write):
    """Fields of a contact that people edit. What is left out stays."""

    name = s.CharField(max_length=200, required=False, allow_blank=True)
    email = s.EmailField(max_length=254, required=False, allow_blank=True)
    phone = s.CharField(max_length=60, required=False, allow_blank=True)
    title = s.CharField(max_length=120, required=False, allow_blank=True)


class ContactBody(ContactChange):
    """A new contact; it needs a name or an e-mail."""

    memberships = MembershipBody(many=True, required=False)

    def validate(self, attrs: dict) -> dict:
        if not attrs.get("name") and not attrs.get("email"):
            raise s.ValidationError({"name": "A contact needs a name or an e-mail."})
        return attrs


class IdentifierBody(Write):
    """A claim that a name means this account, or this contact."""

    source = s.CharField(max_length=63, allow_blank=True, default="", help_text="Key of the source; empty or * for all.")
    kind = s.CharField(max_length=60)
    value = s.CharField(max_length=500, trim_whitespace=False)
    account = account(required=False)
    contact = contact(required=False)

    def validate(self, attrs: dict) -> dict:
        if ("account" in attrs) == ("contact" in attrs):
            raise s.ValidationError({"account": "Give an account or a contact, not both."})
        return attrs


class EventBody(Write):
    """One event. `account` may be left out when the contact belongs to one account only."""

    key = s.CharField(max_length=100, required=False, help_text="Unique in your system; the same key is recorded once.")
    name = s.CharField(max_length=200)
    occurred_at = s.DateTimeField(default_timezone=UTC)
    account = ReferenceField(required=False)
    contact = ReferenceField(required=False)
    properties = s.DictField(required=False)
    quantity = s.DecimalField(max_digits=24, decimal_places=6, required=False)

    def validate_occurred_at(self, value: datetime) -> datetime:
        at = self.context["at"]
        if not EARLIEST <= value.astimezone(UTC) <= at.replace(year=at.year + 2, day=1):
            raise s.ValidationError("The time lies before 2000 or more than two years ahead.", code="bad_time")
        return value

    def validate(self, attrs: dict) -> dict:
        if "account" not in attrs and "contact" not in attrs:
            raise s.ValidationError({"account": "Give an account or a contact."}, code="no_identity")
        return attrs


class TaskBody(Write):
    """A new task. Without `assignee` the account's owner gets it."""

    account = account()
    title = s.CharField(max_length=300)
    body = s.CharField(required=False, allow_blank=True, default="", max_length=20_000)
    kind = s.ChoiceField(choices=Task.Kind.choices, default=Task.Kind.OTHER)
    priority = s.ChoiceField(choices=Task.Priority.choices, default=Task.Priority.NORMAL)
    assignee = person(required=False)
    due_at = s.DateTimeField(required=False, allow_null=True)
    checklist = s.ListField(child=s.CharField(max_length=300), required=False, max_length=50)


class AssigneeBody(Write):
    assignee = person()


class CompletionBody(Write):
    """What came of the task."""

    outcome = s.ChoiceField(choices=Task.Outcome.choices)
    note = s.CharField(required=False, allow_blank=True, default="", max_length=20_000)


class SnoozeBody(Write):
    until = s.DateTimeField()
    reason = s.CharField(max_length=200)


class NoteBody(Write):
    """Something that people of ours did or want to remember."""

    kind = s.ChoiceField(choices=["note", "call", "meeting", "email"], default="note")
    body = s.CharField(max_length=20_000, help_text="Markdown. A line that begins with [] becomes a task of yours.")
    at = s.DateTimeField(required=False, help_text="When it happened; without it: now.")
    contact = contact(required=False)


class SourceChange(Write):
    """Settings of a source. What is left out stays."""

    name = s.CharField(max_length=80, required=False)
    state = s.ChoiceField(choices=["live", "paused", "off"], required=False, help_text="paused: stored, not applied. off: refused.")
    history = s.BooleanField(required=False)
    default_lifecycle = s.ChoiceField(choices=LIFECYCLES, required=False)
    item_bytes = s.IntegerField(min_value=1, max_value=4 * 1024 * 1024, required=False, allow_null=True)
    items_per_batch = s.IntegerField(min_value=1, max_value=100_000, required=False, allow_null=True)
    events_per_minute = s.IntegerField(min_value=1, max_value=100_000_000, required=False, allow_null=True)


class SourceBody(SourceChange):
    """A new source. Its `key` follows from the name."""

    name = s.CharField(max_length=80)
    kind = s.ChoiceField(choices=KINDS, default="segment")


class RotationBody(Write):
    overlap_hours = s.IntegerField(min_value=0, max_value=24 * 90, default=24 * 7, help_text="How long the old key stays valid.")
