"""What the admin pages of all apps share: lists that count nothing large, and records that only verbs write."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpRequest

COUNTED = 10_000


class EstimatingPaginator(Paginator):
    """Counts up to 10,000 rows; above it takes the planner's estimate of the whole table, which never costs a scan."""

    @property
    def count(self) -> int:
        if not hasattr(self, "_counted"):
            self._counted = self.bounded() if hasattr(self.object_list, "model") else len(self.object_list)
        return self._counted

    def bounded(self) -> int:
        found = self.object_list.order_by()[: COUNTED + 1].count()
        return found if found <= COUNTED else max(found, self.estimate())

    def estimate(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("select reltuples::bigint from pg_class where oid = %s::regclass", [self.object_list.model._meta.db_table])
            return cursor.fetchone()[0]


class Records(admin.ModelAdmin):
    """A list of records. Every member of staff may look; subclasses say who may write. Nobody deletes here."""

    show_full_result_count = False
    paginator = EstimatingPaginator
    list_per_page = 50
    ordering = ["-id"]

    def may_write(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request) and self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request) and self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(Records):
    """Records that only verbs write: final documents, what came in, what was computed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Part:
    """Mixin of inlines: a part of a record that is shown with it and not written there."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
