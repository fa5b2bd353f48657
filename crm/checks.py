"""Mistakes of configuration, found by `manage.py check` and at every start. Each has an id and a hint (docs/operations.md)."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

OLDEST_POSTGRESQL = 15


@register(Tags.database)
def postgresql_is_new_enough(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    return [problem for alias in databases or [] for problem in check_version(alias)]


def check_version(alias: str) -> list[CheckMessage]:
    try:
        connections[alias].ensure_connection()
    except DatabaseError as problem:
        hint = "Check DATABASE_URL, or leave it empty and use bin/run and bin/manage, which bring a database along."
        return [Error(f"The database does not answer: {problem}", hint=hint, id="tenure.E001")]
    version = connections[alias].pg_version // 10_000  # type: ignore[attr-defined]
    if version >= OLDEST_POSTGRESQL:
        return []
    return [Error(f"PostgreSQL {version} is too old.", hint=f"Use PostgreSQL {OLDEST_POSTGRESQL} or newer.", id="tenure.E002")]


@register()
def jobs_end_before_they_are_given_again(**_: Any) -> list[CheckMessage]:
    if settings.Q_CLUSTER["timeout"] < settings.Q_CLUSTER["retry"]:
        return []
    return [Error("A job could run twice at once.", hint="Q_CLUSTER: `timeout` must be below `retry`.", id="tenure.E003")]


@register(deploy=True)
def the_public_address_is_safe(**_: Any) -> list[CheckMessage]:
    if settings.HTTPS or settings.SITE_URL.startswith(("http://127.0.0.1", "http://localhost")):
        return []
    hint = "Put a proxy that speaks TLS in front and set HTTPS=on."
    return [checks.Warning("SITE_URL is public, but sign-in cookies travel unencrypted.", hint=hint, id="tenure.W001")]
