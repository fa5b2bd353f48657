"""A small world for the tests of the runner: facts through the doors, ticks at given instants, and what came of them."""

from datetime import UTC, date, datetime, time, timedelta
from time import sleep
from typing import Any

from django.db import connection

from customers.events import Fact, record_batch
from customers.models import Account, Source, Task
from customers.traits import SYSTEM, TraitFact, set_traits_batch
from playbooks import runner
from playbooks.models import Decision, Firing, Playbook
from playbooks.versions import activate, library
from tests.factories import make_source

DAY = timedelta(days=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(first: date, count: int, every: int = 1) -> list[datetime]:
    """Noon of `count` days from `first` on, `every` days apart."""
    return [datetime.combine(first + n * every * DAY, time(12), UTC) for n in range(count)]


def happen(account: Account, name: str, *times: datetime, at: datetime | None = None, key: str = "", **props: Any) -> None:
    """Events as a source sends them: they occurred at `times` and all arrive at `at` (or as they occur)."""
    source = Source.objects.first() or make_source()
    for received in sorted({at or when for when in times}):
        now = [when for when in times if (at or when) == received]
        facts = [
            Fact(account.pk, name, when, source_id=source.pk, key=f"{key}:{account.pk}:{name}:{when}" if key else "", props=props)
            for when in now
        ]
        record_batch(facts, at=received)


def set_on(account: Account, at: datetime, **traits: Any) -> None:
    """Traits as the engine writes them; `__` in a name stands for a dot."""
    facts = [TraitFact(account.pk, path.replace("__", "."), value, at) for path, value in traits.items()]
    for writer in ("billing", "health"):
        set_traits_batch(
            [fact for fact in facts if (fact.path in ("score", "health")) == (writer == "health")], at=at, actor=SYSTEM, writer=writer
        )


def run_due(at: datetime) -> dict[str, int]:
    """The runner's `run_due`, once all facts written so far can be read: transactions of other databases on the same server
    hold the reading of the fact log up."""
    wait_for_facts()
    return runner.run_due(at=at)


def wait_for_facts() -> None:
    """Until no open transaction on the server is older than a fact."""
    pending = "select exists (select from customers_factlog where xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(pending)
            if not cursor.fetchone()[0]:
                return
        sleep(0.1)


def turn_on(text: str, at: datetime) -> Playbook:
    """Activate a text, or a shipped playbook by its key."""
    shipped = library().get(text)
    return activate(shipped.read_text() if shipped else text, at=at).playbook


def tick_daily(first: str, last: str, hour: int = 6) -> dict[str, int]:
    """A tick on each day from `first` to `last`; the sum of what they did."""
    total: dict[str, int] = {}
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        for name, count in run_due(at=datetime.combine(day, time(hour), UTC)).items():
            total[name] = total.get(name, 0) + count
        day += DAY
    return total


def fired(playbook: Playbook) -> list[tuple[str, str]]:
    """(account name, day) of every start, oldest first."""
    rows = Firing.objects.filter(playbook=playbook).order_by("fired_for", "id").values_list("account__name", "fired_for")
    return [(name, f"{when:%Y-%m-%d}") for name, when in rows]


def reasons(playbook: Playbook) -> list[str]:
    """Why it did not start, oldest first."""
    return list(Decision.objects.filter(playbook=playbook).exclude(reason="").order_by("id").values_list("reason", flat=True))


def titles() -> list[str]:
    return list(Task.objects.order_by("id").values_list("title", flat=True))
