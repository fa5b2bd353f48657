"""Who is asking: people sign in by e-mail (django-allauth), other systems send `Authorization: Bearer KEY`."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as DjangoSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from crm.lib import clock
from crm.models import ApiKey, User

USED_EVERY = 60


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: people are invited in the admin."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SessionAuthentication(DjangoSessionAuthentication):
    """A signed-in person using the API from the browser; 401 instead of 403 when nobody is signed in."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer KEY`. The key acts as its service user; `request.auth` is the ApiKey."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        at = clock.now()
        found = ApiKey.objects.select_related("user").filter(digest=ApiKey.hash(key.strip())).first()
        if not found or not found.is_valid(at) or not found.user.is_active:
            raise AuthenticationFailed("Unknown, expired or revoked API key.")
        if not found.last_used_at or (at - found.last_used_at).total_seconds() > USED_EVERY:
            ApiKey.objects.filter(pk=found.pk).update(last_used_at=at)
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """Reading needs scope `read`, writing `write`; a view may name a narrower one as `scope`. `admin` may all."""

    def has_permission(self, request: Request, view: object) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        if request.auth is None:
            return True
        needed = "read" if request.method in SAFE_METHODS else "write"
        return bool({needed, "admin"} & set(request.auth.scopes)) or f"{needed}:{getattr(view, 'scope', '')}" in request.auth.scopes
