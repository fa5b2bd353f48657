"""Doors of background work in billing: they ask the clock, then call one verb."""

from billing.run import run_billing
from crm.lib import clock


def billing_run() -> dict[str, int]:
    """Everything that billing has due now; the tick calls `run_billing` itself with its own instant."""
    return run_billing(at=clock.now())
