"""The step `set`: traits, stage and tags of the account, through the one door for traits."""

from typing import Any

from customers.traits import set_traits
from playbooks.dsl import templates
from playbooks.dsl.document import Step
from playbooks.steps.context import Context, Outcome


def perform(step: Step, context: Context) -> Outcome:
    """Set what the step names; `payload` holds the paths and values."""
    values = values_of(step.args, context.values)
    key = context.effect_key(step.id)
    set_traits(context.account, values, at=context.at, actor=context.actor, key=key, cause=context.cause)
    return Outcome(payload={"set": values})


def values_of(args: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Trait path to value; None removes. Tags are traits `tag.NAME`."""
    values = {path: filled(value, known) for path, value in args.get("fields", {}).items()}
    values |= {f"tag.{tag}": True for tag in args.get("add_tags", ())}
    values |= {f"tag.{tag}": None for tag in args.get("remove_tags", ())}
    return values | ({"stage": filled(args["stage"], known)} if "stage" in args else {})


def filled(value: Any, known: dict[str, Any]) -> Any:
    return templates.resolve(value, known) if isinstance(value, str) and "{{" in value else value
