"""`bin/manage after_restore`: to be called once when the database came from a dump. bin/run does it by itself."""

from typing import Any

from django.core.management.base import BaseCommand

from crm.restored import begin_log_anew


class Command(BaseCommand):
    help = "Lets the fact log begin anew after a restore. Starts no playbook and changes no history."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"The fact log begins anew; {begin_log_anew()} rows of the old server were dropped.")
