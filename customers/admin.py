"""Records of customers in the admin. Forms and actions call the same verbs as pages and API, so the same history is kept.

Records with composite keys (events, traits, scores …) cannot stand here; /data/records/ lists them.
"""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.lib.admin import Part, ReadOnly, Records
from crm.lib.clock import now
from crm.lib.refused import Refused
from customers import inbox, people, sources
from customers.ingest import quarantine
from customers.intake import KEY
from customers.models import (
    Account,
    AccountState,
    AnonymousLink,
    Contact,
    Cursor,
    Delivery,
    EventType,
    FactLog,
    GroupMark,
    Identifier,
    Membership,
    QuarantinedItem,
    RefusedBody,
    Scorecard,
    ScorecardVersion,
    Source,
    Task,
    TaskComment,
)
from customers.rights import can


class Work(Records):
    """Records that people of the role for `verb` may write."""

    verb = "account.edit"

    def may_write(self, request: HttpRequest) -> bool:
        return can(request.user, self.verb)


def actor(request: HttpRequest) -> dict[str, Any]:
    return {"kind": "person", "id": request.user.pk, "name": request.user.name}


class StateInline(Part, admin.StackedInline):
    model = AccountState


class MembershipInline(Part, admin.TabularInline):
    model = Membership
    fields = ["account", "contact", "role", "from_at", "to_at"]
    raw_id_fields = ["account", "contact"]
    ordering = ["-from_at", "id"]


class IdentifierInline(Part, admin.TabularInline):
    model = Identifier
    fields = ["kind", "value", "scope", "state", "first_seen_at"]
    ordering = ["id"]


@admin.register(Account)
class AccountAdmin(Work):
    """Changes go through the door for traits and stand in the history of the account."""

    list_display = ["name", "domain", "owner", "stage", "lifecycle", "band", "score", "plan"]
    list_filter = ["state__band", "state__lifecycle", "owner"]
    list_select_related = ["owner", "state"]
    search_fields = ["folded__startswith", "domain__startswith"]
    search_help_text = "Beginning of the name, in lower case and without accents, or of the domain."
    ordering = ["folded", "id"]
    fields = ["name", "domain", "owner", "stage", "zone", "currency", "parent", "created_at"]
    readonly_fields = ["parent", "created_at"]
    autocomplete_fields = ["owner"]
    inlines = [StateInline, IdentifierInline]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type]:
        return self.inlines if obj else []

    @admin.display(ordering="state__lifecycle")
    def lifecycle(self, account: Account) -> str:
        return account.state.lifecycle

    @admin.display(ordering="state__score")
    def band(self, account: Account) -> str:
        return account.state.band

    @admin.display(ordering="state__score")
    def score(self, account: Account) -> int | None:
        return account.state.score

    @admin.display(ordering="state__plan")
    def plan(self, account: Account) -> str:
        return account.state.plan

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:  # noqa: FBT001
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        if change:
            people.change(obj, values, at=now(), actor=actor(request))
        else:
            made = people.new_account(values, at=now(), actor=actor(request))
            obj.pk, obj.created_at = made.pk, made.created_at


@admin.register(Contact)
class ContactAdmin(Work):
    list_display = ["__str__", "email", "title", "created_at"]
    search_fields = ["folded__startswith", "email__startswith"]
    search_help_text = "Beginning of the name, in lower case and without accents, or of the e-mail."
    ordering = ["folded", "id"]
    fields = ["name", "email", "phone", "title", "created_at"]
    readonly_fields = ["created_at"]
    inlines = [MembershipInline, IdentifierInline]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type]:
        return self.inlines if obj else []

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:  # noqa: FBT001
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        if change:
            people.change(obj, values, at=now(), actor=actor(request))
        else:
            made = people.new_contact(values, at=now(), actor=actor(request), homes=[])
            obj.pk, obj.created_at = made.pk, made.created_at


@admin.register(Identifier)
class IdentifierAdmin(ReadOnly):
    list_display = ["kind", "value", "scope", "account", "contact", "state", "first_seen_at", "last_seen_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["account", "contact"]
    search_fields = ["value__startswith"]


class TaskForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        if self.instance.pk and not self.instance.is_open:
            raise forms.ValidationError("This task is closed. Reopen it first.")
        return super().clean()


class CommentInline(Part, admin.TabularInline):
    model = TaskComment
    fields = ["at", "user", "text"]
    ordering = ["at", "id"]


@admin.register(Task)
class TaskAdmin(Work):
    """A task that exists can be given to somebody, closed or reopened; its text and reason stay."""

    verb = "task.work"
    form = TaskForm
    list_display = ["title", "account", "assignee", "status", "priority", "due_at", "playbook", "outcome"]
    list_filter = ["status", "priority", "kind", "playbook", "assignee"]
    list_select_related = ["account", "assignee"]
    search_fields = ["title", "account__folded__startswith"]
    new_fields = ["account", "title", "body", "kind", "priority", "assignee", "due_at"]
    raw_id_fields = ["account"]
    autocomplete_fields = ["assignee"]
    inlines = [CommentInline]
    actions = ["close_as_no_action", "reopen"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in Task._meta.fields if field.name != "id"] if obj else self.new_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in Task._meta.fields if field.name != "assignee"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type]:
        return self.inlines if obj else []

    def save_model(self, request: HttpRequest, obj: Task, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            values = {name: form.cleaned_data[name] for name in self.new_fields}
            made = inbox.create_task(**values, by=request.user, at=now())
            obj.pk, obj.created_at = made.pk, made.created_at
        elif "assignee" in form.changed_data and obj.assignee:
            inbox.assign(obj, to=obj.assignee, by=request.user, at=now())

    @admin.action(description="Close as “No action”", permissions=["change"])
    def close_as_no_action(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        self.each(request, chosen, lambda task: inbox.complete(task, outcome="no_action", by=request.user, at=now()))

    @admin.action(description="Reopen", permissions=["change"])
    def reopen(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        self.each(request, chosen, lambda task: inbox.reopen(task, by=request.user, at=now()))

    def each(self, request: HttpRequest, chosen: QuerySet[Task], verb: Any) -> None:
        for task in chosen:
            try:
                verb(task)
            except Refused as refusal:
                messages.error(request, f"{task}: {refusal}")


@admin.register(Source)
class SourceAdmin(Work):
    """Write keys are shown when they are made. State and limits take effect within ten seconds."""

    verb = "source.edit"
    list_display = ["name", "key", "kind", "state", "last_message_at", "repeats", "refused"]
    list_filter = ["state", "kind"]
    list_select_related = ["owner"]
    search_fields = ["name", "key"]
    settings = ["state", "owner", "default_lifecycle", "history", "item_bytes", "items_per_batch", "events_per_minute", "shares_ids_with"]
    marks = ["key", "kind", "old_key_until", "created_at", "last_message_at", "key_used_at", "repeats", "refused", "lag_seconds"]
    autocomplete_fields = ["owner"]
    actions = ["rotate", "pause", "resume"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name", *self.settings, *self.marks] if obj else ["name", "history"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.marks if obj else []

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        return self.autocomplete_fields

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            sources.configure(obj, {name: form.cleaned_data[name] for name in form.changed_data})
            return
        made = sources.create_source(obj.name, at=now(), owner=request.user, history=obj.history)
        obj.pk, obj.key = made.pk, made.key
        messages.warning(request, f"The write key is {made.write_key} – copy it now, it is not shown again.")

    @admin.action(description="Rotate the write key (the old one stays valid for 7 days)", permissions=["change"])
    def rotate(self, request: HttpRequest, chosen: QuerySet[Source]) -> None:
        for source in chosen:
            key = sources.rotate(source, overlap=timedelta(days=7), at=now())
            messages.warning(request, f"The write key of {source} is {key} – copy it now, it is not shown again.")

    @admin.action(description="Pause: store, do not apply", permissions=["change"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Source]) -> None:
        for source in chosen:
            sources.pause(source)

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Source]) -> None:
        for source in chosen:
            sources.resume(source)


class Replayable(ReadOnly):
    """What came in, with an action that applies it again."""

    actions = ["replay"]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return can(request.user, "quarantine.replay")

    def deliveries(self, chosen: QuerySet) -> list[int]:
        raise NotImplementedError

    @admin.action(description="Apply again, as a job", permissions=["replay"])
    def replay(self, request: HttpRequest, chosen: QuerySet) -> None:
        try:
            job = quarantine.replay(at=now(), delivery_ids=self.deliveries(chosen))
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"Job {job.pk} applies {job.total} deliveries again.")


@admin.register(Delivery)
class DeliveryAdmin(Replayable):
    list_display = ["id", "source", "received_at", "state", "items", "applied", "repeated", "quarantined", "reason"]
    list_filter = ["state", "source"]
    list_select_related = ["source"]
    exclude = ["body"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).defer("body")

    def deliveries(self, chosen: QuerySet) -> list[int]:
        return list(chosen.exclude(source__kind=KEY).values_list("pk", flat=True))


@admin.register(QuarantinedItem)
class QuarantinedItemAdmin(Replayable):
    list_display = ["reason", "message", "source", "delivery", "path", "state", "at"]
    list_filter = ["state", "reason", "source"]
    list_select_related = ["source", "delivery"]

    def deliveries(self, chosen: QuerySet) -> list[int]:
        return sorted(set(chosen.exclude(source__kind=KEY).values_list("delivery_id", flat=True)))


@admin.register(RefusedBody)
class RefusedBodyAdmin(ReadOnly):
    list_display = ["at", "source", "status", "code", "message", "size", "client"]
    list_filter = ["status", "code"]
    list_select_related = ["source"]
    exclude = ["head"]


@admin.register(EventType)
class EventTypeAdmin(Work):
    """What the product knows about an event name; from now on its events stand on the timeline like this."""

    verb = "source.edit"
    list_display = ["name", "label", "timeline", "counts_as_contact", "icon", "tone"]
    list_filter = ["timeline", "counts_as_contact"]
    search_fields = ["name", "label"]
    ordering = ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if obj else []


class VersionInline(Part, admin.TabularInline):
    model = ScorecardVersion
    fields = ["n", "note", "created_by", "created_at"]
    ordering = ["-n"]


@admin.register(Scorecard)
class ScorecardAdmin(ReadOnly):
    list_display = ["name", "key", "active"]
    list_select_related = ["active__scorecard"]
    inlines = [VersionInline]


@admin.register(ScorecardVersion)
class ScorecardVersionAdmin(ReadOnly):
    list_display = ["scorecard", "n", "note", "created_by", "created_at"]
    list_filter = ["scorecard"]
    list_select_related = ["scorecard", "created_by"]


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ["contact", "account", "role", "from_at", "to_at"]
    list_select_related = ["contact", "account"]
    search_fields = ["contact__folded__startswith", "account__folded__startswith"]


@admin.register(TaskComment)
class TaskCommentAdmin(ReadOnly):
    list_display = ["task", "user", "at", "text"]
    list_select_related = ["task", "user"]


@admin.register(AnonymousLink)
class AnonymousLinkAdmin(ReadOnly):
    list_display = ["scope", "anonymous_id", "user_id", "at"]
    search_fields = ["anonymous_id__startswith", "user_id__startswith"]


@admin.register(GroupMark)
class GroupMarkAdmin(ReadOnly):
    list_display = ["contact_id", "account_id", "at"]


@admin.register(FactLog)
class FactLogAdmin(ReadOnly):
    list_display = ["id", "xid", "at", "kind", "names", "paths"]
    list_filter = ["kind"]


@admin.register(Cursor)
class CursorAdmin(ReadOnly):
    list_display = ["consumer", "xid", "row_id"]
    ordering = ["consumer"]
