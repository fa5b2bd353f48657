"""Middleware of the frame: everybody signs in, and machine doors are answered before any session or form handling."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

OPEN_PREFIXES = (
    "/static/",
    "/login/",
    "/logout/",
    "/password/",
    "/2fa/",
    "/healthz",
    "/api/",
    "/admin/",
    "/v1/",
    "/in/",
    "/favicon.ico",
    "/robots.txt",
)


class RawIngestMiddleware:
    """Ingest requests (/v1/…) skip the rest of the chain: no session, no CSRF check, no redirect, no body parser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/v1/"):
            from customers.ingest.doors import answer  # the app is ready only after middleware is loaded

            return answer(request)
        return self.get_response(request)


class InstallationMiddleware:
    """The settings of the installation are read at most once a request; visibility, currency and zone all ask for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from crm.models import Installation  # the app is ready only after middleware is loaded

        with Installation.read_once():
            return self.get_response(request)


class LoginRequiredMiddleware:
    """Pages need a signed-in person; the API and machine doors authenticate by themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated or request.path_info.startswith(OPEN_PREFIXES):
            return self.get_response(request)
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
