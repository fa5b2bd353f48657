"""The released Python libraries of Segment and Rudder against the running server: nothing lost, nothing doubled."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crm.lib import clock
from customers import sources
from customers.ingest import apply
from customers.models import Account, Delivery, Event, Identifier, QuarantinedItem, Source, Trait
from tests.customers.ingest.faulty import DROP_AFTER, DROP_BEFORE, ERROR_500, faulty

segment = pytest.importorskip("segment.analytics.client")
rudder = pytest.importorskip("rudderstack.analytics.client")
pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
LIBRARIES = {"segment": segment.Client, "rudder": rudder.Client}


@pytest.fixture
def source(live_server: Any) -> Source:
    return sources.create_source("Product", at=clock.now())


@pytest.fixture(params=sorted(LIBRARIES))
def library(request: Any) -> Any:
    return LIBRARIES[request.param]


class Sender:
    """A client of a library; `close` flushes and waits."""

    def __init__(self, library: Any, source: Source, host: str, **options: Any) -> None:
        self.errors: list[Any] = []
        self.client = library(source.write_key, host=host, on_error=lambda error, items: self.errors.append(error), **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def close(self) -> None:
        self.client.flush()
        self.client.join()
        assert not self.errors


def applied() -> list[str]:
    apply.apply_pending(at=clock.now())
    assert not Delivery.objects.exclude(state=Delivery.State.APPLIED).exists()
    return sorted(Event.objects.values_list("name", flat=True))


@pytest.mark.parametrize("gzip", [False, True])
def test_each_method_arrives(live_server, source, library, gzip):
    sender = Sender(library, source, live_server.url, gzip=gzip)
    long_ago = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    sender.identify("u1", {"email": "ada@example.com", "name": "Ada"})
    sender.track("u1", "Old Report", {"n": 1}, timestamp=long_ago)
    sender.group("u1", "acme", {"name": "Acme"})
    sender.page("u1", "Docs", "Home", {"url": "http://x/y"})
    sender.screen("u1", "App", "Main")
    sender.alias("visitor", "u1")
    sender.track(user_id=None, anonymous_id="visitor", event="Signed Up") if library is segment.Client else sender.track(
        anonymous_id="visitor", event="Signed Up"
    )
    sender.close()
    assert applied() == ["Old Report", "Signed Up", "page.viewed", "screen.viewed"]
    acme, ada = Account.objects.get(), Identifier.objects.get(kind="user_id").contact
    assert (acme.name, ada.name, ada.email) == ("Acme", "Ada", "ada@example.com")
    assert set(Event.objects.values_list("account_id", "contact_id")) == {(acme.pk, ada.pk)}
    assert abs((Event.objects.get(name="Old Report").occurred_at - long_ago).total_seconds()) < 60


def test_250_small_events_arrive_once_each(live_server, source, library):
    sender = Sender(library, source, live_server.url)
    for n in range(250):
        sender.track(f"u{n % 7}", f"event {n:03}")
    sender.close()
    assert applied() == [f"event {n:03}" for n in range(250)]


def test_60_events_of_20_kilobytes_arrive_once_each(live_server, source, library):
    sender = Sender(library, source, live_server.url)
    for n in range(60):
        sender.track("u", f"event {n:03}", {"text": "x" * 20_000})
    sender.close()
    assert applied() == [f"event {n:03}" for n in range(60)]


@pytest.mark.parametrize("faults", [[ERROR_500, ERROR_500], [DROP_BEFORE], [DROP_AFTER], [DROP_AFTER, ERROR_500, DROP_AFTER]], ids=",".join)
def test_a_library_that_has_to_try_again_loses_and_doubles_nothing(live_server, source, library, faults):
    with faulty(live_server.url, faults) as host:
        sender = Sender(library, source, host, upload_size=20)
        for n in range(50):
            sender.track("u", f"event {n:03}")
        sender.close()
    assert applied() == [f"event {n:03}" for n in range(50)]


def test_six_events_of_one_megabyte_in_gzip_arrive_where_the_source_allows_them(live_server, source):
    Source.objects.update(item_bytes=4 * 1024 * 1024)
    sender = Sender(LIBRARIES["rudder"], source, live_server.url, gzip=True)
    for n in range(6):
        sender.track("u", f"event {n}", {"text": "x" * 1_000_000})
    sender.close()
    assert applied() == [f"event {n}" for n in range(6)]
    assert max(Delivery.objects.values_list("decoded_bytes", flat=True)) > 1_000_000


def test_an_event_above_the_limit_of_its_source_is_kept_and_replayed_when_the_limit_is_raised(live_server, source):
    from customers.ingest import quarantine

    sender = Sender(LIBRARIES["rudder"], source, live_server.url, gzip=True)
    sender.track("u", "large", {"text": "x" * 100_000})
    sender.track("u", "small")
    sender.close()
    apply.apply_pending(at=clock.now())
    assert list(Event.objects.values_list("name", flat=True)) == ["small"]
    assert QuarantinedItem.objects.get().reason == "item_too_large"
    Source.objects.update(item_bytes=200_000)
    quarantine.run_replay(quarantine.replay(reason="item_too_large", at=clock.now()), at=clock.now())
    assert applied() == ["large", "small"]


def test_nul_characters_arrive_as_replacement_characters(live_server, source, library):
    sender = Sender(library, source, live_server.url)
    sender.identify("u", {"name": "A\0B"})
    sender.track("u", "a\0b", {"x\0": "y\0"})
    sender.close()
    assert applied() == ["a\ufffdb"]
    assert Event.objects.get().props == {"x\ufffd": "y\ufffd"}
    assert Trait.objects.get(path="name").value == "A\ufffdB"
