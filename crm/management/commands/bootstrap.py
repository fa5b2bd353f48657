"""`bin/manage bootstrap`: tables, static files and shipped rows, without starting anything. For installations that run no bin/run."""

from typing import Any

from django.core.management.base import BaseCommand

from crm.installation import bring_up_to_date


class Command(BaseCommand):
    help = "Brings the database, static files and shipped rows up to date."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        bring_up_to_date(self.stdout.write)
