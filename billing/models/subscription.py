"""Subscription: an account's agreement to pay regularly, its items over time, and changes that are still to come."""

from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Q

from billing.engine.facts import History, ItemFact
from billing.models.entity import LegalEntity
from billing.models.plan import Price
from billing.models.ranges import During, Only
from crm.models import User
from customers.models import Account

PLAN_SLOT = 0


class SubscriptionQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "SubscriptionQuerySet":
        """The subscriptions of the accounts this person may see."""
        return self.filter(account__in=Account.objects.visible_to(user))

    def running(self) -> "SubscriptionQuerySet":
        """All that have not ended, cancelled ones that run out included."""
        return self.exclude(status=Subscription.Status.ENDED)

    def due(self, at: datetime) -> "SubscriptionQuerySet":
        """Those for which something happens by `at`, of accounts that are not on hold."""
        return self.filter(next_due_at__lte=at, account__billing_hold=None)

    def with_items(self) -> "SubscriptionQuerySet":
        """With everything the engine needs, in a constant number of queries."""
        items = SubscriptionItem.objects.select_related("price__plan").order_by("valid_from", "id")
        return self.select_related("account", "entity").prefetch_related(models.Prefetch("items", items, to_attr="history"))


class Subscription(models.Model):
    """`anchor_on` fixes every border of its periods; `next_due_at` and `settled_until` tell the run where to look."""

    class Origin(models.TextChoices):
        OWN = "own", "Created here"
        MIRRORED = "mirrored", "Mirrored, read-only"

    class Status(models.TextChoices):
        TRIALING = "trialing", "Trial"
        ACTIVE = "active", "Active"
        PAST_DUE = "past_due", "Past due"
        CANCELLED = "cancelled", "Cancelled, running out"
        ENDED = "ended", "Ended"

    account = models.ForeignKey(Account, models.PROTECT, related_name="subscriptions")
    entity = models.ForeignKey(LegalEntity, models.PROTECT, related_name="+")
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.OWN)
    status = models.CharField(max_length=9, choices=Status.choices)
    currency = models.CharField(max_length=3)
    zone = models.CharField(max_length=64, help_text="IANA zone of the borders of its periods.")
    anchor_on = models.DateField(help_text="Local day from which all periods are counted.")
    started_at = models.DateTimeField()
    trial_end = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True, help_text="When it ends unless that is changed.")
    end_reason = models.CharField(max_length=11, blank=True, help_text="voluntary, involuntary or expired")
    ended_at = models.DateTimeField(null=True, blank=True)
    renewal_date = models.DateField(null=True, blank=True, help_text="Last day of the contract's term plus one.")
    renewal_day = models.PositiveSmallIntegerField(default=1, help_text="Day of the month the contract renews on, where the month has it.")
    term_months = models.PositiveSmallIntegerField(default=12)
    auto_renew = models.BooleanField(default=True)
    billing_mode = models.CharField(max_length=20, default="invoice", help_text="How it is paid: invoice, card …")
    next_due_at = models.DateTimeField(null=True, blank=True, help_text="Nothing happens before; empty: never again.")
    settled_until = models.DateTimeField(null=True, blank=True, help_text="Periods that ended by then are billed.")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="a_subscription_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(status="ended", ended_at__isnull=False) | (~Q(status="ended") & Q(ended_at=None)),
                name="an_ended_subscription_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | Q(cancel_at__isnull=False), name="a_cancelled_subscription_says_when_it_ends"
            ),
        ]
        indexes = [
            models.Index(fields=["next_due_at", "account"], name="subscription_by_due", condition=Q(next_due_at__isnull=False)),
            models.Index(fields=["account", "-started_at"], name="subscription_by_account"),
        ]

    def __str__(self) -> str:
        return f"subscription {self.pk}"

    @property
    def billed_from(self) -> datetime:
        return self.trial_end or self.started_at

    def facts(self, items: list["SubscriptionItem"]) -> History:
        """This subscription with these items as the engine reads it."""
        return History(self.anchor_on, self.zone, self.billed_from, tuple(one.fact() for one in items), self.ended_at or self.cancel_at)


class SubscriptionItem(models.Model):
    """One price in one quantity over [valid_from, valid_until). A change ends one item and starts another."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="items")
    slot = models.PositiveSmallIntegerField(default=PLAN_SLOT, help_text="0: the plan; others: add-ons.")
    price = models.ForeignKey(Price, models.PROTECT, related_name="items")
    quantity = models.DecimalField(max_digits=24, decimal_places=6, default=1)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=0), name="a_quantity_is_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")), name="an_item_ends_after_it_starts"
            ),
            ExclusionConstraint(
                name="a_slot_holds_one_item_at_a_time",
                expressions=[(Only("subscription"), "&&"), (Only("slot"), "&&"), (During("valid_from", "valid_until"), "&&")],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} × {self.price}"

    def fact(self) -> ItemFact:
        return ItemFact(self.pk, self.price.fact(), self.quantity, self.valid_from, self.valid_until)


class ScheduledChange(models.Model):
    """A change of price or quantity that is agreed and takes effect later."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="changes")
    slot = models.PositiveSmallIntegerField(default=PLAN_SLOT)
    effective_at = models.DateTimeField()
    price = models.ForeignKey(Price, models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=24, decimal_places=6)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.PENDING)
    requested_at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "slot", "effective_at"],
                condition=Q(status="pending"),
                name="one_pending_change_of_a_slot_and_instant",
            )
        ]

    def __str__(self) -> str:
        return f"{self.price} from {self.effective_at:%Y-%m-%d}"


class BillingHold(models.Model):
    """No invoices are made for this account until a person has looked: a guard of the database refused one."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="billing_hold")
    since = models.DateTimeField()
    reason = models.TextField()

    def __str__(self) -> str:
        return self.reason
