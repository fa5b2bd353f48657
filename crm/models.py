"""The floor below the apps: who works here, which keys exist, and the settings of the installation.

Business records live in the apps above. A to-do for a person is a customers Task; background work is a Job.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models


class Role(models.TextChoices):
    CSM = "csm", "CSM"
    MANAGER = "manager", "Manager"
    OPS = "ops", "Operations"
    FINANCE = "finance", "Finance"
    ADMIN = "admin", "Administrator"


class People(BaseUserManager):
    """Makes people by their e-mail."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who may sign in with `password`; without one they cannot until it is set. ValueError without an e-mail."""
        if not email:
            raise ValueError("A person needs an e-mail.")
        email = self.normalize_email(email)
        made = self.model(**{"username": email, "email": email, **fields})
        made.set_password(password)
        made.save(using=self._db)
        return made

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An administrator who may all, also in the admin."""
        return self.create_user(email, password, **{"role": Role.ADMIN, "is_staff": True, "is_superuser": True, **fields})


class User(AbstractUser):
    """A person who signs in. Signs in with `email`; `username` is kept equal to it."""

    email = models.EmailField("e-mail", unique=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CSM)
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone in which this person reads times.")
    theme = models.CharField(max_length=8, default="system", choices=[("system", "System"), ("light", "Light"), ("dark", "Dark")])
    single_keys = models.BooleanField(default=True, help_text="Single-key shortcuts.")
    daily_limit = models.PositiveSmallIntegerField(default=12, help_text="Most tasks shown in My day.")

    objects = People()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.get_full_name() or self.email.split("@")[0]


class Team(models.Model):
    name = models.CharField(max_length=80, unique=True)
    key = models.SlugField(max_length=63, unique=True)
    members = models.ManyToManyField(User, through="TeamMember", related_name="teams")

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    team = models.ForeignKey(Team, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    capacity = models.PositiveSmallIntegerField(default=40, help_text="Open tasks this person can carry.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="a_person_is_in_a_team_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class ApiKey(models.Model):
    """A key for the REST API. Only a SHA-256 of it is stored; it acts as its service `user`."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list, help_text='For example ["read"], ["read", "write"], ["admin"].')
    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def generate() -> tuple[str, str, str]:
        """A new random key as (whole key, prefix, digest). The whole key is shown once and not stored."""
        prefix = "tk_" + secrets.token_hex(4)
        key = f"{prefix}_{secrets.token_urlsafe(32)}"
        return key, prefix, ApiKey.hash(key)

    @staticmethod
    def hash(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    def is_valid(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)


_read: ContextVar["list[Installation] | None"] = ContextVar("installation", default=None)


class Installation(models.Model):
    """The one row of settings of this installation (id 1)."""

    class Visibility(models.TextChoices):
        ALL = "all", "Everybody sees all accounts"
        TEAM = "team", "A person sees the accounts of their teams"
        OWN = "own", "A person sees the accounts they own"

    name = models.CharField(max_length=80, default="Our company")
    currency = models.CharField(max_length=3, default="USD", help_text="Reporting currency (ISO 4217).")
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone that sets the borders of days.")
    visibility = models.CharField(max_length=4, choices=Visibility.choices, default=Visibility.ALL)
    last_tick_at = models.DateTimeField(null=True, blank=True)
    installed_at = models.DateTimeField(null=True, blank=True)
    demo = models.JSONField(null=True, blank=True, help_text="Progress of the demo story: {state, day, until, share}.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_installation")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def load(cls) -> "Installation":
        """The installation; made with its defaults when it does not exist yet. One query, or none within `read_once`."""
        read = _read.get()
        if read:
            return read[0]
        found = cls.objects.filter(pk=1).first() or cls.objects.get_or_create(pk=1)[0]
        if read is not None:
            read.append(found)
        return found

    @classmethod
    @contextmanager
    def read_once(cls) -> Iterator[None]:
        """While it lasts, `load` reads at most once in this thread: a request sees one state of the settings, the next one the newest."""
        token = _read.set([])
        try:
            yield
        finally:
            _read.reset(token)


class ExchangeRate(models.Model):
    """Units of the reporting currency for one unit of `currency`, from `day` on until a newer row."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=24, decimal_places=12)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "day"], name="one_rate_a_currency_and_day")]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}: {self.rate}"


class Job(models.Model):
    """One piece of background work, so that attempts are counted and failures are seen. Work itself is idempotent."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        PARKED = "parked", "parked after too many attempts"

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0, help_text="Units done so far.")
    total = models.PositiveIntegerField(null=True, blank=True, help_text="Units in all, when known.")
    detail = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "-created_at"], name="job_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.state}".strip()


class Heartbeat(models.Model):
    """When a background part last said that it lives: `worker` each minute, `tick` at each tick."""

    part = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.part} {self.at}"


class StoredAnswer(models.Model):
    """The first answer to a POST that carried an Idempotency-Key; see crm.idempotency. Kept for a day."""

    caller = models.CharField(max_length=64, help_text="Digest of the API key, or the person.")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of address and body.")
    status = models.SmallIntegerField(default=0)
    content_type = models.CharField(max_length=80, blank=True)
    body = models.TextField(blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="an_idempotency_key_is_used_once")]

    def __str__(self) -> str:
        return self.key
