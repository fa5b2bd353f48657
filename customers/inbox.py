"""Tasks: making them, doing them, and taking it back. Every verb is one transaction and records its event.

Ranking for My day lives in customers.ranking.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from crm.lib.refused import Refused
from crm.models import User
from customers.events import record
from customers.models import Account, AccountState, Task, TaskComment


class TaskClosed(Refused):
    code = "task_closed"
    status = 409


class BadOutcome(Refused):
    code = "bad_outcome"


class NotSnoozable(Refused):
    code = "bad_snooze"


@transaction.atomic
def create_task(
    *,
    account: Account | int,
    title: str,
    at: datetime,
    assignee: User | None = None,
    body: str = "",
    due_at: datetime | None = None,
    priority: str = "normal",
    kind: str = "other",
    checklist: list[str] | None = None,
    playbook: str = "",
    version: int | None = None,
    why: dict[str, Any] | None = None,
    effect_key: str | None = None,
    by: User | None = None,
    cause: dict[str, Any] | None = None,
) -> Task:
    """Make a task; without `assignee` the account's owner gets it. Idempotent by `effect_key`: the first one is returned."""
    account = account if isinstance(account, Account) else Account.objects.get(pk=account)
    values = {
        "account": account,
        "title": title[:300],
        "body": body,
        "assignee": assignee or account.owner,
        "due_at": due_at,
        "priority": priority,
        "kind": kind,
        "checklist": [{"text": text, "done": False} for text in checklist or []],
        "playbook": playbook,
        "version": version,
        "why": why or {},
        "created_by": by,
        "created_at": at,
    }
    if effect_key is None:
        task, made = Task.objects.create(**values), True
    else:
        task, made = Task.objects.get_or_create(effect_key=effect_key, defaults=values)
    if made:
        count_open(account.pk, 1)
        record(
            account=account, name="task.created", at=at, props={"task_id": task.pk, "title": task.title, "playbook": playbook}, cause=cause
        )
    return task


@transaction.atomic
def comment(task: Task, *, text: str, at: datetime, by: User | None = None, effect_key: str | None = None) -> TaskComment:
    """Add a remark to a task. Idempotent by `effect_key`."""
    values = {"task": task, "text": text, "user": by, "at": at}
    if effect_key is None:
        return TaskComment.objects.create(**values)
    return TaskComment.objects.get_or_create(effect_key=effect_key, defaults=values)[0]


def complete(task: Task, *, outcome: str, by: User, at: datetime, note: str = "") -> Task:
    """Close a task with what came of it: saved, no_action, lost or false_alarm. Raises TaskClosed, BadOutcome."""
    if outcome not in Task.Outcome.values:
        raise BadOutcome(f"Say what came of it: {', '.join(Task.Outcome.values)}.")
    return close(task, status=Task.Status.DONE, at=at, outcome=outcome, note=note, closed_by=by)


def skip(task: Task, *, by: User, at: datetime, note: str = "") -> Task:
    """Close a task as not to be done. Raises TaskClosed."""
    return close(task, status=Task.Status.SKIPPED, at=at, outcome=Task.Outcome.NO_ACTION, note=note, closed_by=by)


@transaction.atomic
def close(task: Task, *, status: str, at: datetime, cause: dict[str, Any] | None = None, **fields: Any) -> Task:
    locked = locked_open(task)
    for name, value in {"status": status, "closed_at": at, "snoozed_until": None, **fields}.items():
        setattr(locked, name, value)
    locked.save()
    count_open(locked.account_id, -1)
    props = {"task_id": locked.pk, "title": locked.title, "outcome": locked.get_outcome_display() or locked.closed_because or status}
    record(account=locked.account_id, name="task.closed", at=at, props=props, cause=cause, user_id=locked.closed_by_id or 0)
    return locked


@transaction.atomic
def reopen(task: Task, *, by: User, at: datetime) -> Task:
    """Undo a closing: the task is open as before. Does nothing to an open task."""
    locked = Task.objects.select_for_update().get(pk=task.pk)
    if locked.is_open:
        return locked
    locked.status, locked.outcome, locked.note, locked.closed_at, locked.closed_by = Task.Status.OPEN, "", "", None, None
    locked.closed_because = ""
    locked.save()
    count_open(locked.account_id, 1)
    record(account=locked.account_id, name="task.reopened", at=at, props={"task_id": locked.pk, "title": locked.title}, user_id=by.pk)
    return locked


@transaction.atomic
def snooze(task: Task, *, until: datetime, reason: str, by: User, at: datetime) -> Task:
    """Hide a task until an instant, with a reason. Raises NotSnoozable, TaskClosed."""
    if until <= at:
        raise NotSnoozable("Choose a day that lies ahead.")
    if not reason.strip():
        raise NotSnoozable("Say why it can wait.")
    locked = locked_open(task)
    locked.status, locked.snoozed_until, locked.snooze_reason = Task.Status.SNOOZED, until, reason.strip()[:200]
    locked.save()
    record(
        account=locked.account_id, name="task.snoozed", at=at, props={"task_id": locked.pk, "until": until, "reason": reason}, user_id=by.pk
    )
    return locked


@transaction.atomic
def wake(task: Task, *, by: User, at: datetime) -> Task:
    """Undo a snooze. Raises TaskClosed."""
    locked = locked_open(task)
    locked.status, locked.snoozed_until, locked.snooze_reason = Task.Status.OPEN, None, ""
    locked.save()
    record(account=locked.account_id, name="task.woken", at=at, props={"task_id": locked.pk}, user_id=by.pk)
    return locked


def wake_due(*, at: datetime) -> int:
    """Open the snoozed tasks whose time has come. Returns how many."""
    due = Task.objects.filter(status=Task.Status.SNOOZED, snoozed_until__lte=at)
    return due.update(status=Task.Status.OPEN, snoozed_until=None)


@transaction.atomic
def assign(task: Task, *, to: User, by: User, at: datetime) -> Task:
    """Give a task to somebody. Raises TaskClosed."""
    locked = locked_open(task)
    old, locked.assignee = locked.assignee_id, to
    locked.save()
    props = {"task_id": locked.pk, "from": old, "to": to.pk}
    record(account=locked.account_id, name="task.assigned", at=at, props=props, user_id=by.pk)
    return locked


@transaction.atomic
def tick_item(task: Task, *, index: int, done: bool, at: datetime) -> Task:
    """Tick or untick one line of the checklist. An index that does not exist changes nothing."""
    locked = locked_open(task)
    if 0 <= index < len(locked.checklist):
        locked.checklist[index]["done"] = done
        locked.save()
    return locked


def locked_open(task: Task) -> Task:
    """The task, locked. Raises TaskClosed naming who closed it."""
    locked = Task.objects.select_for_update(of=["self"]).select_related("closed_by").get(pk=task.pk)
    if not locked.is_open:
        who = locked.closed_by.name if locked.closed_by else "the system"
        raise TaskClosed(f"This task was closed by {who} on {locked.closed_at:%-d %B %Y}.")
    return locked


def count_open(account_id: int, change: int) -> None:
    AccountState.objects.filter(pk=account_id).update(open_tasks=F("open_tasks") + change)
