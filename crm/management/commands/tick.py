"""`bin/manage tick [--at T]`: do everything that is due, now or at a given instant."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import schedules
from crm.lib import clock
from crm.models import Installation

STUCK_SECONDS = 60


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise ArgumentTypeError(f"{text!r} is no ISO 8601 instant, such as 2026-05-31T08:00:00Z") from problem
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Command(BaseCommand):
    help = (
        "Does everything that is due: deliveries, alarms, billing, health, snoozed tasks, playbooks, retention. Prints one line of counts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", type=instant, help="Instant (ISO 8601); may lie ahead of the clock. Default: now.")

    def wait_for_the_demo(self) -> None:
        """A tick of today would cut the demo's story short, so it waits until the story is told, or until nobody tells it any more."""
        if schedules.demo_is_being_told():
            self.stderr.write("The demo is still being filled; this tick follows it.")
        told, since = None, time.monotonic()
        while schedules.demo_is_being_told():
            if (day := (Installation.load().demo or {}).get("n")) != told:
                told, since = day, time.monotonic()
            elif time.monotonic() - since > STUCK_SECONDS:
                raise CommandError("The demo stands still half told. Start bin/run, which goes on with it, then tick.")
            time.sleep(1)

    def handle(self, *, at: datetime | None, **options: Any) -> None:
        self.wait_for_the_demo()
        done = schedules.tick(at=at or clock.now())
        self.stdout.write(f"{done.at.isoformat()} {done}")
        if done.errors:
            raise CommandError("; ".join(f"{part}: {error}" for part, error in done.errors.items()))
