"""Who is asking: people sign in by e-mail (django-allauth), other systems send `Authorization: Bearer KEY`.

What they may do is customers.rights (role × verb); which records they see is `visible_to(user)`. Here stand only the doors:
who it is, the scopes of the key, and how often it may ask.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as DjangoSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from crm.lib import clock
from crm.models import ApiKey, User

USED_EVERY = 60
MINUTE = 60


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
        return 'Bearer realm="api"'


class HasScope(BasePermission):
    """Reading needs scope `read`, writing `write`, and the actions that a view names in `admin_actions` need `admin`.

    `admin` may all; `read:NOUN` and `write:NOUN` open one noun, the view's `scope`. A signed-in person has every scope.
    """

    message = "This API key lacks the scope for it: reading needs read, writing write, configuration admin."
    code = "insufficient_scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        if request.auth is None or "admin" in request.auth.scopes:
            return True
        if getattr(view, "action", None) in getattr(view, "admin_actions", ()):
            return False
        needed = "read" if request.method in SAFE_METHODS else "write"
        return bool({needed, f"{needed}:{getattr(view, 'scope', '')}"} & set(request.auth.scopes))


class CallsPerMinute(BaseThrottle):
    """At most settings.API_CALLS_PER_MINUTE a minute for each caller and web process; above it 429 with Retry-After."""

    def allow_request(self, request: Request, view: Any) -> bool:
        seconds = int(clock.now().timestamp())
        self.left = MINUTE - seconds % MINUTE
        caller = f"key {request.auth.pk}" if isinstance(request.auth, ApiKey) else f"user {request.user.pk}"
        name = f"api calls of {caller} in {seconds // MINUTE}".replace(" ", "-")
        counts = caches["local"]
        counts.add(name, 0, 2 * MINUTE)
        return counts.incr(name) <= settings.API_CALLS_PER_MINUTE

    def wait(self) -> float:
        return self.left


def actor_of(request: Request) -> dict[str, Any]:
    """Who to name in the audit trail: {kind: person|api_key, id, name}."""
    if isinstance(request.auth, ApiKey):
        return {"kind": "api_key", "id": request.auth.pk, "name": request.auth.name}
    return {"kind": "person", "id": request.user.pk, "name": request.user.name}
