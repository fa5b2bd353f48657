"""Filters of the lists of customers, one FilterSet per noun: page, CSV and API share them.

Each takes a queryset that `visible_to(user)` has narrowed already, and the request (for `mine` and for what depends on the
present instant). Only indexed or precomputed columns stand here. Parameters with several values take them with commas.
"""

from collections.abc import Callable

import django_filters as filters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from crm.lib import clock
from crm.lib.filtering import InstantFilter, WholeFilter, WordsFilter
from crm.lib.refused import Refused
from crm.lib.text import fold
from customers import identifiers
from customers.models import Account, Contact, Delivery, Event, Identifier, Score, Source, Task, TimelineEntry, Trait


def choices(values: type) -> list[tuple[str, str]]:
    return [(item.value, item.label) for item in values]


BANDS = [(band, band.capitalize()) for band in ("good", "watch", "risk", "unknown")]
LIFECYCLES = [(word, word.capitalize()) for word in ("prospect", "trial", "customer", "churned")]


class ManyChoices(filters.BaseInFilter, filters.ChoiceFilter):
    """Some of several words, with commas between."""


def named(match: Callable[[str], Q], text: str) -> Q:
    """What `match` finds for SOURCE:KIND:VALUE. ValidationError when it cannot be read or no source has the key."""
    try:
        return match(text)
    except Refused as refusal:
        raise ValidationError({"identifier": refusal.message}) from refusal


class AccountFilters(filters.FilterSet):
    """Accounts. Money bounds are minor units of the reporting currency."""

    q = filters.CharFilter(method="search", help_text="Beginning of the name, of a word in it, or of the domain.")
    owner = WholeFilter(field_name="owner_id", help_text="User id of the CSM.")
    mine = filters.BooleanFilter(method="of_me", help_text="Accounts that you own.")
    unassigned = filters.BooleanFilter(field_name="owner_id", lookup_expr="isnull", help_text="Accounts without a CSM.")
    band = ManyChoices(field_name="state__band", choices=BANDS, help_text="Health bands, with commas between.")
    lifecycle = ManyChoices(field_name="state__lifecycle", choices=LIFECYCLES, help_text="With commas between.")
    plan = WordsFilter(field_name="state__plan", help_text="Plans, with commas between.")
    stage = WordsFilter(field_name="stage", help_text="Stages, with commas between.")
    tag = filters.CharFilter(method="tagged", help_text="Accounts that carry this tag.")
    domain = filters.CharFilter(help_text="The exact domain.")
    parent = WholeFilter(field_name="parent_id", help_text="Accounts below this one.")
    arr_min_minor = WholeFilter(field_name="state__arr_base_minor", lookup_expr="gte", help_text="At least this ARR.")
    arr_max_minor = WholeFilter(field_name="state__arr_base_minor", lookup_expr="lte", help_text="At most this ARR.")
    score_min = WholeFilter(field_name="state__score", lookup_expr="gte", help_text="At least this score.")
    score_max = WholeFilter(field_name="state__score", lookup_expr="lte", help_text="At most this score.")
    renewal_after = filters.DateFilter(field_name="state__renewal_on", lookup_expr="gte", help_text="Renews on this day or later.")
    renewal_before = filters.DateFilter(field_name="state__renewal_on", lookup_expr="lt", help_text="Renews before this day.")
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte", help_text="Made at or after this instant.")
    last_event_after = InstantFilter(field_name="state__last_event_at", lookup_expr="gte", help_text="An event at or after this instant.")
    last_event_before = InstantFilter(method="quiet_since", help_text="No event since then, or none at all.")
    last_contact_after = InstantFilter(
        field_name="state__last_contact_at", lookup_expr="gte", help_text="Somebody was in touch at or after this instant."
    )
    last_contact_before = InstantFilter(method="unseen_since", help_text="Nobody was in touch since then, or never.")
    overdue = filters.BooleanFilter(method="owing", help_text="true: an invoice is past due.")
    open_tasks = filters.BooleanFilter(method="busy", help_text="true: has open tasks.")
    identifier = filters.CharFilter(method="known_as", help_text="SOURCE:KIND:VALUE; SOURCE is a source's key, or * for all.")

    class Meta:
        model = Account
        fields: list[str] = []

    def search(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        text = fold(value)
        return rows.filter(Q(folded__startswith=text) | Q(folded__contains=f" {text}") | Q(domain__startswith=value.lower()))

    def of_me(self, rows: QuerySet, _name: str, value: bool) -> QuerySet:  # noqa: FBT001
        mine = Q(owner=self.request.user)
        return rows.filter(mine if value else ~mine)

    def tagged(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        marks = Trait.objects.filter(path=f"tag.{value}", contact_id=0).exclude(value=None)
        return rows.filter(pk__in=marks.values("account_id"))

    def quiet_since(self, rows: QuerySet, _name: str, value: object) -> QuerySet:
        return rows.filter(Q(state__last_event_at__lt=value) | Q(state__last_event_at=None))

    def unseen_since(self, rows: QuerySet, _name: str, value: object) -> QuerySet:
        return rows.filter(Q(state__last_contact_at__lt=value) | Q(state__last_contact_at=None))

    def owing(self, rows: QuerySet, _name: str, value: bool) -> QuerySet:  # noqa: FBT001
        return rows.filter(state__overdue_minor__gt=0) if value else rows.filter(state__overdue_minor__lte=0)

    def busy(self, rows: QuerySet, _name: str, value: bool) -> QuerySet:  # noqa: FBT001
        return rows.filter(state__open_tasks__gt=0) if value else rows.filter(state__open_tasks=0)

    def known_as(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(named(identifiers.accounts_named, value))


class ContactFilters(filters.FilterSet):
    q = filters.CharFilter(method="search", help_text="Beginning of the name, of a word in it, or of the e-mail.")
    account = WholeFilter(method="of_account", help_text="Contacts who belong to this account today.")
    email = filters.CharFilter(field_name="email", lookup_expr="iexact", help_text="The exact e-mail.")
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte", help_text="Made at or after this instant.")
    identifier = filters.CharFilter(method="known_as", help_text="SOURCE:KIND:VALUE; SOURCE is a source's key, or * for all.")

    class Meta:
        model = Contact
        fields: list[str] = []

    def search(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        text = fold(value)
        return rows.filter(Q(folded__startswith=text) | Q(folded__contains=f" {text}") | Q(email__startswith=value.lower()))

    def of_account(self, rows: QuerySet, _name: str, value: int) -> QuerySet:
        return rows.filter(memberships__account_id=value, memberships__to_at=None)

    def known_as(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(named(identifiers.contacts_named, value))


class TaskFilters(filters.FilterSet):
    account = WholeFilter(field_name="account_id", help_text="Id of the account.")
    status = ManyChoices(field_name="status", choices=choices(Task.Status), help_text="With commas between.")
    kind = ManyChoices(field_name="kind", choices=choices(Task.Kind), help_text="With commas between.")
    priority = ManyChoices(field_name="priority", choices=choices(Task.Priority), help_text="With commas between.")
    outcome = ManyChoices(field_name="outcome", choices=choices(Task.Outcome), help_text="With commas between.")
    assignee = WholeFilter(field_name="assignee_id", help_text="User id.")
    mine = filters.BooleanFilter(method="of_me", help_text="Tasks that you are to do.")
    unassigned = filters.BooleanFilter(field_name="assignee_id", lookup_expr="isnull", help_text="Tasks of nobody.")
    playbook = filters.CharFilter(help_text="Key of the playbook that made it.")
    due_before = InstantFilter(field_name="due_at", lookup_expr="lt", help_text="Due before this instant.")
    overdue = filters.BooleanFilter(method="late", help_text="true: open and past its due time.")
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte", help_text="Made at or after this instant.")
    closed_after = InstantFilter(field_name="closed_at", lookup_expr="gte", help_text="Closed at or after this instant.")

    class Meta:
        model = Task
        fields: list[str] = []

    def of_me(self, rows: QuerySet, _name: str, value: bool) -> QuerySet:  # noqa: FBT001
        mine = Q(assignee=self.request.user)
        return rows.filter(mine if value else ~mine)

    def late(self, rows: QuerySet, _name: str, value: bool) -> QuerySet:  # noqa: FBT001
        late = Q(status__in=["open", "snoozed"], due_at__lt=clock.now())
        return rows.filter(late if value else ~late)


class IdentifierFilters(filters.FilterSet):
    account = WholeFilter(field_name="account_id", help_text="Identifiers of this account.")
    contact = WholeFilter(field_name="contact_id", help_text="Identifiers of this contact.")
    source = filters.CharFilter(method="of_source", help_text="Key of a source, or * for identifiers that hold everywhere.")
    kind = filters.CharFilter(help_text="user_id, group_id, email, domain …")
    value = filters.CharFilter(help_text="The exact value.")
    state = ManyChoices(field_name="state", choices=choices(Identifier.State), help_text="active or disputed.")

    class Meta:
        model = Identifier
        fields: list[str] = []

    def of_source(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(scope=identifiers.scopes_of([value]).get(value, -1))


class FactFilters(filters.FilterSet):
    """What events, traits and entries have in common."""

    account = WholeFilter(field_name="account_id", help_text="Id of the account.")
    contact = WholeFilter(field_name="contact_id", help_text="Id of the contact.")
    source = filters.CharFilter(method="of_source", help_text="Key of a source.")

    def of_source(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(source_id__in=Source.objects.filter(key=value).values("pk"))


class EventFilters(FactFilters):
    name = WordsFilter(field_name="name", help_text="Event names, with commas between.")
    after = InstantFilter(field_name="occurred_at", lookup_expr="gte", help_text="Occurred at or after this instant.")
    before = InstantFilter(field_name="occurred_at", lookup_expr="lt", help_text="Occurred before this instant.")

    class Meta:
        model = Event
        fields: list[str] = []


class TraitFilters(FactFilters):
    path = WordsFilter(field_name="path", help_text="Paths, with commas between.")
    known_after = InstantFilter(field_name="known_at", lookup_expr="gte", help_text="Its value became known at or after this instant.")

    class Meta:
        model = Trait
        fields: list[str] = []


class EntryFilters(FactFilters):
    kind = WordsFilter(field_name="kind", help_text="event, note, call, meeting, email …, with commas between.")
    name = WordsFilter(field_name="name", help_text="Event names, with commas between.")
    after = InstantFilter(field_name="at", lookup_expr="gte", help_text="At or after this instant.")
    before = InstantFilter(field_name="at", lookup_expr="lt", help_text="Before this instant.")

    class Meta:
        model = TimelineEntry
        fields: list[str] = []


class ScoreFilters(filters.FilterSet):
    account = WholeFilter(field_name="account_id", help_text="Id of the account.")
    band = ManyChoices(field_name="band", choices=BANDS, help_text="Health bands, with commas between.")
    day = filters.DateFilter(help_text="Scores of this day.")
    day_after = filters.DateFilter(field_name="day", lookup_expr="gte", help_text="On this day or later.")
    day_before = filters.DateFilter(field_name="day", lookup_expr="lt", help_text="Before this day.")

    class Meta:
        model = Score
        fields: list[str] = []


class SourceFilters(filters.FilterSet):
    key = filters.CharFilter(help_text="The exact key.")
    kind = filters.CharFilter(help_text="segment, api …")
    state = ManyChoices(field_name="state", choices=choices(Source.State), help_text="With commas between.")

    class Meta:
        model = Source
        fields: list[str] = []


class DeliveryFilters(filters.FilterSet):
    source = filters.CharFilter(field_name="source__key", help_text="Key of the source.")
    state = ManyChoices(field_name="state", choices=choices(Delivery.State), help_text="With commas between.")
    quarantined = filters.BooleanFilter(method="with_quarantine", help_text="true: at least one item was quarantined.")
    after = InstantFilter(field_name="received_at", lookup_expr="gte", help_text="Received at or after this instant.")
    before = InstantFilter(field_name="received_at", lookup_expr="lt", help_text="Received before this instant.")

    class Meta:
        model = Delivery
        fields: list[str] = []

    def with_quarantine(self, rows: QuerySet, _name: str, value: bool) -> QuerySet:  # noqa: FBT001
        return rows.filter(quarantined__gt=0) if value else rows.filter(quarantined=0)
