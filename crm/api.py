"""The root of the REST API: the nouns of all apps under /api/v1/, their index, the schema, its documentation, and 404 for the rest."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

import crm.schema  # noqa: F401  registers how keys and sessions are described
from crm.lib.problems import unknown_address

APPS = ("customers", "billing", "playbooks")


def routes() -> list[tuple[str, type, str]]:
    """(prefix, viewset, basename) of every noun."""
    return [route for app in APPS if find_spec(f"{app}.api.urls") for route in import_module(f"{app}.api.urls").routes]


router = SimpleRouter(use_regex_path=False)
for prefix, viewset, basename in routes():
    router.register(prefix, viewset, basename)


@extend_schema(exclude=True)
@api_view(["GET"])
@permission_classes([IsAuthenticated])
def index(request: Request) -> Response:
    """The collections and their addresses, for whoever follows links."""
    nouns = [prefix for prefix, _, _ in routes() if "<" not in prefix]
    return Response({noun: request.build_absolute_uri(f"{noun}/") for noun in nouns})


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("v1/", index, name="api-index"),
    path("v1/", include((router.urls, "api"))),
    re_path("", unknown_address),
]
