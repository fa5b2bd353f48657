"""LegalEntity: the company that sells; NumberSeries: its gap-free numbers."""

from django.db import models


class LegalEntity(models.Model):
    """Who stands on an invoice as seller. `zone` sets the borders of days where the customer has none."""

    key = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA zone.")
    address = models.TextField(blank=True)
    tax_number = models.CharField(max_length=40, blank=True)
    payment_days = models.PositiveSmallIntegerField(default=14, help_text="Days from issue until an invoice is due.")

    class Meta:
        verbose_name_plural = "legal entities"

    def __str__(self) -> str:
        return self.name

    def snapshot(self) -> dict[str, str]:
        """The seller as it is kept with an invoice."""
        return {"name": self.name, "address": self.address, "tax_number": self.tax_number}


class NumberSeries(models.Model):
    """The next number of one kind of document. Its row is locked to take a number, so a rollback leaves no gap."""

    entity = models.ForeignKey(LegalEntity, models.PROTECT, related_name="series")
    series = models.CharField(max_length=20, default="invoice")
    prefix = models.CharField(max_length=20, default="INV-")
    next_number = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [models.UniqueConstraint(fields=["entity", "series"], name="an_entity_has_one_series_of_a_name")]

    def __str__(self) -> str:
        return f"{self.prefix}{self.next_number}"

    def label(self, number: int) -> str:
        """A number as people read it: INV-000042."""
        return f"{self.prefix}{number:06d}"
