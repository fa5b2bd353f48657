"""Task: a to-do for a person. Made by people and by playbooks; background work is a Job."""

from django.db import models
from django.db.models import Q

from crm.models import User
from customers.models.account import Account


class TaskQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "TaskQuerySet":
        return self.filter(account__in=Account.objects.visible_to(user))

    def open(self) -> "TaskQuerySet":
        return self.filter(status__in=[Task.Status.OPEN, Task.Status.SNOOZED])


class Task(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        SNOOZED = "snoozed"
        DONE = "done"
        SKIPPED = "skipped"
        CLOSED = "closed", "closed by itself"

    class Priority(models.TextChoices):
        LOW = "low"
        NORMAL = "normal"
        HIGH = "high"
        URGENT = "urgent"

    class Outcome(models.TextChoices):
        SAVED = "saved", "Saved"
        NO_ACTION = "no_action", "No action"
        LOST = "lost", "Lost"
        FALSE_ALARM = "false_alarm", "False alarm"

    class Kind(models.TextChoices):
        RISK = "risk", "Risk"
        EXPANSION = "expansion", "Expansion"
        LIFECYCLE = "lifecycle", "Lifecycle"
        BILLING = "billing", "Billing"
        OTHER = "other", "Other"

    account = models.ForeignKey(Account, models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.OTHER)
    assignee = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="tasks")
    priority = models.CharField(max_length=6, choices=Priority.choices, default=Priority.NORMAL)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.OPEN)
    outcome = models.CharField(max_length=11, choices=Outcome.choices, blank=True)
    note = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snooze_reason = models.CharField(max_length=200, blank=True)
    checklist = models.JSONField(default=list, blank=True, help_text="[{text, done}]")
    playbook = models.CharField(max_length=63, blank=True, help_text="Key of the playbook that made it.")
    version = models.PositiveIntegerField(null=True, blank=True)
    why = models.JSONField(default=dict, blank=True, help_text="Sentence, facts and conditions that made it, and what closes it.")
    effect_key = models.CharField(max_length=64, null=True, blank=True, unique=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.CharField(max_length=300, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["assignee", "status", "due_at", "id"], name="task_by_assignee"),
            models.Index(fields=["account", "status"], name="task_by_account"),
            models.Index(fields=["status", "due_at", "id"], name="task_by_due"),
            models.Index(fields=["playbook", "-created_at"], name="task_by_playbook"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "snoozed"]) | Q(closed_at__isnull=False), name="a_closed_task_says_when"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.OPEN, self.Status.SNOOZED}


class TaskComment(models.Model):
    """What was added to an open task: a second firing of the same playbook, or a person's remark."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="comments")
    text = models.TextField()
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    effect_key = models.CharField(max_length=64, null=True, blank=True, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text[:60]
