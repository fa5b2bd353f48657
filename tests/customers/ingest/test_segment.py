"""Reading items of the tracking API: every reason for quarantine, every limit, ids, times, traits. No database."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.ingest import body, segment, times
from customers.ingest.limits import Limits
from customers.ingest.reading import Fault, Item, Reading
from tests.customers.ingest.sending import encoded, message
from tests.factories import NOW


def read(text: bytes, kind: str = "batch", **limits: Any) -> Reading:
    return segment.read(text, kind=kind, received_at=NOW, limits=Limits(**limits))


def item(**fields: Any) -> Item:
    reading = read(encoded(message(**fields)))
    assert not reading.refusals, reading.refusals
    return reading.items[0]


def why(sent: Any, **limits: Any) -> tuple[str, str]:
    """(reason, path) for which an item is quarantined."""
    text = sent if isinstance(sent, bytes) else encoded(sent)
    (refusal,) = read(text, **limits).refusals
    return refusal.reason, refusal.path


def nested(levels: int) -> Any:
    return {"x": nested(levels - 1)} if levels else 1


REASONS = [
    ({"userId": None}, ("no_identity", "userId")),
    ({"userId": "", "anonymousId": "  "}, ("no_identity", "userId")),
    ({"userId": True}, ("bad_field", "userId")),
    ({"userId": {"id": 1}}, ("bad_field", "userId")),
    ({"userId": "x" * 501}, ("bad_field", "userId")),
    ({"anonymousId": [1]}, ("bad_field", "anonymousId")),
    ({"event": None}, ("bad_field", "event")),
    ({"event": " "}, ("bad_field", "event")),
    ({"event": 5}, ("bad_field", "event")),
    ({"event": "x" * 201}, ("bad_field", "event")),
    ({"properties": [1]}, ("bad_field", "properties")),
    ({"context": "x"}, ("bad_field", "context")),
    ({"context": {"groupId": {}}}, ("bad_field", "groupId")),
    ({"kind": "group"}, ("bad_field", "groupId")),
    ({"kind": "group", "groupId": "null"}, ("bad_field", "groupId")),
    ({"kind": "group", "groupId": "g", "traits": {"createdAt": "soon"}}, ("bad_time", "traits.createdAt")),
    ({"kind": "group", "groupId": "g", "traits": {"x" * 200: 1}}, ("bad_field", "traits." + "x" * 100)),
    ({"kind": "alias"}, ("bad_field", "previousId")),
    ({"kind": "alias", "userId": None, "anonymousId": "a", "previousId": "p"}, ("bad_field", "userId")),
    ({"kind": "identify", "traits": "x"}, ("bad_field", "traits")),
    ({"kind": "identify", "userId": "null"}, ("no_identity", "userId")),
    ({"type": "charge"}, ("unknown_type", "type")),
    ({"type": None}, ("unknown_type", "type")),
    ({"type": 5}, ("unknown_type", "type")),
    ({"timestamp": "yesterday"}, ("bad_time", "timestamp")),
    ({"timestamp": {}}, ("bad_time", "timestamp")),
    ({"timestamp": True}, ("bad_time", "timestamp")),
    ({"timestamp": "1999-12-31T23:59:59Z"}, ("bad_time", "timestamp")),
    ({"originalTimestamp": "2026-13-01"}, ("bad_time", "originalTimestamp")),
    ({"properties": nested(33)}, ("too_deep", "")),
    ({"properties": {"text": "x" * 33_000}}, ("item_too_large", "")),
]


@pytest.mark.parametrize(("fields", "expected"), REASONS, ids=range(len(REASONS)))
def test_every_fault_of_an_item_has_its_reason_and_path(fields, expected):
    kind = fields.pop("kind", "track") if "kind" in fields else "track"
    sent = {**message(kind), **fields}
    assert why(sent) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"5", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"x"', "not_an_object"),
        (b"[[]]", "not_an_object"),
        (b'{"n": 1e999}', "bad_json"),
    ],
)
def test_an_item_that_is_no_object_is_quarantined_alone(text, reason):
    reading = read(b'{"batch": [' + text + b", " + json.dumps(message()).encode() + b"]}")
    assert (len(reading.items), [r.reason for r in reading.refusals]) == (1, [reason])
    assert reading.refusals[0].raw.encode() == text


def test_items_beyond_the_limit_are_quarantined_and_the_rest_read():
    reading = read(encoded(*[message(key=str(n)) for n in range(5)]), items=3)
    assert [i.index for i in reading.items] == [0, 1, 2]
    assert [(r.index, r.reason) for r in reading.refusals] == [(3, "too_many_items"), (4, "too_many_items")]


def test_an_item_as_deep_and_as_large_as_allowed_is_read():
    assert item(properties=nested(30))
    sent = json.dumps(message()).encode()
    assert not read(b'{"batch":[' + sent + b"]}", item_bytes=len(sent)).refusals
    assert why(b'{"batch":[' + sent + b"]}", item_bytes=len(sent) - 1) == ("item_too_large", "")


def test_the_path_gives_the_type_when_the_body_has_none():
    sent = message()
    del sent["type"]
    assert read(json.dumps(sent).encode(), kind="track").items[0].event == "Report Opened"
    assert read(json.dumps({**sent, "groupId": "g"}).encode(), kind="group").items[0].group_id == "g"


@pytest.mark.parametrize(("sent", "text"), [(42, "42"), (42.0, "42"), (4.5, "4.5"), (" u ", "u"), (10**30, str(10**30))])
def test_ids_are_text_without_white_space(sent, text):
    assert item(userId=sent).user_id == text


def test_nul_and_lone_surrogates_become_replacement_characters_and_are_flagged():
    nul = item(properties={"a\0b": ["x\0"]})
    assert (nul.props, nul.flags) == ({"a\ufffdb": ["x\ufffd"]}, ["nul_replaced"])
    text = encoded(message()).replace(b'"Report Opened"', b'"half \\ud83d and whole \\ud83d\\ude00 and \\\\ud83d"')
    (half,) = read(text).items
    assert (half.event, half.flags) == ("half \ufffd and whole 😀 and \\ud83d", ["surrogate_replaced"])


@pytest.mark.parametrize("key", [None, "", "x" * 101, 5])
def test_an_unusable_message_id_gives_way_to_a_digest_that_ignores_transport(key):
    a, b = (item(key=key, sentAt=(NOW - timedelta(hours=n)).isoformat()) for n in (1, 2))
    assert a.key == b.key
    assert len(a.key) == 64
    assert "derived_key" in a.flags
    assert item(key=key, event="Other").key != a.key


def test_context_of_the_batch_is_merged_into_each_item_and_the_item_wins():
    shared = {"groupId": "g1", "traits": {"a": 1, "b": 1}}
    reading = read(encoded(message(), message("identify", key="i", context={"traits": {"b": 2}}, traits={"c": 3}), context=shared))
    assert [i.group_id for i in reading.items] == ["g1", "g1"]
    assert reading.items[1].contact_traits == {"a": 1, "b": 2, "c": 3}


def test_company_among_the_traits_of_a_person_is_the_account():
    found = item(kind="identify", traits={"email": "a@b.c", "company": {"id": 7, "name": "Acme", "createdAt": 1704067200}})
    assert (found.group_id, found.contact_traits) == ("7", {"email": "a@b.c"})
    assert found.account_traits == {"name": "Acme", "created_at": "2024-01-01T00:00:00+00:00"}
    assert item(kind="identify", traits={"company": "Acme"}).contact_traits == {"company": "Acme"}


def test_a_null_trait_removes_and_an_absent_one_does_not():
    assert item(kind="identify", traits={"phone": None}).contact_traits == {"phone": None}


def test_pages_and_screens_are_events_with_name_and_category():
    page = item(kind="page", name="Home", category="Docs", properties={"url": "/"})
    assert (page.event, page.props) == ("page.viewed", {"url": "/", "name": "Home", "category": "Docs"})
    assert item(kind="screen").event == "screen.viewed"


SENT = "2026-11-20T11:00:00Z"
TIMES = [
    ({"timestamp": "2026-11-20T10:00:00Z"}, SENT, NOW - timedelta(hours=1), []),
    ({"timestamp": "2019-05-01T00:00:00Z"}, NOW.isoformat(), datetime(2019, 5, 1, tzinfo=UTC), []),
    ({"timestamp": "2026-11-20T10:00:00Z"}, None, datetime(2026, 11, 20, 10, tzinfo=UTC), []),
    ({"timestamp": "2026-11-20T10:00:00"}, None, datetime(2026, 11, 20, 10, tzinfo=UTC), ["no_zone"]),
    ({"timestamp": "2026-11-20"}, None, datetime(2026, 11, 20, tzinfo=UTC), []),
    ({"timestamp": "2026-11-20T10:00:00.123456789+02:00"}, None, datetime(2026, 11, 20, 8, 0, 0, 123456, UTC), []),
    ({"timestamp": 1763000000}, None, datetime.fromtimestamp(1763000000, UTC), []),
    ({"timestamp": 1763000000123}, None, datetime.fromtimestamp(1763000000.123, UTC), []),
    ({"timestamp": "1763000000"}, None, datetime.fromtimestamp(1763000000, UTC), []),
    ({"timestamp": None}, SENT, NOW, []),
    ({"timestamp": "2030-01-01T00:00:00Z"}, None, NOW, ["future_clamped"]),
    ({"timestamp": "2026-11-20T10:00:00Z"}, "nonsense", datetime(2026, 11, 20, 10, tzinfo=UTC), ["sent_unreadable"]),
    ({"timestamp": "2026-11-21T10:00:00Z"}, "2026-11-21T11:00:00Z", NOW - timedelta(hours=1), []),
    ({"originalTimestamp": "2026-11-20T10:30:00Z", "timestamp": "2026-11-20T10:29:59Z"}, SENT, NOW - timedelta(minutes=30), []),
    ({"originalTimestamp": SENT, "timestamp": "2019-05-01T00:00:00Z"}, SENT, datetime(2019, 5, 1, 1, tzinfo=UTC), []),
    ({"originalTimestamp": "2026-11-20T10:30:00Z", "timestamp": "2019-05-01", "receivedAt": SENT}, SENT, NOW - timedelta(minutes=30), []),
]


@pytest.mark.parametrize(("fields", "sent", "occurred", "flags"), TIMES, ids=range(len(TIMES)))
def test_when_it_occurred(fields, sent, occurred, flags):
    (found,) = read(encoded({**message(), **fields}, **({"sentAt": sent} if sent else {}))).items
    assert (found.occurred_at, found.flags) == (occurred, flags)


def test_the_items_own_sent_at_comes_first():
    (found,) = read(encoded(message(timestamp="2026-11-20T10:00:00Z", sentAt="2026-11-20T10:30:00Z"), sentAt=SENT)).items
    assert found.occurred_at == NOW - timedelta(minutes=30)


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.integers())))
def test_any_value_as_a_time_is_read_or_refused(value):
    reason, occurred = "", NOW
    try:
        occurred = times.occurred({"timestamp": value}, None, NOW, [])
    except Fault as fault:
        reason = fault.reason
    assert reason in {"", "bad_time"}
    assert times.FIRST <= occurred <= NOW


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=8), c, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    [
        "type",
        "userId",
        "anonymousId",
        "event",
        "properties",
        "traits",
        "context",
        "groupId",
        "previousId",
        "timestamp",
        "sentAt",
        "messageId",
    ]
)


@given(
    st.lists(
        st.dictionaries(fields, json_values | st.sampled_from(["track", "identify", "group", "alias", "page"]), max_size=8), max_size=4
    )
)
def test_any_json_is_read_or_quarantined_with_a_reason_and_never_crashes(items):
    reading = read(encoded(*items))
    assert len(reading.items) + len(reading.refusals) == reading.total == len(items)
    assert "adapter_error" not in {r.reason for r in reading.refusals}


def test_mending_leaves_whole_characters_and_escaped_backslashes_alone():
    whole = b'"\\ud83d\\ude00 \\\\ud83d \\u0041 \\n"'
    assert body.mend(whole) == whole


@pytest.mark.parametrize(
    ("sent", "counted"), [(500, 500), (2.5, 2.5), (0, 0), (None, 1), (-3, 1), ("7", 1), (True, 1), (1e300, 1), (10**15, 1)]
)
def test_a_number_in_the_property_quantity_is_how_much_the_event_counts_for(sent, counted):
    assert segment.quantity_of(sent) == counted
