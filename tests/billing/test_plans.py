"""What is sold: plans, prices, allowances, and taking them off sale."""

from decimal import Decimal

import pytest

from billing import errors
from billing.models import Plan
from billing.plans import add_price, archive_plan, create_plan
from billing.run import run_billing
from billing.subscriptions import change_plan
from tests.billing.shop import START, invoices_of, lines_of, make_price, make_subscription, trait
from tests.factories import instant

pytestmark = pytest.mark.django_db


def test_a_key_is_never_used_again():
    archive_plan(create_plan(key="growth", name="Growth"), at=START)

    with pytest.raises(errors.PlanKeyTaken):
        create_plan(key="growth", name="Growth again")


def test_an_archived_plan_goes_on_for_who_has_it_and_is_not_sold_any_more():
    sub = make_subscription(make_price("growth"))
    plan = archive_plan(sub.history[0].price.plan, at=START)

    run_billing(at=instant("2025-02-28"))

    assert len(lines_of(sub.account)) == 2
    assert list(Plan.objects.on_sale()) == []
    with pytest.raises(errors.PlanArchived):
        add_price(plan, currency="EUR", unit_amount=1)
    with pytest.raises(errors.PlanArchived):
        change_plan(make_subscription(make_price("lite"), name="Other"), sub.history[0].price, at=instant("2025-03-01"))


@pytest.mark.parametrize("units", [-1, "many", True])
def test_an_allowance_is_a_number(units):
    with pytest.raises(errors.AmountNotPositive):
        create_plan(key="growth", name="Growth", allowances={"api_call": units})


def test_a_price_may_be_a_fraction_of_a_cent():
    sub = make_subscription(make_price(model="unit", amount=Decimal("0.25")), quantity=1001)

    assert [i.total_minor for i in invoices_of(sub.account)] == [250]
    assert trait(sub.account, "arr") == {"minor": 3003, "currency": "EUR"}


@pytest.mark.parametrize(
    ("currency", "amount", "shown"), [("JPY", "1200", "¥1,200"), ("KWD", "12345", "KWD12.345"), ("EUR", "1200", "€12.00")]
)
def test_minor_units_follow_the_currency(currency, amount, shown):
    from customers.models import TimelineEntry

    sub = make_subscription(make_price(amount=amount, currency=currency))

    title = TimelineEntry.objects.get(account_id=sub.account_id, name="invoice.finalised").title
    assert title == f"Invoice INV-000001 over {shown} issued"


@pytest.mark.parametrize(
    ("interval", "every", "days"),
    [
        ("day", 10, "2025-02-10"),
        ("week", 2, "2025-02-14"),
        ("month", 1, "2025-02-28"),
        ("quarter", 1, "2025-04-30"),
        ("year", 1, "2026-01-31"),
    ],
)
def test_a_price_recurs_in_its_interval(interval, every, days):
    sub = make_subscription(make_price(interval=interval, interval_count=every))

    assert lines_of(sub.account) == [("period", "2025-01-31", days, 6000)]
