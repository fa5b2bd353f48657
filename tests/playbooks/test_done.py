"""The product's main promise, from the inbound message to the task: what an analytics library sends starts the right thing once."""

import json
from datetime import date, timedelta

import pytest

from crm.installation import bootstrap
from crm.schedules import tick
from customers.ingest import receive
from customers.models import Account, Event, Task
from playbooks.models import Firing
from tests.factories import make_source
from tests.playbooks.world import days, instant, wait_for_facts

pytestmark = pytest.mark.django_db(transaction=True)
NOW = instant("2026-11-20T06:00:00")


def logins(*times) -> list[dict]:
    return [
        {
            "type": "track",
            "event": "login",
            "userId": "u1",
            "messageId": f"m{when:%m%d}",
            "timestamp": when.isoformat(),
            "context": {"groupId": "acme"},
        }
        for when in times
    ]


def send(source, messages: list[dict], at) -> None:
    body = {"batch": messages, "sentAt": at.isoformat()}
    receive.store(source, json.dumps(body).encode(), at=at)


@pytest.mark.parametrize("one_by_one", [False, True], ids=["one batch", "message by message"])
def test_ten_logins_then_two_from_a_library_become_one_task(one_by_one):
    bootstrap(at=NOW - timedelta(hours=1))
    source = make_source()
    group = {
        "type": "group",
        "userId": "u1",
        "groupId": "acme",
        "messageId": "g1",
        "traits": {"name": "Acme"},
        "timestamp": NOW.isoformat(),
    }
    messages = [group, *logins(*days(date(2026, 10, 10), 10), *days(date(2026, 11, 5), 2, every=5))]
    for part in [[message] for message in messages] if one_by_one else [messages]:
        send(source, part, NOW)
    wait_for_facts()
    done = tick(at=NOW)
    assert done.errors == {}
    account = Account.objects.get()
    assert Event.objects.filter(account_id=account.pk, name="login").count() == 12
    task = Task.objects.get()
    assert task.title == "Call Acme: logins 10 → 2"
    for later in range(3):
        wait_for_facts()
        tick(at=NOW + timedelta(minutes=later))
    assert Task.objects.get() == task
    assert Firing.objects.filter(account=account, playbook__key="login-drop-save").count() == 1
