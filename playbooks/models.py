"""Playbooks, their versions, and everything they decided and did. Written by the modules of this app only.

A playbook's text stands in its versions. Every table of work carries `account`; unique keys, not leaders, keep it
from doing a thing twice.
"""

from django.db import models
from django.db.models import Q

from crm.models import User
from customers.models import Account


class Playbook(models.Model):
    """A playbook under its stable key. Dedupe keys and history hang on the key, so it is never reused."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        PAUSED = "paused"
        ARCHIVED = "archived"

    key = models.CharField(max_length=63, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    active_version = models.ForeignKey("PlaybookVersion", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True, help_text="Since when it runs without a break.")
    listens_after = models.BigIntegerField(default=0, help_text="Fact log row after which its event triggers listen.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Sweeps in a row that failed.")
    error = models.TextField(blank=True, help_text="Why the last sweep failed.")

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return f"/playbooks/{self.key}/"


class PlaybookVersion(models.Model):
    """One text of a playbook, as written, and the checked document in it. Never changed."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="versions")
    n = models.PositiveIntegerField()
    text = models.TextField()
    doc = models.JSONField()
    trigger_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["playbook", "n"], name="a_version_number_is_used_once")]

    def __str__(self) -> str:
        return f"{self.playbook_id} v{self.n}"


class PlaybookChange(models.Model):
    """Who activated, paused or archived a playbook, when, and from which state."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    actor = models.JSONField(help_text="{kind: person|system|api_key, id, name}")
    old = models.CharField(max_length=8)
    new = models.CharField(max_length=8)
    version = models.ForeignKey(PlaybookVersion, models.CASCADE, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.old} to {self.new} at {self.at}"


class TriggerState(models.Model):
    """Where one edge trigger stands on one account. No row: false. `truth` null: nothing known yet since activation."""

    pk = models.CompositePrimaryKey("playbook_id", "trigger", "account_id")
    playbook = models.ForeignKey(Playbook, models.CASCADE)
    trigger = models.CharField(max_length=41)
    account = models.ForeignKey(Account, models.CASCADE)
    truth = models.BooleanField(null=True)
    since = models.DateTimeField(null=True)
    pending_since = models.DateTimeField(null=True)
    rearm_since = models.DateTimeField(null=True)
    episode = models.PositiveIntegerField(default=0)
    deferred_key = models.CharField(max_length=255, null=True)

    class Meta:
        indexes = [models.Index(fields=["account"], name="trigger_state_by_account")]

    def __str__(self) -> str:
        return f"{self.trigger} of {self.account_id}: {self.truth}"


class Firing(models.Model):
    """That a playbook started on an account, for one `trigger_key`. `facts` are the values that made it start."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="firings")
    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="firings")
    version = models.ForeignKey(PlaybookVersion, models.PROTECT, related_name="firings")
    trigger = models.CharField(max_length=41)
    trigger_key = models.CharField(max_length=255)
    fired_for = models.DateTimeField(help_text="The instant that was judged.")
    facts = models.JSONField(default=dict)
    why = models.JSONField(default=dict, help_text="Sentence and explained conditions at that instant.")
    cause = models.JSONField(null=True, help_text="{run, chain, depth} of the event that started it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "playbook", "trigger_key"], name="a_trigger_key_fires_once_per_account"),
        ]
        indexes = [models.Index(fields=["playbook", "-fired_for"], name="firing_by_playbook")]

    def __str__(self) -> str:
        return f"{self.trigger_key} on {self.account_id}"


class Run(models.Model):
    """The steps of one firing. `cursor` is the index of the next step, which is due at `due_at`. Working on a run locks its row."""

    class Status(models.TextChoices):
        RUNNING = "running"
        WAITING = "waiting"
        DONE = "done"
        GOAL = "goal", "reached its goal"
        EXITED = "exited"
        FAILED = "failed", "set aside after failing"

    ACTIVE = (Status.RUNNING, Status.WAITING)

    account = models.ForeignKey(Account, models.CASCADE, related_name="runs")
    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="runs")
    firing = models.ForeignKey(Firing, models.CASCADE, related_name="runs")
    version = models.ForeignKey(PlaybookVersion, models.PROTECT, related_name="runs")
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.RUNNING)
    cursor = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    goal_at = models.DateTimeField(null=True, help_text="When the goal was seen to be reached.")
    reason = models.CharField(max_length=60, blank=True, help_text="Id of the exit, or why it failed.")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "firing"], name="a_firing_runs_once"),
            models.CheckConstraint(
                condition=Q(status__in=["running", "waiting"], finished_at__isnull=True)
                | (~Q(status__in=["running", "waiting"]) & Q(finished_at__isnull=False)),
                name="a_finished_run_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status__in=["running", "waiting"]), name="run_by_due"),
            models.Index(fields=["account", "playbook"], condition=Q(status__in=["running", "waiting"]), name="run_active"),
            models.Index(fields=["playbook", "-id"], name="run_by_playbook"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} {self.status}"

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE


class Step(models.Model):
    """One step of a run that was begun: what it was and how it ended. `path` is the step's id."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    path = models.CharField(max_length=200)
    iteration = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=20)
    status = models.CharField(max_length=8, choices=[(s, s) for s in ("waiting", "done", "skipped", "failed")])
    result = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict, help_text="What later steps and texts may use.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "run", "path", "iteration"], name="a_step_is_done_once_per_run"),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.status}"


class Effect(models.Model):
    """One thing a step did to the world. Rows of our own tables are written with it in one transaction."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown"

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, models.CASCADE, related_name="effects")
    path = models.CharField(max_length=200)
    iteration = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=20)
    payload = models.JSONField(default=dict)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.PENDING)
    idem_key = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "run", "path", "iteration"], name="a_step_has_one_effect"),
            models.UniqueConstraint(fields=["account", "idem_key"], name="an_effect_key_is_used_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class Decision(models.Model):
    """Why a playbook started or did not start on an account. Stored only when outcome or reason changes."""

    class Outcome(models.TextChoices):
        STARTED = "started"
        SUPPRESSED = "suppressed"
        DEFERRED = "deferred"
        PENDING = "pending"

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="decisions")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    trigger = models.CharField(max_length=41)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.CharField(max_length=40, blank=True)
    until = models.DateTimeField(null=True)
    key = models.CharField(max_length=255, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["playbook", "account", "-at"], name="decision_by_account"),
            models.Index(fields=["at"], name="decision_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.reason}".strip()


class Sweep(models.Model):
    """One daily look at all accounts. Unfinished ones run again; missed ones run without starting anything."""

    kind = models.CharField(max_length=10)
    zone = models.CharField(max_length=64)
    slice = models.PositiveSmallIntegerField(default=0)
    logical_at = models.DateTimeField(help_text="The local midnight (plus grace) it stands for.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "zone", "slice", "logical_at"], name="a_sweep_is_made_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.logical_at}"
