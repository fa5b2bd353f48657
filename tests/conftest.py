"""What every test stands on: the database of the suite and files that need no collecting.

TEST_DATABASE_URL names a server (PostgreSQL 15 or newer); without it an embedded one is started for the
suite, with its own data folder. The people and companies of the tests live in `cast.py`.
"""

import os

import environ
import pytest
from django.conf import settings

from tests.cast import *  # noqa: F403  the people of the tests


def pytest_configure() -> None:
    """Pages link plain files: a test needs no `collectstatic`."""
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Point Django at the database of the suite before pytest-django makes `test_NAME` on it."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        settings.DATABASES["default"].update(environ.Env.db_url_config(url))
