"""Tasks: made once, closed with an outcome, undone, snoozed with a reason."""

from datetime import timedelta

import pytest

from customers import inbox
from customers.models import AccountState, Event, Task, TimelineEntry
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db


def test_an_effect_makes_one_task_for_the_owner(ada):
    account = make_account(owner=ada)
    tasks = {inbox.create_task(account=account, title="Call", at=NOW, effect_key="e1").pk for _ in range(2)}
    assert len(tasks) == 1
    assert Task.objects.get().assignee == ada
    assert AccountState.objects.get(pk=account.pk).open_tasks == 1


def test_closing_needs_an_outcome_and_is_recorded(ada):
    task = inbox.create_task(account=make_account(owner=ada), title="Call", at=NOW)
    with pytest.raises(inbox.BadOutcome):
        inbox.complete(task, outcome="", by=ada, at=NOW)
    inbox.complete(task, outcome="saved", by=ada, at=NOW)
    assert Event.objects.filter(name="task.closed").count() == 1


def test_a_task_closed_by_somebody_else_says_by_whom(ada, bob):
    task = inbox.create_task(account=make_account(owner=ada), title="Call", at=NOW)
    inbox.complete(task, outcome="saved", by=bob, at=NOW)
    with pytest.raises(inbox.TaskClosed, match="Bob Ray"):
        inbox.complete(task, outcome="lost", by=ada, at=NOW)


def test_reopening_restores_it_and_the_count(ada):
    task = inbox.create_task(account=make_account(owner=ada), title="Call", at=NOW)
    inbox.complete(task, outcome="saved", by=ada, at=NOW)
    inbox.reopen(task, by=ada, at=NOW)
    task.refresh_from_db()
    assert (task.status, task.outcome) == ("open", "")
    assert AccountState.objects.get().open_tasks == 1


def test_snoozing_needs_a_reason_and_a_day_ahead_and_wakes_by_itself(ada):
    task = inbox.create_task(account=make_account(owner=ada), title="Call", at=NOW)
    for until, reason in ((NOW, "later"), (NOW + timedelta(days=1), " ")):
        with pytest.raises(inbox.NotSnoozable):
            inbox.snooze(task, until=until, reason=reason, by=ada, at=NOW)
    inbox.snooze(task, until=NOW + timedelta(days=1), reason="on holiday", by=ada, at=NOW)
    assert inbox.wake_due(at=NOW) == 0
    assert inbox.wake_due(at=NOW + timedelta(days=1)) == 1


def test_mallory_sees_nothing_when_people_see_only_their_own(ada, mallory):
    from crm.models import Installation

    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    account = make_account(owner=ada)
    inbox.create_task(account=account, title="Call", at=NOW)
    assert Task.objects.visible_to(ada).count() == 1
    assert not Task.objects.visible_to(mallory).exists()
    assert not TimelineEntry.objects.visible_to(mallory).exists()
