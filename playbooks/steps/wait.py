"""The step `wait`: nothing for a while. The time counts from when the wait begins in reality."""

from customers.conditions.durations import add, parse_duration
from playbooks.dsl.document import Step
from playbooks.steps.context import Context, Outcome


def perform(step: Step, context: Context) -> Outcome:
    """Wait for the duration, counted in the playbook's zone."""
    duration = parse_duration(step.args["for"] if isinstance(step.args, dict) else step.args)
    return Outcome("", "waiting", due_at=add(context.at, duration, context.active.zone))
