"""The promise of the product, kept from end to end: a real library sends ten logins in one month and two in the next; after a tick the
events stand on the timeline, the score has fallen and says why, and exactly one task waits for the right person."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crm.lib import clock
from tests.live import LiveTenure, living_tenure

segment = pytest.importorskip("segment.analytics.client")
pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def tenure() -> Iterator[LiveTenure]:
    with living_tenure() as live:
        live.start("--empty")
        yield live


@pytest.fixture(scope="module")
def key(tenure: LiveTenure) -> str:
    return tenure.manage("create_api_key", "Check", "--scopes", "read,write").strip()


def api(tenure: LiveTenure, key: str, path: str) -> Any:
    request = urllib.request.Request(f"{tenure.url}/api/v1/{path}", headers={"Authorization": f"Bearer {key}"})
    return json.load(urllib.request.urlopen(request, timeout=20))


def send_logins(tenure: LiveTenure, write_key: str, days_ago: list[int]) -> None:
    client = segment.Client(write_key, host=tenure.url, on_error=lambda error, items: pytest.fail(str(error)))
    client.identify("user-1", {"email": "jonas@halvorsen.example", "name": "Jonas Vik"})
    client.group("user-1", "acct-9", {"name": "Halvorsen Marine"})
    for days in days_ago:
        at = clock.now() - timedelta(days=days)
        client.track("user-1", "login", {"from": "web"}, context={"groupId": "acct-9"}, timestamp=at)
    client.flush()
    client.join()


def test_ten_logins_that_became_two_fall_in_score_and_make_one_task_once(tenure: LiveTenure, key: str) -> None:
    write_key = tenure.manage("create_source", "My product", "--kind", "segment").strip()
    send_logins(tenure, write_key, [32, 35, 38, 40, 43, 46, 49, 52, 55, 58, 5, 20])
    tenure.manage("tick", "--at", (clock.now() + timedelta(seconds=30)).isoformat())
    account = api(tenure, key, "accounts/?identifier=my-product:group_id:acct-9")["results"][0]
    entries = api(tenure, key, f"accounts/{account['id']}/timeline/")["results"]
    assert sum("login" in json.dumps(entry).lower() for entry in entries) >= 12
    score = api(tenure, key, f"accounts/{account['id']}/score/")
    change = score["change"]
    assert change["points"] < -20
    assert sum(part["points"] for part in change["parts"]) == change["points"] == score["score"] - change["from_score"]
    assert score["factors"][0]["text"] == "logins −80 %"
    tasks = api(tenure, key, f"tasks/?account={account['id']}&status=open")["results"]
    assert [(task["playbook"], task["title"]) for task in tasks] == [("login-drop-save", "Call Halvorsen Marine: logins 10 → 2")]
    assert "10 to 2" in tasks[0]["why"]["sentence"]
    for minutes in (2, 24 * 60):  # nothing is done a second time, today or tomorrow
        tenure.manage("tick", "--at", (clock.now() + timedelta(minutes=minutes)).isoformat())
    assert len(api(tenure, key, "tasks/")["results"]) == 1
