"""Cases that say what a playbook means, entry by entry with the clock standing at each."""

import json
import pathlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from playbooks import runner
from tests.factories import make_source
from tests.playbooks import cases
from tests.playbooks.world import wait_for_facts

pytestmark = pytest.mark.django_db(transaction=True)
CASES = json.loads(pathlib.Path("tests/golden/playbook_cases.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']} {case['title'][:40]}")
def test_a_case_comes_out_as_told(case):
    source = make_source()
    for entry in case["timeline"]:
        if entry["do"] == "evaluate":
            evaluate(entry)
        else:
            cases.DO[entry["do"]](entry, source)


def evaluate(entry: dict[str, Any]) -> None:
    """Tick, as often at once as the entry says, and compare with what it expects."""
    before = cases.firings(), cases.effects()
    wait_for_facts()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tick, [entry["at"]] * entry.get("parallel", 1)))
    wait_for_facts()
    tick(entry["at"])
    compare(entry.get("expect", {}), cases.firings() - before[0], cases.effects() - before[1])


def tick(at: str) -> None:
    try:
        runner.run_due(at=cases.instant(at))
    finally:
        connection.close()


def compare(expect: dict[str, Any], firings: Counter, effects: Counter) -> None:
    if "firings" in expect:
        assert firings == Counter(map(tuple, expect["firings"]))
    if "effects" in expect:
        assert effects == Counter(map(tuple, expect["effects"]))
    if "effects_total" in expect:
        assert cases.effects().total() == expect["effects_total"]
    assert {tuple(each) for each in expect.get("suppressed_includes", ())} <= cases.suppressed()
    assert Counter(expect.get("run_status", {})) <= cases.run_status()
