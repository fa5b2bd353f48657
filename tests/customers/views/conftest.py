"""Pages as Ada sees them."""

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from crm.models import Installation, User

HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """What the filters offer is kept for a minute in each process."""
    caches["local"].clear()


@pytest.fixture
def web(client: Client, ada: User) -> Client:
    """A browser of Ada, without script."""
    client.force_login(ada)
    return client


@pytest.fixture
def own_only(db: None) -> None:
    """Everybody sees only what they own."""
    Installation.load()
    Installation.objects.update(visibility="own")


@pytest.fixture
def stranger(own_only: Any, mallory: User) -> Client:
    """A browser of Mallory, who owns nothing and sees nothing."""
    client = Client()
    client.force_login(mallory)
    return client


@pytest.fixture
def ops(otto: User) -> Client:
    """A browser of Otto, who runs operations."""
    client = Client()
    client.force_login(otto)
    return client
