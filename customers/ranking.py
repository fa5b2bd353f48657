"""Which open task first: value at risk, priority and due date as points that add up, cut at the person's daily limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from crm.lib import clock
from crm.models import TeamMember, User
from customers.models import Task

MOST = 5000
PRIORITY = {Task.Priority.URGENT: 60, Task.Priority.HIGH: 25, Task.Priority.LOW: -25}
LATE_A_DAY, LATE_MOST, DUE_TODAY, FAR_DAYS, FAR = 5, 50, 15, 7, -20
VALUE, VALUE_MOST = 100, 400
YEAR, MONTH = 365, 30
OF_STATE = ("arr_base_minor", "score", "score_change", "band", "renewal_on", "top_reason")
READ = ("title", "priority", "due_at", "why", "account__name", *(f"account__state__{name}" for name in OF_STATE))


@dataclass(frozen=True, slots=True)
class Part:
    """One reason for a rank: words and points."""

    label: str
    points: int


@dataclass(frozen=True, slots=True)
class Row:
    """One task of My day; of `task` only the fields in READ are loaded. `arr_minor` is in the reporting currency; `due_days` negative when overdue, None without a date."""

    task: Task
    account_id: int
    account_name: str
    arr_minor: int | None
    score: int | None
    score_change: int | None
    band: str
    renewal_days: int | None
    due_days: int | None
    why: str
    parts: tuple[Part, ...]

    @property
    def rank(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def explanation(self) -> str:
        """ "value at risk 120 + overdue 3 days 15 = 135"."""
        return " + ".join(f"{part.label} {part.points}" for part in self.parts) + f" = {self.rank}"


@dataclass(frozen=True, slots=True)
class Held:
    """A task that the daily limit keeps back, with its place and why."""

    row: Row
    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class MyDay:
    """The list of a day: `rows` in order of rank, the rest in `held`."""

    rows: list[Row]
    held: list[Held]
    limit: int


def my_day(user: User, *, at: datetime, team: bool = False) -> MyDay:
    """The person's open tasks (with `team` those of their teams and unassigned ones), dearest first. A constant number of queries.

    A snoozed task is not open. Only accounts that the person may see count.
    """
    today = clock.local_day(at, user.zone)
    tasks = mine(user, team=team).filter(status=Task.Status.OPEN).select_related("account__state").only(*READ)
    rows = rank(list(tasks.order_by("due_at", "id")[:MOST]), today, user.zone)
    limit = max(user.daily_limit, 1)
    held = [Held(row, place, f"Place {place}; your limit is {limit} a day") for place, row in enumerate(rows[limit:], limit + 1)]
    return MyDay(rows[:limit], held, limit)


def mine(user: User, *, team: bool = False) -> QuerySet[Task]:
    """The visible tasks that this person, or their teams, have to do."""
    tasks = Task.objects.visible_to(user)
    if not team:
        return tasks.filter(assignee=user)
    mates = TeamMember.objects.filter(team__members=user).values("user")
    return tasks.filter(Q(assignee=user) | Q(assignee__in=mates) | Q(assignee=None))


def rank(tasks: Sequence[Task], today: date, zone: str) -> list[Row]:
    """Rows by rank, then due date, then id."""
    values = {task.pk: at_risk(task.account.state, today) for task in tasks}
    known = [value for value in values.values() if value]
    typical = sum(known) // len(known) if known else 0
    rows = [row(task, values[task.pk], typical, today, zone) for task in tasks]
    return sorted(rows, key=lambda r: (-r.rank, r.due_days is None, r.due_days or 0, r.task.pk))


def at_risk(state: Any, today: date) -> int:
    """ARR × share not healthy × nearness of the renewal, in minor units of the reporting currency."""
    return (state.arr_base_minor or 0) * unhealthy(state.score) * nearness(days_to(state.renewal_on, today)) // 10_000


def unhealthy(score: int | None) -> int:
    """Percent: 10 for a perfect score to 100; an unknown one counts half."""
    return 50 if score is None else max(100 - score, 10)


def nearness(days: int | None) -> int:
    """Percent: 100 until 30 days before the renewal, falling to 20 a year before; an unknown date counts half."""
    if days is None:
        return 50
    return 100 - 80 * min(max(days - MONTH, 0), YEAR - MONTH) // (YEAR - MONTH)


def row(task: Task, value: int, typical: int, today: date, zone: str) -> Row:
    state, account = task.account.state, task.account
    due = None if task.due_at is None else (clock.local_day(task.due_at, zone) - today).days
    worth = min(VALUE * value // typical, VALUE_MOST) if typical else 0
    parts = [Part(worth_words(state, today), worth), priority_part(task), due_part(due)]
    return Row(
        task,
        account.pk,
        account.name,
        state.arr_base_minor,
        state.score,
        state.score_change,
        state.band,
        days_to(state.renewal_on, today),
        due,
        str(task.why.get("sentence", "")) or state.top_reason,
        tuple(part for part in parts if part and part.points),
    )


def worth_words(state: Any, today: date) -> str:
    days = days_to(state.renewal_on, today)
    renewal = "no renewal date" if days is None else f"renewal in {days} d" if days >= 0 else f"renewal {-days} d ago"
    score = "health unknown" if state.score is None else f"health {state.score}"
    return f"value at risk ({score}, {renewal})"


def priority_part(task: Task) -> Part | None:
    points = PRIORITY.get(Task.Priority(task.priority))
    return Part(f"{task.get_priority_display().lower()} priority", points) if points else None


def due_part(days: int | None) -> Part | None:
    if days is None:
        return None
    if days < 0:
        return Part(f"overdue {-days} day{'' if days == -1 else 's'}", min(-days * LATE_A_DAY + DUE_TODAY, LATE_MOST))
    if days == 0:
        return Part("due today", DUE_TODAY)
    return Part(f"due in {days} days", FAR) if days > FAR_DAYS else None


def days_to(day: date | None, today: date) -> int | None:
    return None if day is None else (day - today).days
