"""`bin/manage demo`: fill an empty installation with the demo story, or go on where an earlier fill stopped."""

from argparse import ArgumentParser
from datetime import date, datetime
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.demo import fill
from crm.lib import clock
from crm.models import Installation
from customers.models import Account


class Command(BaseCommand):
    help = "Fill an empty installation with the demo story (eighteen months of a software company)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--at", type=datetime.fromisoformat, help="The last instant of the story; default: now.")
        parser.add_argument("--prepare", action="store_true", help="Only make people, plans and sources.")

    def handle(self, *args: Any, **options: Any) -> None:
        at = options["at"] or clock.now()
        installation = Installation.load()
        if not installation.demo and Account.objects.exists():
            raise CommandError("This installation has accounts already; the demo only fills an empty one.")
        fill.prepare(seed=options["seed"], at=at)
        if options["prepare"] or Installation.load().demo["state"] == "full":
            return
        self.began, self.shown = monotonic(), 0
        fill.fill(at=at, report=self.report)

    def report(self, day: int, days: int, on: date) -> None:
        share = 100 * day // days
        if share >= self.shown + 5 or day == days:
            self.shown = share
            self.stdout.write(f"demo: {share:3d} %, {on:%-d %B %Y}, {monotonic() - self.began:.0f} s")
            self.stdout.flush()
