"""The numbers of My day, and what moved since yesterday with causes that add up."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.dashboards import day
from crm.models import Installation
from customers import health, inbox, scorecards
from customers.models import AccountState
from customers.traits import set_traits
from tests.factories import NOW, make_account, make_source

pytestmark = pytest.mark.django_db
YESTERDAY = NOW - timedelta(days=1)


@pytest.fixture
def falling(ada):
    """Ada's account whose sentiment fell from 5 to 1 since yesterday, worth 1,200.00 a year."""
    scorecards.install_default(at=YESTERDAY)
    account = make_account("Acme", owner=ada, at=YESTERDAY, arr={"minor": 120000, "currency": "USD"})
    for then, sentiment in ((YESTERDAY, 5), (NOW, 1)):
        set_traits(account, {"sentiment": sentiment}, at=then)
        health.score_all(at=then)
    return account


def test_four_numbers(ada, falling):
    for hours in (-30, -1, 2, 40):
        inbox.create_task(account=falling, title="x", at=NOW, due_at=NOW + timedelta(hours=hours))
    found = day.numbers(ada, at=NOW)
    assert (found.due_today, found.overdue, found.new_risks, found.at_risk_minor, found.at_risk_accounts) == (2, 1, 1, 120000, 1)


def test_a_risk_of_yesterday_is_not_new(ada, falling):
    health.score_all(at=NOW + timedelta(days=1))
    assert day.numbers(ada, at=NOW + timedelta(days=1)).new_risks == 0


def test_moves_since_yesterday_say_their_causes(ada, bob, falling):
    moved = day.moved(ada, at=NOW)
    assert [(m.name, m.from_score, m.score, m.causes) for m in moved] == [("Acme", 100, 0, "sentiment −100")]
    assert sum(part.points for part in moved[0].parts) == moved[0].points
    assert day.moved(bob, at=NOW) == []


def test_before_todays_first_round_the_newest_two_days_count(ada, falling):
    assert len(day.moved(ada, at=NOW + timedelta(days=1))) == 1


def test_mallory_has_no_numbers(ada, mallory, falling):
    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    found = day.numbers(mallory, at=NOW, team=True)
    assert (found.new_risks, found.at_risk_minor) == (0, 0)


def test_the_next_renewals_come_in_order(ada):
    for name, days in (("Late", 90), ("Soon", 5), ("Past", -3)):
        account = make_account(name, owner=ada)
        AccountState.objects.filter(pk=account.pk).update(renewal_on=(NOW + timedelta(days=days)).date())
    assert [account.name for account in day.next_renewals(ada, at=NOW)] == ["Soon", "Late"]


def count(run) -> int:
    with CaptureQueriesContext(connection) as caught:
        run()
    return len(caught)


def test_one_account_and_twenty_cost_the_same(ada, falling):
    def costs():
        return [count(lambda: day.numbers(ada, at=NOW)), count(lambda: day.moved(ada, at=NOW))]

    one = costs()
    for i in range(19):
        set_traits(make_account(f"A{i}", owner=ada, at=YESTERDAY), {"sentiment": 3}, at=YESTERDAY)
    health.score_all(at=NOW)
    assert costs() == one


def test_an_empty_day_knows_whether_any_source_is_connected(client, ada):
    client.force_login(ada)
    assert client.get("/day/").context["sources_exist"] is False
    make_source()
    assert client.get("/day/").context["sources_exist"] is True
