"""`bin/manage create_source NAME --kind segment`: makes a source of facts and prints its write key, alone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from crm.lib import clock
from customers.models import Source
from customers.sources import KINDS, create_source


class Command(BaseCommand):
    help = "Makes a source and prints its write key. Its name, as a slug, names it in identifiers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--kind", choices=KINDS, default="segment")

    def handle(self, *, name: str, kind: str, **options: Any) -> None:
        key = slugify(name)[:50]
        if not key:
            raise CommandError("The name needs at least one letter or digit.")
        if Source.objects.filter(key=key).exists():
            raise CommandError(f"There is a source {key!r} already.")
        self.stdout.write(create_source(name, at=clock.now(), kind=kind).write_key)
