"""A playbook in English for its pages: whom it is for, what starts it, what it does. Reads the document; no account, no database."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from customers.conditions.durations import parse_duration
from customers.conditions.phrases import where
from customers.conditions.sentence import sentence
from playbooks.active import Compiled, Listener
from playbooks.dsl.document import Step

SLOT = re.compile(r"\{\{\s*([\w.]+)[^}]*\}\}")
ASSIGNED = {
    "account_owner": "the account's owner",
    "round_robin": "each person in turn",
    "least_open_tasks": "who has the fewest open tasks",
    "capacity": "who has room",
}


def audience(compiled: Compiled) -> str:
    """Whom it is for: "accounts where lifecycle is customer"."""
    return f"accounts where {sentence(compiled.segment)}"


def starts(compiled: Compiled, labels: Mapping[str, str]) -> str:
    """What starts it: "when logins fell …; or when an invoice is past due". `labels` of event names are the catalogue's."""
    parts = [f"when {sentence(edge.condition)}{hold(edge.trigger.hold)}" for edge in compiled.edges]
    parts += [f"when {happens(listener, labels)}" for listener in compiled.listeners]
    return "; or ".join(parts)


def hold(duration: Any) -> str:
    return f" for {duration.words}" if duration else ""


def listened(found: Iterable[Compiled]) -> set[str]:
    """The event names whose labels `starts` wants."""
    return {listener.trigger.event for compiled in found for listener in compiled.listeners}


def happens(listener: Listener, labels: Mapping[str, str]) -> str:
    """ "an invoice is past due", "“Upgraded” happens"; a label that begins with the noun of the name makes a sentence."""
    event = listener.trigger.event
    label, noun = labels.get(event, event), event.split(".")[0].replace("_", " ")
    head, _, rest = label.lower().partition(f"{noun} ")
    said = f"{article(noun)} {noun} is {rest}" if "." in event and not head and rest else f"“{label}” happens"
    return said + where(listener.where)


def article(noun: str) -> str:
    return "an" if noun[:1] in "aeio" else "a"


def does(steps: Iterable[Step]) -> list[str]:
    """What it does, one sentence a step, in order."""
    return [KINDS[step.kind](step.args) for step in steps]


def wait(args: Any) -> str:
    length = parse_duration(args.get("for") if isinstance(args, dict) else args)
    return f"waits {length.words}" if length else "waits"


def task(args: dict[str, Any]) -> str:
    due = parse_duration(args.get("due_in"))
    return f"gives {assignee(args.get('assign', 'account_owner'))} the task “{filled(args['title'])}”" + (
        f", due in {due.words}" if due else ""
    )


def assignee(assign: Any) -> str:
    if isinstance(assign, str):
        return ASSIGNED.get(assign, assign)
    return str(assign.get("user") or assign.get("team") or ASSIGNED.get(assign.get("by", ""), ASSIGNED["account_owner"]))


def filled(text: str) -> str:
    """A template for people: the account by that word, every other value as three dots."""
    return SLOT.sub(lambda slot: "the account" if slot[1] == "account.name" else "…", text)


def offer(args: dict[str, Any]) -> str:
    amount = f" of {args['amount']}" if "amount" in args else ""
    currency = f" {args['currency']}" if "amount" in args and "currency" in args else " in the account's currency" if amount else ""
    return f"grants a {args['kind']}{amount}{currency}"


def change(args: dict[str, Any]) -> str:
    said = [f"moves it to the stage {filled(str(args['stage']))}"] if "stage" in args else []
    said += [f"sets {path.replace('_', ' ')} to {filled(str(value))}" for path, value in args.get("fields", {}).items()]
    said += [f"adds the tag {tag.replace('_', ' ')}" for tag in args.get("add_tags", ())]
    said += [f"removes the tag {tag.replace('_', ' ')}" for tag in args.get("remove_tags", ())]
    return " and ".join(said)


KINDS: dict[str, Callable[[Any], str]] = {"wait": wait, "task": task, "offer": offer, "set": change}
