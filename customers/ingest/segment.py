"""Adapter of the tracking API's dialect (Segment, Rudder): the text of a delivery in, items and refusals out.

Pure: no database, no clock. What an item means for accounts, contacts and events is decided in customers.ingest.apply.
"""

import hashlib
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from customers.ingest import body, times
from customers.ingest.limits import Limits
from customers.ingest.reading import Fault, Item, Reading, Refusal

RAW_KEPT = 32 * 1024
MOST = 10**15  # a quantity above is a mistake, not use
CONTACT_FIELDS = {"firstName": "first_name", "lastName": "last_name", "createdAt": "created_at"}
ACCOUNT_FIELDS = {"createdAt": "created_at"}


@dataclass(frozen=True, slots=True)
class Context:
    """What the items of one delivery share."""

    kind: str
    received_at: datetime
    limits: Limits
    sent: Any
    shared: dict[str, Any]
    mended: bool


def read(text: bytes, *, kind: str, received_at: datetime, limits: Limits, skip: frozenset[int] = frozenset()) -> Reading:
    """Read a delivery's text. `kind` is what its path takes (receive.kind_of); items at `skip` are left out."""
    envelope, raws, mended = opened(text)
    single = not isinstance(envelope.batch, list)
    shared = {name: value for name in ("context", "integrations") if isinstance(value := getattr(envelope, name), dict)}
    context = Context(kind, received_at, limits, envelope.sentAt, {} if single else shared, mended)
    reading = Reading(total=len(raws))
    for index, raw in enumerate(raws):
        if index not in skip:
            read_one(index, bytes(raw), context, reading)
    return reading


def opened(text: bytes) -> tuple[body.Envelope, list[Any], bool]:
    """The envelope, the text of each item, and whether lone surrogates were mended."""
    text = text.removeprefix(body.BOM)
    mended = body.has_surrogates(text)
    text = body.mend(text) if mended else text
    envelope = body.look(text)
    return envelope, envelope.batch if isinstance(envelope.batch, list) else [text], mended


def raw_item(text: bytes, index: int) -> bytes:
    """The JSON text of one item of a delivery."""
    return bytes(opened(text)[1][index])


def read_one(index: int, raw: bytes, context: Context, reading: Reading) -> None:
    """Add the item, or the reason why not, to `reading`. A fault of one item is never a fault of the others."""
    try:
        reading.items.append(item_of(index, raw, context))
    except Fault as fault:
        reading.refusals.append(refusal(index, fault, raw))
    except Exception:  # noqa: BLE001  our own fault is kept with its traceback, the other items go on
        fault = Fault("adapter_error", "the adapter failed on this item", detail=traceback.format_exc(limit=8))
        reading.refusals.append(refusal(index, fault, raw))


def refusal(index: int, fault: Fault, raw: bytes) -> Refusal:
    return Refusal(index, fault.reason, fault.path[:200], fault.message[:300], raw[:RAW_KEPT].decode("utf-8", "replace"), fault.detail)


def item_of(index: int, raw: bytes, context: Context) -> Item:
    """One item. Raises Fault."""
    check_size(index, raw, context.limits)
    source, flags = decoded(raw, context)
    message = merged(context.shared, source) if context.shared else source
    kind = message.get("type") or (context.kind if context.kind != "batch" else "")
    reader = READERS.get(kind.lower()) if isinstance(kind, str) else None
    if reader is None:
        raise Fault("unknown_type", f"type {str(kind)[:60]!r} is not known", "type")
    item = Item(
        index=index,
        key=item_key(message, source, flags),
        occurred_at=times.occurred(message, context.sent, context.received_at, flags),
        user_id=identity(message, "userId", context.limits, flags),
        anonymous_id=identity(message, "anonymousId", context.limits, flags),
        flags=flags,
    )
    if not item.user_id and not item.anonymous_id and "junk_id" not in flags:
        raise Fault("no_identity", "neither userId nor anonymousId is given", "userId")
    reader(item, message, context.limits)
    return item


def check_size(index: int, raw: bytes, limits: Limits) -> None:
    if index >= limits.items:
        raise Fault("too_many_items", f"more than {limits.items} items in a batch")
    if len(raw) > limits.item_bytes:
        raise Fault("item_too_large", f"item of {len(raw)} bytes, allowed are {limits.item_bytes}")


def decoded(raw: bytes, context: Context) -> tuple[dict[str, Any], list[str]]:
    """The item as an object, cleaned of what PostgreSQL refuses, with flags. Raises Fault."""
    try:
        deep = raw.count(b"{") + raw.count(b"[") > context.limits.depth
        source = body.load(raw)
        if deep and depth(source) > context.limits.depth:
            raise Fault("too_deep", f"nested deeper than {context.limits.depth} levels")
    except RecursionError as error:
        raise Fault("too_deep", f"nested deeper than {context.limits.depth} levels") from error
    except ValueError as error:
        raise Fault("bad_json", f"item is not readable JSON: {error}") from error
    if not isinstance(source, dict):
        raise Fault("not_an_object", f"item is {type(source).__name__}, not an object")
    flags = ["surrogate_replaced"] if context.mended and b"\\ufffd" in raw else []
    if b"\\u0000" in raw:
        source = without_nul(source)
        flags.append("nul_replaced")
    return source, flags


def depth(value: Any) -> int:
    """Levels of nesting, without recursion."""
    level, todo = 0, [value]
    while todo:
        level += 1
        children: list[Any] = []
        for v in todo:
            if isinstance(v, (dict, list)):
                children.extend(v.values() if isinstance(v, dict) else v)
        todo = [c for c in children if isinstance(c, (dict, list))]
    return level


def without_nul(value: Any) -> Any:
    """The value with NUL characters replaced by U+FFFD, in keys too."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [without_nul(v) for v in value]
    if isinstance(value, dict):
        return {without_nul(k): without_nul(v) for k, v in value.items()}
    return value


def merged(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`shared` overlaid by `own`, key by key, recursively for objects."""
    result = dict(shared)
    for key, value in own.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def item_key(message: dict[str, Any], source: dict[str, Any], flags: list[str]) -> str:
    """messageId where usable, else the digest of the item as it was sent without its transport times."""
    given = message.get("messageId")
    if isinstance(given, str) and 1 <= len(given) <= 100:
        return given
    flags.append("derived_key")
    plain = {k: v for k, v in source.items() if k not in {"sentAt", "receivedAt", "writeKey"}}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def identity(message: dict[str, Any], field: str, limits: Limits, flags: list[str]) -> str:
    """An id as text; null, missing, blank and well-known junk are absent. Raises Fault(bad_field)."""
    value = message.get(field)
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Fault("bad_field", f"{field} must be text or a number, not {type(value).__name__}", field)
    found = number_text(value) if isinstance(value, (int, float)) else value.strip()
    if len(found) > 500:
        raise Fault("bad_field", f"{field} is longer than 500 characters", field)
    if found.lower() in limits.junk_ids:
        flags.append("junk_id")
        return ""
    return found


def number_text(value: float) -> str:
    """A number as an id: 42 and 42.0 are both "42"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def read_track(item: Item, message: dict[str, Any], limits: Limits) -> None:
    name = message.get("event")
    if not isinstance(name, str) or not name.strip():
        raise Fault("bad_field", "event must be a non-empty text", "event")
    set_event(item, name.strip(), objects(message, "properties"))
    read_group_of_context(item, message, limits)


def set_event(item: Item, name: str, props: dict[str, Any]) -> None:
    if len(name) > 200:
        raise Fault("bad_field", "event is longer than 200 characters", "event")
    item.event, item.props, item.quantity = name, props, quantity_of(props.get("quantity"))


def quantity_of(value: Any) -> Decimal | int:
    """How much the event counts for: a number of at least 0 in the property `quantity`, else 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < MOST:
        return 1
    return value if isinstance(value, int) else round(Decimal(str(value)), 6)


def read_view(event: str) -> Callable[[Item, dict[str, Any], Limits], None]:
    """Reader of page and screen: an event with name and category among its properties."""

    def read_page(item: Item, message: dict[str, Any], limits: Limits) -> None:
        named = {k: message[k] for k in ("name", "category") if message.get(k) not in (None, "")}
        set_event(item, event, {**objects(message, "properties"), **named})
        read_group_of_context(item, message, limits)

    return read_page


def read_group_of_context(item: Item, message: dict[str, Any], limits: Limits) -> None:
    """context.groupId names the account of a track, page, screen or identify."""
    context = objects(message, "context")
    if context.get("groupId") is not None:
        item.group_id = identity(context, "groupId", limits, item.flags)


def read_identify(item: Item, message: dict[str, Any], limits: Limits) -> None:
    """Traits are context.traits overlaid by traits; `company` in them is the account (Segment's B2B convention)."""
    if not item.user_id and not item.anonymous_id:
        raise Fault("no_identity", "the id is on the list of ids that mean nobody", "userId")
    item.identifies = True
    traits = {**objects(objects(message, "context"), "traits", "context.traits"), **objects(message, "traits")}
    company = traits.pop("company", None)
    item.contact_traits = contact_paths(traits)
    read_group_of_context(item, message, limits)
    if isinstance(company, dict) and company.get("id") not in (None, ""):
        item.group_id = identity(company, "id", limits, item.flags) or item.group_id
        item.account_traits = account_paths({k: v for k, v in company.items() if k != "id"}) if item.group_id else {}
    elif company is not None:
        item.contact_traits["company"] = company


def contact_paths(traits: dict[str, Any]) -> dict[str, Any]:
    """Traits of a person by their paths; a name is made of its parts where only those are given."""
    paths = renamed(traits, CONTACT_FIELDS)
    parts = [paths.get(p) for p in ("first_name", "last_name")]
    if "name" not in paths and any(isinstance(p, str) and p for p in parts):
        paths["name"] = " ".join(p for p in parts if isinstance(p, str) and p)
    if isinstance(paths.get("email"), str):
        paths["email"] = paths["email"].strip()
    return paths


def account_paths(traits: dict[str, Any]) -> dict[str, Any]:
    return renamed(traits, ACCOUNT_FIELDS)


def renamed(traits: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    paths = {fields.get(name, name): value for name, value in traits.items()}
    for path in paths:
        if not 1 <= len(path) <= 150:
            raise Fault("bad_field", "a trait's name must have 1 to 150 characters", f"traits.{path[:100]}")
    if paths.get("created_at") is not None and "created_at" in paths:
        paths["created_at"] = instant(paths["created_at"])
    return paths


def instant(value: Any) -> str:
    """createdAt as ISO text in UTC. Raises Fault(bad_time)."""
    found = times.parse(value)
    if found is None:
        raise Fault("bad_time", f"createdAt is not a time: {str(value)[:80]}", "traits.createdAt")
    return found[0].isoformat()


def read_group(item: Item, message: dict[str, Any], limits: Limits) -> None:
    item.group_id = identity(message, "groupId", limits, item.flags)
    if not item.group_id:
        raise Fault("bad_field", "group needs a groupId that names an account", "groupId")
    item.account_traits = account_paths(objects(message, "traits"))


def read_alias(item: Item, message: dict[str, Any], limits: Limits) -> None:
    item.previous_id = identity(message, "previousId", limits, item.flags)
    for field, value in (("previousId", item.previous_id), ("userId", item.user_id)):
        if not value:
            raise Fault("bad_field", f"alias needs {field}", field)


def objects(message: dict[str, Any], field: str, path: str = "") -> dict[str, Any]:
    """An optional object among the fields; null is empty. Raises Fault(bad_field)."""
    value = message.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Fault("bad_field", f"{path or field} must be an object, not {type(value).__name__}", path or field)
    return value


READERS: dict[str, Callable[[Item, dict[str, Any], Limits], None]] = {
    "track": read_track,
    "identify": read_identify,
    "group": read_group,
    "alias": read_alias,
    "page": read_view("page.viewed"),
    "screen": read_view("screen.viewed"),
}
