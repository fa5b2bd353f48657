"""Events stated by an authenticated caller (REST): the whole request is stored as a Delivery and recorded in the same transaction.

The caller wants truth: an event that names nobody we know goes to quarantine with its reason, and when no event of the
request is usable the request is refused and nothing is stored. Times are taken as stated. What write keys send comes in
through customers.ingest.
"""

import json
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from crm.lib.problems import Refused
from crm.models import User
from customers import events, identifiers, memberships
from customers.events import Fact
from customers.identifiers import Alias
from customers.models import Account, Contact, Delivery, QuarantinedItem, Source

KEY = "api"


class NothingUsable(Refused):
    code = "nothing_usable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: `result` created, repeated or quarantined; `reason`, `path` and `message` for the last."""

    index: int
    result: str
    id: UUID | None = None
    reason: str = ""
    path: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was checked: the raw items, the usable ones by index, and the faults of the others."""

    raw: Sequence[Any]
    usable: Mapping[int, dict[str, Any]]
    faults: Mapping[int, Outcome]


def take(request: Request, *, user: User, at: datetime) -> tuple[Delivery, list[Outcome]]:
    """Store and record. Raises NothingUsable naming every fault when not one item can be recorded."""
    placed, faults = place(request.usable, user)
    faults = {**request.faults, **faults}
    if not placed:
        raise NothingUsable(
            "No event of the request is usable; nothing was stored.", errors=errors_of(sorted(faults.values(), key=place_of))
        )
    with transaction.atomic():
        delivery = store(request.raw, at)
        outcomes = record(delivery, placed, at=at)
        QuarantinedItem.objects.bulk_create(quarantined(delivery, request.raw, faults.values(), at))
        close(delivery, outcomes, list(faults.values()), at)
    return delivery, sorted([*outcomes, *faults.values()], key=place_of)


def replay(delivery: Delivery, request: Request, *, user: User, at: datetime) -> tuple[Delivery, list[Outcome]]:
    """Try the items in quarantine again, with the time of receipt that the delivery has. `request` holds only those."""
    placed, faults = place(request.usable, user)
    faults = {**request.faults, **faults}
    with transaction.atomic():
        outcomes = record(delivery, placed, at=delivery.received_at)
        done = QuarantinedItem.objects.filter(delivery=delivery, index__in=placed, state=QuarantinedItem.State.OPEN)
        n = done.update(state=QuarantinedItem.State.REPLAYED, closed_at=at)
        delivery.applied, delivery.quarantined = delivery.applied + n, delivery.quarantined - n
        delivery.state = Delivery.State.PARTLY if delivery.quarantined else Delivery.State.APPLIED
        delivery.save(update_fields=["applied", "quarantined", "state"])
    return delivery, sorted([*outcomes, *faults.values()], key=place_of)


def items_of(delivery: Delivery) -> list[Any]:
    """The raw items of a stored request."""
    return json.loads(zlib.decompress(bytes(delivery.body or zlib.compress(b"[]"))))


def place(items: Mapping[int, dict[str, Any]], user: User) -> tuple[dict[int, Fact], dict[int, Outcome]]:
    """(facts, faults) by index: whom each item is about. Hidden accounts are as unknown as those that do not exist."""
    accounts = known((item.get("account") for item in items.values()), Account, user)
    contacts = known((item.get("contact") for item in items.values()), Contact, user)
    places = memberships.load(set(contacts.values()))
    facts, faults = {}, {}
    for index, item in items.items():
        fault = unknown(index, item, "account", accounts) or unknown(index, item, "contact", contacts)
        contact = contacts.get(item.get("contact"), 0)
        account = accounts.get(item.get("account"), 0) or (places[contact].account_at(item["occurred_at"]) if contact else 0)
        if fault is None and not account:
            fault = Outcome(index, "quarantined", None, "ambiguous_account", "account", "The contact belongs to no account, or to several.")
        if fault:
            faults[index] = fault
        else:
            facts[index] = fact(item, account, contact)
    return facts, faults


def known(references: Iterable[int | Alias | None], model: type[Account | Contact], user: User) -> dict[int | Alias | None, int]:
    """Reference -> id, of those that the user may see."""
    wanted = {reference for reference in references if reference is not None}
    named = identifiers.find({r for r in wanted if isinstance(r, Alias)}, model._meta.model_name)
    found: dict[int | Alias | None, int] = {**named, **{r: r for r in wanted if isinstance(r, int)}}
    seen = set(model.objects.visible_to(user).filter(pk__in=found.values()).values_list("pk", flat=True)) if found else set()
    return {reference: pk for reference, pk in found.items() if pk in seen}


def unknown(index: int, item: dict[str, Any], name: str, found: Mapping[Any, int]) -> Outcome | None:
    if name not in item or item[name] in found:
        return None
    return Outcome(index, "quarantined", None, "unmapped_object", name, f"No {name} is known by this, or you may not see it.")


def fact(item: dict[str, Any], account: int, contact: int) -> Fact:
    return Fact(
        account_id=account,
        contact_id=contact,
        name=item["name"],
        occurred_at=item["occurred_at"],
        key=item.get("key", ""),
        props=item.get("properties", {}),
        quantity=item.get("quantity", 1),
    )


def record(delivery: Delivery, placed: Mapping[int, Fact], *, at: datetime) -> list[Outcome]:
    """Record the facts whose keys are new; a key that was known, or stands twice in the request, is a repeat."""
    source = delivery.source_id
    fresh = events.claim(source, [f.key for f in placed.values() if f.key], at=at)
    new = {i: f for i, f in placed.items() if not f.key or events.take(fresh, f.key)}
    facts = [replace(f, source_id=source, delivery_id=delivery.pk) for f in new.values()]
    ids = dict(zip(new, events.record_batch(facts, at=at, claimed=True).ids, strict=True))
    return [
        Outcome(i, "created", ids[i]) if i in ids else Outcome(i, "repeated", events.event_id(source, f.key)) for i, f in placed.items()
    ]


def store(raw: Sequence[Any], at: datetime) -> Delivery:
    text = events.to_json(raw).encode()
    return Delivery.objects.create(
        source=own_source(at),
        received_at=at,
        method="POST",
        path="/api/v1/events/",
        body=zlib.compress(text, 1),
        decoded_bytes=len(text),
        items=len(raw),
        attempts=1,
    )


def own_source(at: datetime) -> Source:
    """The source of all events stated over REST. Nobody knows its write key."""
    defaults = {"name": "REST API", "kind": KEY, "write_key": f"closed_{secrets.token_urlsafe(24)}", "created_at": at}
    return Source.objects.filter(key=KEY).first() or Source.objects.get_or_create(key=KEY, defaults=defaults)[0]


def close(delivery: Delivery, outcomes: list[Outcome], faults: list[Outcome], at: datetime) -> None:
    delivery.applied = sum(outcome.result == "created" for outcome in outcomes)
    delivery.repeated, delivery.quarantined, delivery.applied_at = len(outcomes) - delivery.applied, len(faults), at
    delivery.state = Delivery.State.PARTLY if faults else Delivery.State.APPLIED
    delivery.reason = faults[0].reason if faults else ""
    delivery.save()
    Source.objects.filter(pk=delivery.source_id).update(last_message_at=at)


def quarantined(delivery: Delivery, raw: Sequence[Any], faults: Iterable[Outcome], at: datetime) -> list[QuarantinedItem]:
    return [
        QuarantinedItem(
            source_id=delivery.source_id,
            delivery=delivery,
            index=fault.index,
            reason=fault.reason,
            path=fault.path[:200],
            message=fault.message[:300],
            raw=events.to_json(raw[fault.index]),
            at=at,
        )
        for fault in faults
    ]


def place_of(outcome: Outcome) -> int:
    return outcome.index


def errors_of(faults: Iterable[Outcome]) -> list[dict[str, str]]:
    return [{"path": f"[{f.index}].{f.path}".rstrip("."), "code": f.reason, "message": f.message} for f in faults]
