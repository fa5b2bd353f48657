"""Forms of billing's pages. Amounts are typed in major units and checked against the currency's decimals."""

from decimal import Decimal
from typing import Any

from django import forms

from billing.models import Invoice
from crm.lib.money import exponent, to_major, to_minor


class AmountField(forms.DecimalField):
    """An amount in major units of `currency`; cleans to minor units."""

    def __init__(self, currency: str, **options: Any) -> None:
        self.currency = currency
        super().__init__(min_value=Decimal(1).scaleb(-exponent(currency)), max_digits=15, decimal_places=exponent(currency), **options)

    def clean(self, value: Any) -> int | None:
        amount = super().clean(value)
        return None if amount is None else to_minor(amount, self.currency)


class PaymentForm(forms.Form):
    method = forms.ChoiceField(choices=[("transfer", "Bank transfer"), ("card", "Card"), ("cash", "Cash"), ("other", "Other")])
    reference = forms.CharField(max_length=200, required=False, help_text="What the bank statement says.")

    def __init__(self, invoice: Invoice, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        due = to_major(invoice.due_minor or 0, invoice.currency)
        self.fields["amount_minor"] = AmountField(invoice.currency, label=f"Amount in {invoice.currency}", initial=due)
        self.order_fields(["amount_minor", "method", "reference"])


class VoidForm(forms.Form):
    reason = forms.CharField(max_length=300, help_text="Stays on the invoice and on the timeline.")


class CreditForm(forms.Form):
    reason = forms.CharField(max_length=300, help_text="The customer sees this on the invoice.")

    def __init__(self, currency: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["amount_minor"] = AmountField(currency, label=f"Amount in {currency}")
        self.order_fields(["amount_minor", "reason"])
