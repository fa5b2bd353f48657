"""Playbooks in Django's admin: to look at, not to edit. Texts change through activation, everything else through the runner."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from playbooks.models import Decision, Effect, Firing, Playbook, PlaybookChange, PlaybookVersion, Run, Step, Sweep


class ReadOnly(admin.ModelAdmin):
    """A list and a page, no buttons."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Playbook)
class PlaybookAdmin(ReadOnly):
    list_display = ["key", "name", "status", "active_version", "activated_at", "failures"]
    list_filter = ["status"]
    search_fields = ["key", "name"]
    list_select_related = ["active_version"]
    ordering = ["key"]


@admin.register(PlaybookVersion)
class PlaybookVersionAdmin(ReadOnly):
    list_display = ["playbook", "n", "created_at", "created_by"]
    list_filter = ["playbook"]
    list_select_related = ["playbook", "created_by"]
    ordering = ["-id"]


@admin.register(PlaybookChange)
class PlaybookChangeAdmin(ReadOnly):
    list_display = ["playbook", "at", "old", "new", "version", "actor"]
    list_filter = ["playbook"]
    list_select_related = ["playbook", "version"]
    ordering = ["-id"]


@admin.register(Firing)
class FiringAdmin(ReadOnly):
    list_display = ["playbook", "account", "trigger_key", "fired_for"]
    list_filter = ["playbook"]
    list_select_related = ["playbook", "account"]
    ordering = ["-id"]


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = ["id", "playbook", "account", "status", "reason", "due_at", "started_at", "finished_at"]
    list_filter = ["status", "playbook"]
    list_select_related = ["playbook", "account"]
    ordering = ["-id"]


@admin.register(Step)
class StepAdmin(ReadOnly):
    list_display = ["id", "run_id", "path", "kind", "status", "result", "started_at", "finished_at"]
    list_filter = ["kind", "status"]
    ordering = ["-id"]


@admin.register(Effect)
class EffectAdmin(ReadOnly):
    list_display = ["id", "run_id", "path", "kind", "status", "attempts", "at"]
    list_filter = ["kind", "status"]
    ordering = ["-id"]


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ["playbook", "account", "trigger", "at", "outcome", "reason", "until"]
    list_filter = ["outcome", "reason", "playbook"]
    list_select_related = ["playbook", "account"]
    ordering = ["-id"]


@admin.register(Sweep)
class SweepAdmin(ReadOnly):
    list_display = ["kind", "zone", "logical_at", "started_at", "finished_at", "counts"]
    list_filter = ["kind"]
    ordering = ["-id"]
