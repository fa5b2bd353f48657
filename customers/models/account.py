"""Account: a paying company. What people edit stands here; what is computed stands in AccountState.

Neither is ever written with `save()`: the columns follow traits (customers.traits) and facts (customers.events).
"""

from django.db import models
from django.db.models import Q

from crm.models import Installation, User

SEE_ALL = {"manager", "ops", "finance", "admin"}
NOTHING = "nothing"


def reach_of(user: User, rule: str = "") -> str:
    """How far this person sees: a value of Installation.Visibility, or NOTHING for who is not signed in or has left.

    Some roles see all; others follow the installation's rule (`rule`: where it is known already).
    """
    if not user.is_authenticated or not user.is_active:
        return NOTHING
    return Installation.Visibility.ALL if user.role in SEE_ALL else rule or Installation.load().visibility


class AccountQuerySet(models.QuerySet):
    def visible_to(self, user: User, rule: str = "") -> "AccountQuerySet":
        """The accounts this person may see, by `reach_of`."""
        reach = reach_of(user, rule)
        if reach == NOTHING:
            return self.none()
        if reach == Installation.Visibility.ALL:
            return self
        mine = Q(owner=user)
        if reach == Installation.Visibility.TEAM:
            mine |= Q(owner__teams__members=user)
        return self.filter(pk__in=Account.objects.filter(mine).values("pk"))


class Account(models.Model):
    name = models.CharField(max_length=200)
    folded = models.CharField(max_length=200, db_collation="C", help_text="Name without case and accents, for sorting and search.")
    domain = models.CharField(max_length=253, blank=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="accounts")
    stage = models.CharField(max_length=40, blank=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    currency = models.CharField(max_length=3, blank=True)
    zone = models.CharField(max_length=64, blank=True, help_text="IANA zone; empty: the installation's.")
    created_at = models.DateTimeField(help_text="When this record was made.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["folded", "id"], name="account_by_name"),
            models.Index(fields=["folded"], name="account_by_prefix", opclasses=["text_pattern_ops"]),
            models.Index(fields=["domain"], name="account_by_domain"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/accounts/{self.pk}/"


class AccountState(models.Model):
    """Everything computed about one account; lists sort and filter on it. Money in minor units of `currency`."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="state")
    started_at = models.DateTimeField(null=True, help_text="createdAt trait when given, else the earliest event.")
    lifecycle = models.CharField(max_length=10, default="customer")
    currency = models.CharField(max_length=3, blank=True)
    mrr_minor = models.BigIntegerField(null=True)
    arr_minor = models.BigIntegerField(null=True)
    arr_base_minor = models.BigIntegerField(null=True, help_text="ARR in the reporting currency.")
    overdue_minor = models.BigIntegerField(default=0)
    plan = models.CharField(max_length=80, blank=True)
    seats = models.IntegerField(null=True)
    renewal_on = models.DateField(null=True)
    score = models.SmallIntegerField(null=True)
    band = models.CharField(max_length=7, default="unknown", help_text="good, watch, risk or unknown")
    score_change = models.SmallIntegerField(null=True, help_text="Points against 30 days before.")
    coverage = models.CharField(max_length=9, blank=True, help_text='Inputs known of all, "7/9".')
    top_reason = models.CharField(max_length=200, blank=True, help_text="The factor that costs most points, in words.")
    scored_at = models.DateTimeField(null=True)
    trend = models.JSONField(default=list, help_text="Scores of the last 12 weeks, oldest first, null where unknown.")
    last_event_at = models.DateTimeField(null=True)
    last_contact_at = models.DateTimeField(null=True)
    open_tasks = models.PositiveIntegerField(default=0)
    sentiment = models.SmallIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["score", "account"], name="state_by_score"),
            models.Index(fields=["arr_base_minor", "account"], name="state_by_arr"),
            models.Index(fields=["renewal_on", "account"], name="state_by_renewal"),
            models.Index(fields=["last_event_at", "account"], name="state_by_last_event"),
            models.Index(fields=["last_contact_at", "account"], name="state_by_last_contact"),
            models.Index(fields=["overdue_minor", "account"], name="state_by_overdue"),
        ]

    def __str__(self) -> str:
        return f"state of account {self.account_id}"
