"""The admin of the frame: who works here, keys, the installation's settings, background work.

Only administrators write here. Records of customers, billing and playbooks stand in the admin of their apps.
"""

from typing import Any

import allauth.account.admin as addresses
import django_q.admin as queue
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from crm.lib.admin import EstimatingPaginator, ReadOnly, Records
from crm.lib.clock import now
from crm.models import ApiKey, ExchangeRate, Heartbeat, Installation, Job, Role, Team, TeamMember, User

admin.site.site_header = admin.site.site_title = "Tenure"
admin.site.index_title = "Settings and records"
SCOPES = [("read", "read"), ("write", "write"), ("admin", "admin: everything, configuration too")]


class ForAdministrators(Records):
    def may_write(self, request: HttpRequest) -> bool:
        return request.user.is_superuser or request.user.role == Role.ADMIN


class NewPerson(AdminUserCreationForm):
    """Somebody is invited with an e-mail; the user name follows from it."""

    class Meta:
        model = User
        fields = ("email",)

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002
        self.instance.username = self.cleaned_data["email"]
        return super().save(commit)


class MembershipInline(admin.TabularInline):
    model = TeamMember
    extra = 0
    raw_id_fields = ["user"]

    def may(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser or request.user.role == Role.ADMIN

    has_view_permission = has_add_permission = has_change_permission = has_delete_permission = may


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People. Only superusers may make others staff or superusers."""

    list_display = ["email", "first_name", "last_name", "role", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "is_active", "is_staff", "teams"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    show_full_result_count = False
    paginator = EstimatingPaginator
    filter_horizontal: list[str] = []
    inlines = [MembershipInline]
    add_form = NewPerson
    add_fieldsets = [(None, {"fields": ("email", "first_name", "last_name", "role", "usable_password", "password1", "password2")})]
    fieldsets = [
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Work", {"fields": ("role", "zone", "daily_limit", "theme", "single_keys")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    ]

    def may(self, request: HttpRequest, obj: Any = None) -> bool:
        person = request.user
        return person.is_staff and (person.is_superuser or (person.role == Role.ADMIN and not (obj and obj.is_superuser)))

    has_add_permission = has_change_permission = may

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_staff

    has_module_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        times = ["last_login", "date_joined"]
        return times if request.user.is_superuser else [*times, "is_staff", "is_superuser"]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type]:
        return self.inlines if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.username = obj.email
        obj.save()


@admin.register(Team)
class TeamAdmin(ForAdministrators):
    list_display = ["name", "key"]
    search_fields = ["name"]
    prepopulated_fields = {"key": ["name"]}
    ordering = ["name"]
    inlines = [MembershipInline]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return self.prepopulated_fields if self.may_write(request) else {}


class KeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(choices=SCOPES, widget=forms.CheckboxSelectMultiple, initial=["read"])

    class Meta:
        model = ApiKey
        fields = ["name", "scopes", "user", "expires_at"]


@admin.register(ApiKey)
class ApiKeyAdmin(ForAdministrators):
    """Keys of the API. The key itself is shown once, when it is made; afterwards it can only be revoked."""

    form = KeyForm
    list_display = ["name", "prefix", "scopes", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), "user__role"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__email"]
    raw_id_fields = ["user"]
    actions = ["revoke"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["user", "prefix", "created_at", "revoked_at", "last_used_at"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        new = ["name", "scopes", "user", "expires_at"]
        return [*new, "prefix", "created_at", "revoked_at", "last_used_at"] if obj else new

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            key, obj.prefix, obj.digest = ApiKey.generate()
            obj.created_at = now()
            messages.warning(request, f"The key is {key} – copy it now, it is not shown again.")
        obj.save()

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        n = chosen.filter(revoked_at=None).update(revoked_at=now())
        messages.success(request, f"{n} keys revoked.")


@admin.register(Installation)
class InstallationAdmin(ForAdministrators):
    list_display = ["name", "currency", "zone", "visibility", "last_tick_at"]
    readonly_fields = ["last_tick_at", "installed_at", "demo"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ForAdministrators):
    list_display = ["currency", "day", "rate"]
    list_filter = ["currency"]
    ordering = ["-day", "currency"]


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ["kind", "key", "state", "attempts", "done", "total", "created_at", "finished_at"]
    list_filter = ["state", "kind"]
    search_fields = ["key", "error"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly):
    list_display = ["part", "at"]
    ordering = ["part"]


def nobody(self: admin.ModelAdmin, request: HttpRequest, obj: Any = None) -> bool:
    return False


def for_superusers(page: type[admin.ModelAdmin]) -> type[admin.ModelAdmin]:
    """The same page for superusers only, without adding: whoever may write a schedule or task may run any code."""

    def may(self: admin.ModelAdmin, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    names = [f"has_{verb}_permission" for verb in ("module", "view", "change", "delete")]
    return type(page.__name__, (page,), {**dict.fromkeys(names, may), "has_add_permission": nobody})


for model, page in [(Schedule, queue.ScheduleAdmin), (Success, queue.TaskAdmin), (Failure, queue.FailAdmin), (OrmQ, queue.QueueAdmin)]:
    admin.site.unregister(model)
    admin.site.register(model, for_superusers(page))

for unused in (Group, addresses.EmailAddress):  # roles say who may do what; the one e-mail stands with the person
    admin.site.unregister(unused)
