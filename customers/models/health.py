"""Health: a Scorecard (YAML text with versions) and the daily Score of each account."""

from django.db import models

from crm.models import User


class Scorecard(models.Model):
    key = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=120)
    active = models.ForeignKey("ScorecardVersion", models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class ScorecardVersion(models.Model):
    scorecard = models.ForeignKey(Scorecard, models.CASCADE, related_name="versions")
    n = models.PositiveIntegerField()
    text = models.TextField()
    doc = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scorecard", "n"], name="scorecard_versions_are_numbered_once")]

    def __str__(self) -> str:
        return f"{self.scorecard} v{self.n}"


class Score(models.Model):
    """The score of an account on one local day of the installation, with the points of each factor.

    `points` = {factor key: {value, share, points, possible, known[, since]}}: the points add up to `score`, the possible
    ones to 100; `share` is in millionths, null where the factor does not count; `since` (only under `missing: hold`) is the
    day on which the value was last known.
    """

    pk = models.CompositePrimaryKey("account_id", "day")
    account_id = models.BigIntegerField()
    day = models.DateField()
    at = models.DateTimeField()
    version_id = models.BigIntegerField()
    score = models.SmallIntegerField(null=True)
    band = models.CharField(max_length=7)
    known = models.SmallIntegerField(help_text="Factors with a known value.")
    factors = models.SmallIntegerField(help_text="Factors in all.")
    points = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True, help_text="The factor that costs most points, in words.")
    reconstructed = models.BooleanField(default=False, help_text="Worked out later, from facts learnt after that day.")

    class Meta:
        indexes = [models.Index(fields=["day", "account_id"], name="score_by_day")]

    def __str__(self) -> str:
        return f"{self.score} of {self.account_id} on {self.day}"
