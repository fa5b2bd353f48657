"""The step `task`: a to-do for a person, with its reason. A twin of an open task becomes a remark on it."""

from typing import Any

from crm.models import User
from customers import inbox
from customers.conditions.durations import add, parse_duration
from customers.models import Task
from playbooks.dsl.document import Step
from playbooks.steps.context import Context, Outcome


def perform(step: Step, context: Context) -> Outcome:
    """Make the task, or add a remark to the open one of the same step."""
    args, key = step.args, context.effect_key(step.id)
    twin = open_twin(step, context) if args.get("merge_into_open", True) else None
    if twin:
        remark = f"{context.text(args['title'])}\n{context.run.firing.why.get('sentence', '')}".strip()
        inbox.comment(twin, text=remark, at=context.at, effect_key=key)
        return Outcome("open", detail={"task": twin.pk}, payload={"comment_on": twin.pk})
    task = inbox.create_task(account=context.account, effect_key=key, **wording(step, context))
    return Outcome("open", detail={"task": task.pk}, payload={"task": task.pk})


def wording(step: Step, context: Context) -> dict[str, Any]:
    """The task's own fields."""
    args, document = step.args, context.active.document
    due_in = parse_duration(args.get("due_in"))
    return {
        "title": context.text(args["title"]),
        "body": context.text(args.get("body", "")),
        "assignee": assignee(args.get("assign", "account_owner"), context),
        "due_at": add(context.at, due_in, context.active.zone) if due_in else None,
        "priority": args.get("priority", "normal"),
        "kind": next((label for label in document.labels if label in Task.Kind.values), Task.Kind.OTHER),
        "playbook": document.key,
        "version": context.run.version.n,
        "why": {**context.run.firing.why, "step": step.id, "run": context.run.pk},
        "at": context.at,
        "cause": context.cause,
    }


def assignee(assign: Any, context: Context) -> User | None:
    """The person named by `assign`; None: the account's owner, if it has one."""
    if assign == "account_owner":
        return None
    if "user" in assign:
        return person(assign["user"]) or context.account.owner
    return context.account.owner or person(assign.get("fallback", ""))


def person(email: str) -> User | None:
    return User.objects.filter(email__iexact=email, is_active=True).first() if email else None


def open_twin(step: Step, context: Context) -> Task | None:
    """The newest open task that the same step of this playbook made for the account."""
    same = Task.objects.open().filter(account=context.account, playbook=context.active.document.key, why__step=step.id)
    return same.order_by("-id").first()
