"""What becomes of stored deliveries: events, accounts, contacts, traits, states."""

import pytest

from customers.models import Account, AccountState, Contact, Delivery, Event, Identifier, Membership, QuarantinedItem, Trait
from tests.customers.ingest.sending import message, settled
from tests.factories import NOW, make_source

pytestmark = pytest.mark.django_db


def test_a_track_of_a_user_without_group_makes_a_contact_and_an_event_of_no_account():
    delivery = settled(make_source(), message(properties={"n": 1}))
    event = Event.objects.get()
    assert delivery.state == Delivery.State.APPLIED, delivery.detail
    assert (event.account_id, event.name, event.props, event.occurred_at) == (0, "Report Opened", {"n": 1}, NOW)
    assert event.contact_id == Contact.objects.get().pk
    assert event.received_at == event.known_at == delivery.received_at


def test_a_group_makes_an_account_and_takes_earlier_events_of_its_user_along():
    source = make_source()
    settled(source, message(key="a"))
    settled(source, message("group", key="b", groupId="acme", traits={"name": "Acme", "createdAt": "2024-01-02"}))
    account, event = Account.objects.get(), Event.objects.get()
    assert account.name == "Acme"
    assert event.account_id == account.pk
    assert event.attributed_at is not None
    assert Membership.objects.get().account == account
    assert AccountState.objects.get().started_at.year == 2024
    assert Identifier.objects.get(kind="group_id").account == account


def test_an_identify_sets_traits_of_the_contact():
    settled(make_source(), message("identify", traits={"email": " Ada@Example.com ", "firstName": "Ada", "lastName": "L", "seats": 3}))
    contact = Contact.objects.get()
    assert (contact.name, contact.email) == ("Ada L", "Ada@Example.com")
    assert Identifier.objects.get(kind="email").value == "ada@example.com"
    assert Trait.objects.get(path="seats").value == 3


def test_one_bad_item_is_quarantined_and_the_rest_applied():
    delivery = settled(make_source(), message(key="a"), message(key="b", event=""), message(key="c"))
    assert (delivery.state, delivery.applied, delivery.quarantined) == (Delivery.State.PARTLY, 2, 1)
    bad = QuarantinedItem.objects.get()
    assert (bad.reason, bad.path, bad.index) == ("bad_field", "event", 1)
    assert '"messageId": "b"' in bad.raw
