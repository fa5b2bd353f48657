"""The cast of the tests: Ada owns accounts, Bob helps, Mallory must see nothing, Otto runs operations, Root may all."""

import pytest

from crm.models import User
from tests.factories import make_user


@pytest.fixture
def ada(db: None) -> User:
    return make_user("Ada Lind")


@pytest.fixture
def bob(db: None) -> User:
    return make_user("Bob Ray")


@pytest.fixture
def mallory(db: None) -> User:
    return make_user("Mallory Grey")


@pytest.fixture
def otto(db: None) -> User:
    return make_user("Otto Ops", role="ops")


@pytest.fixture
def root(db: None) -> User:
    return make_user("Root Admin", role="admin", is_staff=True, is_superuser=True)
