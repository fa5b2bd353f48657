"""Every answer of the HTTP door: routes, authentication, limits, CORS, and faults of our own."""

import base64
import gzip
import json
import zlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import OperationalError, connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from crm.lib import clock
from customers import sources
from customers.ingest import body, keys, refusals
from customers.models import Delivery, RefusedBody, Source
from tests.customers.ingest.sending import encoded, message, post
from tests.factories import make_source

pytestmark = pytest.mark.django_db
BATCHES = ["/v1/batch", "/v1/b", "/v1/import"]
SINGLES = ["track", "identify", "group", "page", "screen", "alias", "t", "i", "g", "p", "s", "a"]


@pytest.fixture
def source() -> Source:
    return make_source()


def said(answer: Any) -> tuple[int, str]:
    """Status and code; every error says both, as JSON with a message."""
    content = json.loads(answer.content)
    assert answer["Content-Type"] == "application/json"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Expose-Headers"] == "Retry-After"
    assert content.keys() == {"code", "message"}
    return answer.status_code, content["code"]


def accepted(answer: Any) -> bool:
    return (answer.status_code, answer.content) == (200, b'{"success": true}') and answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", [*BATCHES, *(f"/v1/{name}" for name in SINGLES)])
def test_every_route_answers_200_with_and_without_slash(client, source, path, slash):
    sent = encoded(message()) if path in BATCHES else json.dumps(message()).encode()
    assert accepted(post(client, sent, key=source.write_key, path=path + slash))
    assert Delivery.objects.get().path == path + slash


@pytest.mark.parametrize("path", ["/v1/", "/v1/nothing", "/v1/batch/extra", "/v1/projects/x/settings", "/v1//batch"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_unknown_path_is_404(client, path, method):
    assert said(client.generic(method, path)) == (404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_405_and_says_which_is_allowed(client, method):
    answer = client.generic(method, "/v1/batch")
    assert said(answer) == (405, "method_not_allowed")
    assert answer["Allow"] == "POST, OPTIONS"


def test_a_preflight_is_empty_and_allows_what_browsers_send(client):
    answer = client.options("/v1/t", HTTP_ORIGIN="https://app.example", HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Access-Control-Allow-Methods"] == "POST, GET, OPTIONS"
    assert answer["Access-Control-Allow-Headers"] == "authorization, content-type, x-retry-count"
    assert answer["Access-Control-Max-Age"] == "86400"


def test_a_source_that_lists_its_origins_is_read_by_those_only(client):
    source = make_source(allowed_origins=["https://app.example"])
    good = post(client, encoded(), key=source.write_key, HTTP_ORIGIN="https://app.example")
    bad = post(client, encoded(), key=source.write_key, HTTP_ORIGIN="https://evil.example")
    assert (good["Access-Control-Allow-Origin"], good["Vary"]) == ("https://app.example", "Origin")
    assert not bad.has_header("Access-Control-Allow-Origin")


def test_the_key_may_stand_in_the_header_the_body_or_the_first_item(client, source):
    assert accepted(post(client, encoded(message()), key=source.write_key))
    assert accepted(post(client, encoded(message(), writeKey=source.write_key)))
    assert accepted(post(client, encoded({**message(), "writeKey": source.write_key})))
    assert accepted(post(client, json.dumps({**message(), "writeKey": source.write_key}).encode(), path="/v1/track"))
    assert Delivery.objects.filter(source=source, flags=[]).count() == 4


def test_the_header_wins_over_the_body_and_the_delivery_is_flagged(client, source):
    other = make_source()
    assert accepted(post(client, encoded(message(), writeKey=other.write_key), key=source.write_key))
    assert Delivery.objects.get().source == source
    assert Delivery.objects.get().flags == ["key_mismatch"]


@pytest.mark.parametrize("key", ["", "nobody", "x\0y"])
def test_a_missing_or_unknown_key_is_401(client, key):
    assert said(post(client, encoded(message()), key=key)) == (401, "unauthorized")
    assert RefusedBody.objects.get().status == 401


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Bearer abc", "Basic " + base64.b64encode(b"\xff\xfe:").decode()])
def test_an_unreadable_authorization_is_401(client, header):
    assert said(client.generic("POST", "/v1/batch", encoded(message()), HTTP_AUTHORIZATION=header)) == (401, "unauthorized")


def test_a_source_that_is_switched_off_is_401(client, source):
    sources.switch_off(source)
    assert said(post(client, encoded(message()), key=source.write_key)) == (401, "unauthorized")


def test_a_paused_source_stores(client, source):
    sources.pause(source)
    assert accepted(post(client, encoded(message()), key=source.write_key))


def test_an_old_key_is_valid_until_its_time_is_over(client, source):
    old = source.write_key
    sources.rotate(source, at=clock.now(), overlap=timedelta(hours=1))
    assert accepted(post(client, encoded(), key=old))
    assert accepted(post(client, encoded(), key=source.write_key))
    Source.objects.update(old_key_until=clock.now() - timedelta(seconds=1))
    keys.forget()
    assert said(post(client, encoded(), key=old)) == (401, "unauthorized")


def test_using_a_key_is_recorded(client, source):
    post(client, encoded(), key=source.write_key)
    source.refresh_from_db()
    assert source.key_used_at is not None


UNREADABLE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b"{}",
    b'{"batch": {}}',
    b'{"batch": null}',
    b'{"batch": [NaN]}',
    b'{"batch": [Infinity]}',
]
UNREADABLE += [
    b'{"batch": [01]}',
    b'{"batch": [{"a": "\xff"}]}',
    b'{"batch": []} x',
    b"\xff\xfe{\x00}\x00",
    b'{"batch": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
]


@pytest.mark.parametrize("sent", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_neither_an_item_nor_a_batch_is_400_and_not_stored(client, source, sent):
    assert said(post(client, sent, key=source.write_key)) == (400, "invalid_request")
    assert not Delivery.objects.exists()
    refused = RefusedBody.objects.get()
    assert (refused.status, refused.size, bytes(refused.head)) == (400, len(sent), sent[:1024])
    source.refresh_from_db()
    assert source.refused == 1


@pytest.mark.parametrize("sent", [b"abc", b"", gzip.compress(b"{}")[:-4], b"\x1f\x8b\x08", gzip.compress(b"{}") + b"trailing"])
def test_broken_gzip_is_400(client, source, sent):
    answer = post(client, sent, key=source.write_key, HTTP_CONTENT_ENCODING="gzip")
    assert said(answer) in {(400, "bad_gzip"), (400, "invalid_request")}


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip"])
def test_another_encoding_is_400(client, source, encoding):
    assert said(post(client, encoded(), key=source.write_key, HTTP_CONTENT_ENCODING=encoding)) == (400, "unsupported_encoding")


def test_a_gzip_bomb_is_413_without_being_unpacked(client, source):
    bomb = gzip.compress(b"0" * 60_000_000)
    assert said(post(client, bomb, key=source.write_key, HTTP_CONTENT_ENCODING="gzip")) == (413, "too_large")


def test_a_body_above_the_cap_is_413_and_one_at_the_cap_is_taken(client, source):
    at_cap = b'{"batch":[]}'.ljust(10 * 1024 * 1024)
    assert accepted(post(client, at_cap, key=source.write_key))
    assert said(post(client, at_cap + b" ", key=source.write_key)) == (413, "too_large")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_the_content_type_is_ignored(client, source, kind):
    sent = gzip.compress(encoded(message(), writeKey=source.write_key))
    assert accepted(client.generic("POST", "/v1/batch", sent, content_type=kind, HTTP_CONTENT_ENCODING="gzip"))


def test_gzip_in_several_members_and_with_a_byte_order_mark_is_read(client, source):
    text = b"\xef\xbb\xbf" + encoded(message())
    sent = gzip.compress(text[:20]) + gzip.compress(text[20:])
    assert accepted(post(client, sent, key=source.write_key, HTTP_CONTENT_ENCODING="GZIP"))
    assert body.unpack(bytes(Delivery.objects.get().body)) == text


def test_an_empty_batch_is_200(client, source):
    assert accepted(post(client, encoded(), key=source.write_key))


def test_a_source_above_its_rate_is_429_with_retry_after(client):
    source = make_source(events_per_minute=3)
    answers = [post(client, encoded(message(), message(key="b")), key=source.write_key) for _ in range(2)]
    if not accepted(answers[0]) or clock.now().second == 0:
        return  # the minute turned over in between
    assert said(answers[1]) == (429, "rate_limited")
    assert 1 <= int(answers[1]["Retry-After"]) <= 60


def test_a_fault_of_ours_is_503_with_retry_after_and_nothing_is_lost_by_4xx(client, source):
    def down(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "customers_delivery"'):
            raise OperationalError("the database is gone")
        return execute(sql, *rest)

    with connection.execute_wrapper(down):
        answer = post(client, encoded(message()), key=source.write_key)
    assert said(answer) == (503, "unavailable")
    assert 5 <= int(answer["Retry-After"]) <= 30


def test_secrets_are_not_stored_with_the_delivery(client, source):
    post(
        client,
        encoded(message()),
        key=source.write_key,
        HTTP_COOKIE="sessionid=secret",
        HTTP_USER_AGENT="analytics-python/2.4.0",
        HTTP_X_RETRY_COUNT="2",
    )
    delivery = Delivery.objects.get()
    assert delivery.headers.keys() == {"content-type", "content-length", "user-agent", "x-retry-count"}
    assert (delivery.client, delivery.address, delivery.items) == ("analytics-python/2.4.0", "127.0.0.1", 1)
    assert source.write_key not in json.dumps(delivery.headers)


@pytest.mark.parametrize(("remote", "kept"), [("203.0.113.9", "203.0.113.9"), ("fe80::1%eth0", "fe80::1"), ("", None), ("unix:", None)])
def test_an_address_that_is_none_is_no_fault(client, source, remote, kept):
    assert accepted(post(client, encoded(message()), key=source.write_key, REMOTE_ADDR=remote))
    assert Delivery.objects.get().address == kept


def test_a_body_without_length_is_read_where_the_server_marks_its_end():
    stream = BytesIO(b"x" * 200_000)
    assert body.read_raw({"wsgi.input": stream, "wsgi.input_terminated": True}, 1 << 20) == b"x" * 200_000
    assert body.read_raw({"wsgi.input": BytesIO(b"xyz")}, 1 << 20) == b""


def test_refusals_are_all_counted_and_the_first_of_a_minute_described(client, source):
    refusals._described.clear()
    for _ in range(refusals.A_MINUTE + 5):
        post(client, b"{", key=source.write_key)
    source.refresh_from_db()
    assert source.refused == refusals.A_MINUTE + 5
    assert refusals.A_MINUTE <= RefusedBody.objects.count() <= refusals.A_MINUTE + 5


def test_one_apply_job_is_asked_for_however_many_deliveries_come(client, source):
    from django_q.models import OrmQ

    for n in range(5):
        post(client, encoded(message(key=f"m{n}")), key=source.write_key)
    assert OrmQ.objects.count() == 1


def test_what_is_stored_is_compressed_without_loss():
    opened = body.open_body(encoded(*[message(key=str(n)) for n in range(100)]), "", 1 << 20)
    assert zlib.decompress(opened.packed) == opened.text
    assert len(opened.packed) < len(opened.text) / 3


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))),
    zipped=st.booleans(),
    bare=st.booleans(),
)
def test_random_bytes_are_never_a_fault_of_ours(client, source, sent, zipped, bare):
    keys.forget()
    Source.objects.get_or_create(pk=source.pk, defaults={"name": "x", "key": "x", "write_key": source.write_key, "created_at": clock.now()})
    extra = {"HTTP_CONTENT_ENCODING": "gzip"} if bare else {}
    answer = post(client, sent, key=source.write_key, zipped=zipped and not bare, **extra)
    assert answer.status_code in {200, 400, 413}
