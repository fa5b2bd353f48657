"""Verbs of what is sold: plans and their prices. A price in use is never changed; another is added."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.errors import AmountNotPositive, PlanArchived, PlanKeyTaken, QuantityNotPositive, UnknownChoice, UnknownCurrency
from billing.models import Plan, Price
from crm.lib.money import is_currency


def create_plan(*, key: str, name: str, rank: int = 0, is_top: bool = False, allowances: Mapping[str, int] | None = None) -> Plan:
    """Put a plan on sale. `allowances` is {event name: units per billing period}.

    Raises PlanKeyTaken (a key is never used again) and AmountNotPositive for an allowance below zero.
    """
    check_allowances(allowances or {})
    plan, made = Plan.objects.get_or_create(
        key=key, defaults={"name": name, "rank": rank, "is_top": is_top, "allowances": dict(allowances or {})}
    )
    if not made:
        raise PlanKeyTaken(f"There is or was a plan with the key {key!r}; keys are never used again.")
    return plan


def check_allowances(allowances: Mapping[str, int]) -> None:
    for name, units in allowances.items():
        if isinstance(units, bool) or not isinstance(units, (int, float, Decimal)) or units < 0:
            raise AmountNotPositive(f"The allowance of {name!r} must be a number of at least 0.")


def add_price(
    plan: Plan,
    *,
    currency: str,
    unit_amount: Decimal | int | str,
    model: str = Price.Model.FLAT,
    interval: str = Price.Interval.MONTH,
    interval_count: int = 1,
    in_advance: bool = True,
    proration: str = Price.Proration.DAY,
) -> Price:
    """Add a price; `unit_amount` in minor units, which may be fractions of one.

    Raises PlanArchived, UnknownCurrency, UnknownChoice, AmountNotPositive and QuantityNotPositive.
    """
    if plan.archived_at:
        raise PlanArchived(f"{plan} is archived; it gets no new prices.")
    if not is_currency(currency):
        raise UnknownCurrency(f"{currency!r} is not a currency code of ISO 4217.")
    check_choice("model", model, Price.Model)
    check_choice("interval", interval, Price.Interval)
    check_choice("proration", proration, Price.Proration)
    if Decimal(unit_amount) < 0:
        raise AmountNotPositive("A price is at least 0.")
    if interval_count < 1:
        raise QuantityNotPositive("A price recurs every 1 or more intervals.")
    return Price.objects.create(
        plan=plan,
        model=model,
        currency=currency,
        unit_amount=Decimal(unit_amount),
        interval=interval,
        interval_count=interval_count,
        in_advance=in_advance,
        proration=proration,
    )


def check_choice(what: str, value: str, choices: type) -> None:
    if value not in choices.values:
        raise UnknownChoice(f"{what} is one of {', '.join(choices.values)}, not {value!r}.")


def archive_plan(plan: Plan, *, at: datetime) -> Plan:
    """Take a plan and its prices off sale; subscriptions to it go on. Does nothing when it is archived already."""
    with transaction.atomic():
        Price.objects.filter(plan=plan, archived_at=None).update(archived_at=at)
        Plan.objects.filter(pk=plan.pk, archived_at=None).update(archived_at=at)
    plan.refresh_from_db()
    return plan
