"""What pages and the API show of playbooks: the list with its numbers, the log of runs, one run with its steps. Reading only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Prefetch, Q, QuerySet

from crm.models import User
from customers.catalogue import labels_of
from customers.conditions.facts import Setting
from customers.conditions.load import load_setting
from customers.models import Account, Task
from playbooks import in_words
from playbooks.active import compiled_doc, of_version
from playbooks.judging import compiler_for
from playbooks.models import Decision, Effect, Playbook, PlaybookVersion, Run, Step

RECENT = timedelta(days=30)


@dataclass(frozen=True)
class Line:
    """One playbook in the list. Counts of the last 30 days unless named otherwise; `audience` None: it has no version."""

    playbook: Playbook
    version: int | None
    sentence: str
    audience: int | None
    running: int
    started: int
    reached_goal: int
    tasks_open: int
    tasks: int
    outcomes: dict[str, int]
    last_started_at: datetime | None


def overview(user: User, at: datetime) -> list[Line]:
    """Every playbook with its numbers for the accounts that `user` may see, those that run first, then by name.

    Five queries and one per playbook for its audience.
    """
    visible = Account.objects.visible_to(user)
    setting = load_setting()
    runs, tasks = run_counts(visible, at), task_counts(visible, at)
    found = Playbook.objects.exclude(status=Playbook.Status.ARCHIVED).select_related("active_version").order_by("name", "pk")
    starts = sentences([playbook.active_version for playbook in found if playbook.active_version])
    lines = [line(p, starts, runs.get(p.pk, {}), tasks.get(p.key, {}), visible, setting, at) for p in found]
    return sorted(lines, key=lambda each: each.playbook.status != Playbook.Status.ACTIVE)


def sentences(versions: Iterable[PlaybookVersion]) -> dict[int, str]:
    """What starts each of these versions, in words, by their ids. One query."""
    compiled = {version.pk: compiled_doc(version.doc) for version in versions}
    labels = labels_of(in_words.listened(compiled.values()))
    return {pk: in_words.starts(each, labels) for pk, each in compiled.items()}


def line(
    playbook: Playbook,
    starts: dict[int, str],
    runs: dict[str, Any],
    tasks: dict[str, Any],
    visible: QuerySet,
    setting: Setting,
    at: datetime,
) -> Line:
    version = playbook.active_version
    return Line(
        playbook,
        version.n if version else None,
        starts[version.pk] if version else "",
        audience(playbook, version, visible, setting, at) if version else None,
        runs.get("running", 0),
        runs.get("started", 0),
        runs.get("goal", 0),
        tasks.get("open", 0),
        tasks.get("made", 0),
        {outcome: tasks.get(outcome, 0) for outcome in Task.Outcome.values},
        runs.get("last"),
    )


def run_counts(visible: QuerySet, at: datetime) -> dict[int, dict[str, Any]]:
    """Playbook id to its runs: running now, started and at their goal in the last 30 days, last start."""
    recent = Q(started_at__gt=at - RECENT)
    counts = {
        "running": Count("pk", filter=Q(status__in=Run.ACTIVE)),
        "started": Count("pk", filter=recent),
        "goal": Count("pk", filter=recent & Q(goal_at__isnull=False)),
        "last": Max("started_at"),
    }
    found = Run.objects.filter(account__in=visible, started_at__lte=at)
    return {row.pop("playbook_id"): row for row in found.values("playbook_id").annotate(**counts)}


def task_counts(visible: QuerySet, at: datetime) -> dict[str, dict[str, Any]]:
    """Playbook key to its tasks: open now, made in the last 30 days, and closed in them by outcome."""
    counts = {"open": Count("pk", filter=Q(status__in=["open", "snoozed"])), "made": Count("pk", filter=Q(created_at__gt=at - RECENT))}
    counts |= {name: Count("pk", filter=Q(outcome=name, closed_at__gt=at - RECENT)) for name in Task.Outcome.values}
    found = Task.objects.filter(account__in=visible, created_at__lte=at).exclude(playbook="")
    return {row.pop("playbook"): row for row in found.values("playbook").annotate(**counts)}


def audience(playbook: Playbook, version: PlaybookVersion, visible: QuerySet, setting: Setting, at: datetime) -> int:
    """How many accounts the playbook is for at `at`, of those in `visible`. One query."""
    active = of_version(playbook, version, setting)
    compiler = compiler_for(active, at)
    truth = compiler.condition(active.compiled.segment)
    sql = f"select a.account_id from {compiler.from_sql()} where {truth}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, dict(compiler.params))
        ids = {account_id for (account_id,) in cursor.fetchall()}
    return len(ids & set(visible.values_list("pk", flat=True)))


def runs_of(playbook: Playbook, user: User) -> QuerySet:
    """The playbook's runs on accounts that `user` may see, newest first, with account, version and firing."""
    found = Run.objects.filter(playbook=playbook, account__in=Account.objects.visible_to(user))
    return found.select_related("account", "version", "firing").order_by("-id")


def run_log(playbook: Playbook, user: User, *, before: int | None = None, limit: int = 50) -> list[Run]:
    """A page of `runs_of` with steps and effects (`steps_done`, `effects_done`); `before` is the last id of the page before.

    Three queries.
    """
    found = runs_of(playbook, user).prefetch_related(*with_steps())
    return list((found.filter(pk__lt=before) if before else found)[:limit])


def with_steps() -> Iterable[Prefetch]:
    """What a run's page needs: its steps and effects in the order in which they were made."""
    steps, effects = Step.objects.order_by("id"), Effect.objects.order_by("id")
    return [Prefetch("steps", steps, to_attr="steps_done"), Prefetch("effects", effects, to_attr="effects_done")]


def runs_on(account: Account, *, limit: int = 20) -> list[Run]:
    """The newest runs of all playbooks on one account, with steps. Three queries."""
    found = Run.objects.filter(account=account).select_related("playbook", "version", "firing").prefetch_related(*with_steps())
    return list(found.order_by("-id")[:limit])


def suppressed(playbook: Playbook, user: User, at: datetime, *, limit: int = 50) -> list[Decision]:
    """The newest decisions not to start, with their accounts: what the playbook held back and why."""
    found = Decision.objects.filter(playbook=playbook, at__lte=at, account__in=Account.objects.visible_to(user))
    return list(found.exclude(outcome=Decision.Outcome.STARTED).select_related("account").order_by("-at", "-id")[:limit])
