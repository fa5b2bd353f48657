"""Usage of an account: daily series, active people, top features, who was seen when."""

from datetime import timedelta
from decimal import Decimal

import pytest

from customers import activity, catalogue
from customers.events import Fact, record_batch
from tests.factories import NOW, make_account, make_contact, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(db):
    """Logins of Jonas on each of the last ten days and of Marte forty days ago; one report; a ticket, which is no usage."""
    catalogue.install()
    account, jonas, marte, source = make_account(), make_contact("Jonas"), make_contact("Marte"), make_source()
    rows = [(jonas, "login", n) for n in range(10)] + [(marte, "login", 40), (jonas, "report viewed", 3), (jonas, "ticket.opened", 2)]
    facts = [
        Fact(account.pk, name, NOW - timedelta(days=n), contact_id=c.pk, source_id=source.pk, props={"subject": ""}) for c, name, n in rows
    ]
    record_batch(facts, at=NOW)
    account.people = {"jonas": jonas.pk, "marte": marte.pk}
    return account


def test_series_by_day_with_the_most_used_first(account):
    usage = activity.usage(account, at=NOW)
    assert (len(usage.days), usage.days[-1]) == (90, NOW.date())
    assert [(s.name, s.label, s.total, s.recent, s.before) for s in usage.series] == [
        ("login", "Login", 11, 9, 1),
        ("report viewed", "Report viewed", 1, 1, 0),
    ]
    assert usage.series[0].values[-10:] == [1] * 10
    assert (usage.series[0].change_pct, usage.series[1].change_pct) == (800, None)
    assert [s.name for s in usage.top] == ["login", "report viewed"]


def test_what_counts_as_many_is_counted_as_many(account):
    source = make_source()
    amounts = [(0, 40), (1, 1200), (1, Decimal("0.5"))]
    record_batch([Fact(account.pk, "api_call", NOW - timedelta(days=n), source_id=source.pk, quantity=q) for n, q in amounts], at=NOW)
    calls = activity.usage(account, at=NOW).series[0]
    assert (calls.label, calls.values[-2:], calls.recent) == ("Api call", [1200.5, 40], 1200.5)


def test_active_people_in_a_week_and_a_month_and_before(account):
    assert activity.usage(account, at=NOW).active == activity.Active(week=1, week_before=1, month=1, month_before=1)


def test_last_seen_by_contact(account):
    seen = activity.last_seen(account)
    assert seen == {account.people["jonas"]: NOW, account.people["marte"]: NOW - timedelta(days=40)}
    assert activity.last_seen(account, [account.people["jonas"]]) == {account.people["jonas"]: NOW}


def test_an_account_without_usage_says_so(db):
    usage = activity.usage(make_account(), at=NOW)
    assert (usage.series, usage.top, usage.active.month) == ([], [], 0)
