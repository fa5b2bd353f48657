"""My day: the dearest task first, the sum explained, the rest held back and counted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Installation, Team, TeamMember
from customers import inbox, ranking
from customers.models import AccountState
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db


def make_task(owner, name="Acme", *, arr=12_000_00, score=50, renewal=40, due=None, **fields):
    account = make_account(name, owner=owner)
    AccountState.objects.filter(pk=account.pk).update(
        arr_base_minor=arr, score=score, band="watch", renewal_on=(NOW + timedelta(days=renewal)).date()
    )
    due_at = None if due is None else NOW + timedelta(days=due)
    return inbox.create_task(account=account, title=f"Call {name}", at=NOW, due_at=due_at, **fields)


def titles(day) -> list[str]:
    return [row.task.title for row in day.rows]


def test_more_money_at_more_risk_sooner_comes_first(ada):
    make_task(ada, "Safe", score=95)
    make_task(ada, "Large", arr=90_000_00)
    make_task(ada, "Far", renewal=200)
    make_task(ada, "Sick", score=10)
    assert titles(ranking.my_day(ada, at=NOW)) == ["Call Large", "Call Sick", "Call Far", "Call Safe"]


def test_the_sum_is_explained(ada):
    make_task(ada, due=-3, priority="high")
    row = ranking.my_day(ada, at=NOW).rows[0]
    assert [(p.label, p.points) for p in row.parts] == [
        ("value at risk (health 50, renewal in 40 d)", 100),
        ("high priority", 25),
        ("overdue 3 days", 30),
    ]
    assert row.rank == sum(p.points for p in row.parts) == 155
    assert row.explanation.endswith("= 155")


def test_a_row_carries_what_the_list_shows(ada):
    make_task(ada, due=0, why={"sentence": "logins −80 %"})
    row = ranking.my_day(ada, at=NOW).rows[0]
    assert (row.account_name, row.arr_minor, row.score, row.band, row.renewal_days, row.due_days, row.why) == (
        "Acme",
        12_000_00,
        50,
        "watch",
        40,
        0,
        "logins −80 %",
    )


def test_without_any_money_priority_and_due_date_decide(ada):
    make_task(ada, "Later", arr=0, due=20)
    make_task(ada, "Late", arr=0, due=-1)
    make_task(ada, "Urgent", arr=0, priority="urgent")
    assert titles(ranking.my_day(ada, at=NOW)) == ["Call Urgent", "Call Late", "Call Later"]


def test_what_the_daily_limit_keeps_back_is_listed_with_its_place(ada):
    ada.daily_limit = 2
    for i in range(5):
        make_task(ada, f"A{i}")
    day = ranking.my_day(ada, at=NOW)
    assert (len(day.rows), [held.place for held in day.held]) == (2, [3, 4, 5])
    assert day.held[0].reason == "Place 3; your limit is 2 a day"


def test_snoozed_tasks_and_those_of_others_are_not_in_it(ada, bob):
    task = make_task(ada)
    make_task(bob, "Bobs")
    inbox.snooze(task, until=NOW + timedelta(days=2), reason="away", by=ada, at=NOW)
    assert ranking.my_day(ada, at=NOW).rows == []


def test_a_team_sees_its_members_tasks_and_unassigned_ones(ada, bob):
    make_task(bob, "Bobs")
    make_task(None, "Nobodys")
    assert titles(ranking.my_day(ada, at=NOW, team=True)) == ["Call Nobodys"]
    team = Team.objects.create(name="North", key="north")
    for user in (ada, bob):
        TeamMember.objects.create(team=team, user=user)
    assert len(ranking.my_day(ada, at=NOW, team=True).rows) == 2


def test_mallory_sees_nothing(ada, mallory):
    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    inbox.assign(make_task(ada), to=mallory, by=ada, at=NOW)
    assert ranking.my_day(mallory, at=NOW).rows == []


def count(run) -> int:
    with CaptureQueriesContext(connection) as caught:
        run()
    return len(caught)


def test_one_task_and_twenty_cost_the_same(ada):
    make_task(ada)
    one = count(lambda: ranking.my_day(ada, at=NOW))
    for i in range(19):
        make_task(ada, f"A{i}")
    assert count(lambda: ranking.my_day(ada, at=NOW)) == one <= 3
