"""`bin/manage tick [--at T]`: do everything that is due, now or at a given instant."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import schedules
from crm.lib import clock


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise ArgumentTypeError(f"{text!r} is no ISO 8601 instant, such as 2026-05-31T08:00:00Z") from problem
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Command(BaseCommand):
    help = "Does everything that is due: deliveries, billing, health, playbooks. Prints one line of counts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", type=instant, help="Instant (ISO 8601); may lie ahead of the clock. Default: now.")

    def handle(self, *, at: datetime | None, **options: Any) -> None:
        if schedules.demo_is_being_told():
            raise CommandError("The demo is still being filled, and a tick of today would cut its story short. Wait until it is complete.")
        done = schedules.tick(at=at or clock.now())
        self.stdout.write(f"{done.at.isoformat()} {done}")
        if done.errors:
            raise CommandError("; ".join(f"{part}: {error}" for part, error in done.errors.items()))
