"""What every test stands on: the database of the suite, files that need no collecting, a living Tenure for real clients.

TEST_DATABASE_URL names a server (PostgreSQL 15 or newer); without it an embedded one is started for the
suite, with its own data folder. The people and companies of the tests live in `cast.py`.
"""

import os
from collections.abc import Iterator

import environ
import hypothesis
import pytest
from django.conf import settings
from django.db import connection

from crm import database
from tests.cast import *  # noqa: F403  the people of the tests
from tests.live import LiveTenure, living_tenure

# The same examples on every run, so that a red suite always means a change; `--hypothesis-profile=default` looks for new ones.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_configure() -> None:
    """Pages link plain files: a test needs no `collectstatic`."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """Point Django at the database of the suite before pytest-django makes `test_NAME` on it."""
    where = database.place(test=True)
    own = os.environ.get("TEST_DATABASE_URL")
    held = None if own else database.attach(where)
    settings.DATABASES["default"].update(environ.Env.db_url_config(own or where.url()))
    yield
    if held is not None:
        connection.close()
        database.detach(where, held)


@pytest.fixture(scope="session")
def tenure() -> Iterator[LiveTenure]:
    """A running installation with its own database, shared by all `live` tests of a session: use sources and accounts of your own."""
    with living_tenure() as live:
        live.start()
        yield live


@pytest.fixture(autouse=True)
def large_tables_are_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test that commits: partitioned tables are not Django's to flush."""
    yield
    marker = request.node.get_closest_marker("django_db")
    commits = (marker and marker.kwargs.get("transaction")) or {"transactional_db", "live_server"} & set(request.fixturenames)
    if commits:
        with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
            cursor.execute("truncate customers_event, customers_traitchange")
