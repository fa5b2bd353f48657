"""`bin/manage create_api_key NAME [--scopes …]`: prints a new key for the REST API, alone, once."""

import re
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.lib import clock
from crm.models import ApiKey, Role, User

SCOPE = re.compile(r"(read|write|admin)(:[a-z_]+)?")


class Command(BaseCommand):
    help = "Makes an API key that acts as a service user of its own, and prints it. Only its hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="What the key is for; shown in the list of keys.")
        parser.add_argument(
            "--scopes", nargs="+", default=["read", "write"], help="read, write, admin, or narrower ones such as read:accounts."
        )
        parser.add_argument("--role", choices=Role.values, default=Role.OPS, help="Role of the service user (default: ops).")

    def handle(self, *, name: str, scopes: list[str], role: str, **options: Any) -> None:
        wanted = [scope for text in scopes for scope in text.split(",") if scope]
        if wrong := [scope for scope in wanted if not SCOPE.fullmatch(scope)]:
            raise CommandError(f"Unknown scope {wrong[0]!r}. Use read, write, admin, or a narrower one such as read:accounts.")
        self.stdout.write(create_key(name, scopes=wanted, role=role, at=clock.now()))


@transaction.atomic
def create_key(name: str, *, scopes: list[str], role: str, at: datetime) -> str:
    """Make the key and the user it acts as; returns the whole key, which is not stored."""
    key, prefix, digest = ApiKey.generate()
    address = f"{prefix.replace('_', '-')}@keys.invalid"  # a reserved domain: nobody can sign in or get mail as it
    user = User(username=address, email=address, first_name=name[:150], role=role)
    user.set_unusable_password()
    user.save()
    ApiKey.objects.create(name=name, prefix=prefix, digest=digest, scopes=scopes, user=user, created_at=at)
    return key
