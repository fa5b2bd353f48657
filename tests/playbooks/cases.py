"""The neutral words of tests/golden/playbook_cases.json said in our own language: documents, facts and what came of them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from customers.events import Fact, record_batch
from customers.models import Account, Source
from customers.traits import SYSTEM, TraitFact, set_traits_batch
from playbooks.models import Decision, Effect, Firing, Run
from playbooks.versions import activate
from tests.factories import make_account

Entry = dict[str, Any]
OURS = {"score": "points"}  # `score` belongs to health


def instant(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def condition(when: Entry) -> Entry:
    kind = when["kind"]
    if kind == "window_drop":
        limits = {"baseline": {"gte": when["baseline_min"]}, "drop_pct": {"gte": when["drop_pct_min"]}}
        return {"compare": {"metric": when["metric"], "window": f"{when['days']}d", "to": "previous", **limits}}
    if kind == "absent":
        return {"absent": when["event"], "for": f"{when['days']}d", "where": when["where"]}
    if kind == "pct_of_allowance":
        limit = {op: when[op] for op in ("gte", "lt") if op in when}
        return {"usage_of": {"metric": when["metric"], "allowance": when["allowance_field"], "pct": limit}}
    return {"field": OURS.get(when["field"], when["field"]), when["op"]: when["value"]}


def trigger(spec: Entry) -> Entry:
    if spec["kind"] == "event":
        found = {"id": "t", "event": spec["event"], "max_age": f"{spec.get('max_age_hours', 48)}h"}
        found |= {"where": spec["where"]} if "where" in spec else {}
        return found | ({"key_by": f"props.{spec['key_prop']}"} if "key_prop" in spec else {})
    found = {"id": "t", "becomes_true": condition(spec["when"])}
    found |= {"for": f"{spec['for_days']}d"} if "for_days" in spec else {}
    found |= {"rearm_when": condition(spec["rearm"])} if "rearm" in spec else {}
    return found | ({"once_per": spec["once_per"]} if "once_per" in spec else {})


def step(spec: Entry) -> Entry:
    """A mail is told as a task: what counts here is whether the step is reached."""
    if spec["do"] == "wait_days":
        return {"id": spec["id"], "wait": f"{spec['n']}d"}
    if spec["do"] == "credit":
        return {"id": spec["id"], "offer": {"kind": "credit", "amount": 5}}
    return {"id": spec["id"], "task": {"title": spec["id"], "merge_into_open": False}}


def document(spec: Entry) -> str:
    parallel = spec.get("policy", {}).get("concurrency") == "parallel"
    found = {
        "playbook": f"case-{spec['id']}",
        "format": 1,
        "name": spec["id"],
        "for_accounts": {"field": "name", "exists": True},
        "trigger": trigger(spec["trigger"]),
        "policy": {"reentry": "always", "concurrency": "parallel"} if parallel else {},
        "steps": [step(each) for each in spec["steps"]],
    }
    if "goal" in spec:
        found["goal"] = {"when": {"since_run_start": {"event": spec["goal"]["event"], "count": {"gte": spec["goal"]["count"]}}}}
    return yaml.safe_dump(found)


def accounts(entry: Entry, _: Source) -> None:
    at = instant(entry["at"])
    for spec in entry["accounts"]:
        account = make_account(spec["key"], at=at)
        fields = {"created_at": instant(spec["created_at"]).isoformat(), **spec["fields"]}
        set_fields(account, fields, at)


def set_field(entry: Entry, _: Source) -> None:
    set_fields(Account.objects.get(name=entry["account"]), {entry["field"]: entry["value"]}, instant(entry["at"]))


def set_fields(account: Account, fields: dict[str, Any], at: datetime) -> None:
    facts = [TraitFact(account.pk, OURS.get(path, path), value, at) for path, value in fields.items()]
    set_traits_batch(facts, at=at, actor=SYSTEM)


def ingest(entry: Entry, source: Source) -> None:
    facts = [fact for event in entry["events"] for fact in repeated(event, source)]
    record_batch(facts, at=instant(entry["at"]))


def repeated(event: Entry, source: Source) -> list[Fact]:
    repeat = event.get("repeat", {"count": 1, "every_hours": 0})
    account, first = Account.objects.get(name=event["account"]), instant(event["occurred_at"])
    shared = {"source_id": source.pk, "quantity": event.get("n", 1), "props": event.get("props", {})}
    times = [first + n * timedelta(hours=repeat["every_hours"]) for n in range(repeat["count"])]
    return [Fact(account.pk, event["type"], when, key=f"{event['id']}#{n}", **shared) for n, when in enumerate(times)]


def activation(entry: Entry, _: Source) -> None:
    for spec in entry["playbooks"]:
        activate(document(spec), at=instant(entry["at"]))


DO = {"accounts": accounts, "set_field": set_field, "ingest": ingest, "activate": activation}


def firings() -> Counter:
    """(playbook, account) of all starts so far."""
    return Counter(Firing.objects.values_list("playbook__name", "account__name"))


def effects() -> Counter:
    """(playbook, account, step) of all effects so far."""
    return Counter(Effect.objects.values_list("run__playbook__name", "account__name", "path"))


def suppressed() -> set[tuple[str, str, str]]:
    return set(Decision.objects.values_list("playbook__name", "account__name", "reason"))


def run_status() -> Counter:
    words = {"waiting": "active", "running": "active"}
    return Counter(words.get(status, status) for status in Run.objects.values_list("status", flat=True))
