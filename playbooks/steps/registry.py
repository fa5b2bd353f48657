"""Which file performs which kind of step."""

from playbooks.dsl.document import Step
from playbooks.steps import offer, task, wait
from playbooks.steps import set as set_step
from playbooks.steps.context import Context, Outcome, StepRefused

PERFORM = {"task": task.perform, "wait": wait.perform, "set": set_step.perform, "offer": offer.perform}


def perform(step: Step, context: Context) -> Outcome:
    """Do `step`. A refusal is its outcome; any other error is the caller's."""
    try:
        return PERFORM[step.kind](step, context)
    except StepRefused as refusal:
        return Outcome("failed", "failed", detail={"error": str(refusal)})
