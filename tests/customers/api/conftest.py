"""Callers of the API: `api(user)` speaks as a person with a key of every scope."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from crm.models import ApiKey, User
from tests.factories import NOW


def make_key(user: User, *scopes: str) -> str:
    key, prefix, digest = ApiKey.generate()
    ApiKey.objects.create(name=f"key of {user}", prefix=prefix, digest=digest, scopes=list(scopes), user=user, created_at=NOW)
    return key


@pytest.fixture
def api(db: None) -> Callable[..., APIClient]:
    def client(user: User, *scopes: str) -> APIClient:
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {make_key(user, *(scopes or ('admin',)))}")
        return made

    return client
