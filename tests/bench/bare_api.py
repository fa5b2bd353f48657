"""The limit that the REST API is measured against: bare DRF over the same tables behind the same middleware, without keys, rights,
filters, history or events."""

from django.urls import include, path
from rest_framework import serializers, viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.routers import SimpleRouter

from customers.models import AccountState, Task


class StateSerializer(serializers.ModelSerializer):
    """24 columns, like an account in the API."""

    class Meta:
        model = AccountState
        fields = "__all__"


class TaskSerializer(serializers.ModelSerializer):
    class Meta:
        model = Task
        fields = "__all__"


class Paging(CursorPagination):
    page_size = 50


class Bare:
    authentication_classes: list[type] = []
    permission_classes: list[type] = []
    filter_backends: list[type] = []
    throttle_classes: list[type] = []
    pagination_class = Paging


class StateView(Bare, viewsets.ModelViewSet):
    queryset = AccountState.objects.all()
    serializer_class = StateSerializer
    ordering = "-account_id"

    class pagination_class(Paging):  # noqa: N801
        ordering = "-account_id"


class TaskView(Bare, viewsets.ModelViewSet):
    queryset = Task.objects.all()
    serializer_class = TaskSerializer


router = SimpleRouter()
router.register("states", StateView)
router.register("tasks", TaskView)
urlpatterns = [path("api/bare/", include(router.urls)), path("", include("crm.urls"))]
