"""What the pages show of playbooks: numbers of what one may see, and a constant number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Installation
from customers.inbox import complete
from customers.models import Task
from playbooks import overview, versions
from tests.factories import NOW, make_account
from tests.playbooks.test_runner import SEATS
from tests.playbooks.world import run_due, set_on, turn_on

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=1)


def start_on(*names: str, owner=None) -> None:
    for name in names:
        set_on(make_account(name, at=NOW, owner=owner), NOW, seats=1)
    run_due(at=NOW)


def test_a_line_has_its_audience_runs_and_tasks(ada):
    turn_on(SEATS, NOW)
    start_on("Acme", "Bolt", owner=ada)
    make_account("Trial", at=NOW, lifecycle="trial")
    complete(Task.objects.order_by("id").first(), outcome="saved", by=ada, at=NOW)
    line = overview.overview(ada, LATER)[0]
    assert (line.playbook.key, line.version, line.audience) == ("few-seats", 1, 2)
    assert (line.started, line.running, line.tasks, line.tasks_open, line.outcomes["saved"]) == (2, 0, 2, 1, 1)
    assert line.last_started_at == NOW
    assert line.sentence.startswith("when ")


def test_only_what_one_may_see_is_counted(ada, mallory):
    turn_on(SEATS, NOW)
    start_on("Acme", owner=ada)
    Installation.objects.update(visibility="own")
    line = overview.overview(mallory, LATER)[0]
    assert (line.audience, line.started, line.tasks) == (0, 0, 0)
    assert overview.run_log(line.playbook, mallory) == []


def test_the_log_of_runs_costs_the_same_for_one_and_for_many(ada):
    playbook = turn_on(SEATS, NOW)
    start_on("First")
    with CaptureQueriesContext(connection) as few:
        assert [run.account.name for run in overview.run_log(playbook, ada)] == ["First"]
    start_on(*(f"Account {n}" for n in range(19)))
    with CaptureQueriesContext(connection) as many:
        runs = overview.run_log(playbook, ada)
    assert (len(runs), len(few)) == (20, len(many))
    assert [step.path for step in runs[0].steps_done] == ["call"]
    assert [run.pk for run in overview.run_log(playbook, ada, before=runs[4].pk, limit=2)] == [runs[5].pk, runs[6].pk]


def test_what_was_held_back_is_listed_with_its_reason(ada):
    playbook = turn_on(SEATS.replace("steps:", "only_if: {tag: vip}\nsteps:"), NOW)
    start_on("Acme")
    assert [(row.account.name, row.reason) for row in overview.suppressed(playbook, ada, LATER)] == [("Acme", "only_if_false")]


def test_the_whole_library_can_be_listed(ada):
    versions.install_library(at=NOW)
    assert len(overview.overview(ada, LATER)) == 5
