"""Plan: what is sold; Price: what it costs in one currency and rhythm."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.engine.facts import Interval, PriceFact, Proration


class PlanQuerySet(models.QuerySet):
    def on_sale(self) -> "PlanQuerySet":
        """The plans that can be subscribed to now."""
        return self.filter(archived_at=None)


class Plan(models.Model):
    """What is sold. `allowances` is {event name: units per billing period}; a key is never used again."""

    key = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=120)
    rank = models.IntegerField(default=0, help_text="Higher is bigger; upgrades go up.")
    is_top = models.BooleanField(default=False, help_text="There is nothing above to upgrade to.")
    allowances = models.JSONField(default=dict, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = PlanQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """`unit_amount` in minor units of `currency` per interval. Never changed once a subscription used it."""

    class Model(models.TextChoices):
        FLAT = "flat", "Flat"
        UNIT = "unit", "Per unit"

    class Interval(models.TextChoices):
        DAY = "day"
        WEEK = "week"
        MONTH = "month"
        QUARTER = "quarter"
        YEAR = "year"

    class Proration(models.TextChoices):
        DAY = "day", "By day"
        SECOND = "second", "By second"
        NONE = "none", "None"

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="prices")
    model = models.CharField(max_length=10, choices=Model.choices, default=Model.FLAT)
    currency = models.CharField(max_length=3)
    unit_amount = models.DecimalField(max_digits=24, decimal_places=12, help_text="Minor units; may be a fraction of one.")
    interval = models.CharField(max_length=7, choices=Interval.choices, default=Interval.MONTH)
    interval_count = models.PositiveSmallIntegerField(default=1)
    in_advance = models.BooleanField(default=True)
    proration = models.CharField(max_length=6, choices=Proration.choices, default=Proration.DAY)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(unit_amount__gte=0), name="a_price_is_not_negative"),
            models.CheckConstraint(condition=Q(interval_count__gte=1), name="a_price_has_an_interval"),
        ]

    def __str__(self) -> str:
        return f"{self.plan}, {self.unit_amount.normalize():f} {self.currency} per {self.every}"

    @property
    def every(self) -> str:
        """ "month", "3 months"."""
        return self.interval if self.interval_count == 1 else f"{self.interval_count} {self.interval}s"

    @property
    def unit_amount_text(self) -> str:
        """The unit price without trailing zeros, in minor units."""
        return f"{self.unit_amount.normalize() if self.unit_amount else Decimal(0):f}"

    def fact(self) -> PriceFact:
        """This price as the engine reads it."""
        return PriceFact(
            model=self.model,
            currency=self.currency,
            unit_amount=self.unit_amount,
            interval=Interval(self.interval, self.interval_count),
            in_advance=self.in_advance,
            proration=Proration(self.proration),
        )
