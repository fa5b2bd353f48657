"""Who is who: late identify, shared devices, several accounts, disputed aliases; and that order of arrival decides nothing."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from customers import identity
from customers.ingest import apply
from customers.models import (
    Account,
    ActivityDay,
    AnonymousLink,
    Contact,
    ContactDay,
    Event,
    EventType,
    FactLog,
    GroupMark,
    Identifier,
    Membership,
    Source,
    TimelineEntry,
    Trait,
)
from tests.customers.ingest.sending import message, send, settled
from tests.factories import NOW, make_contact, make_source

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def contact(user_id: str) -> Contact:
    return Identifier.objects.get(kind="user_id", value=user_id).contact


def account(group_id: str) -> Account:
    return Identifier.objects.get(kind="group_id", value=group_id).account


def owner(key: str, source: Source) -> tuple[str, str]:
    """(user id, group id) that the event with this item key belongs to; empty where nobody."""
    from customers.events import event_id

    event = Event.objects.get(id=event_id(source.pk, key))
    user = Identifier.objects.filter(kind="user_id", contact=event.contact_id).values_list("value", flat=True).first()
    group = Identifier.objects.filter(kind="group_id", account=event.account_id).values_list("value", flat=True).first()
    return user or "", group or ""


def visit(key: str, at: Any, anonymous_id: str = "a1", **more: Any) -> dict[str, Any]:
    return message(key=key, at=at, userId=None, anonymousId=anonymous_id, **more)


def identify(key: str, at: Any, user_id: str, anonymous_id: str | None = "a1", **traits: Any) -> dict[str, Any]:
    return message("identify", key=key, at=at, userId=user_id, anonymousId=anonymous_id, traits=traits)


def group(key: str, at: Any, user_id: str, group_id: str) -> dict[str, Any]:
    return message("group", key=key, at=at, userId=user_id, groupId=group_id)


def test_a_late_identify_moves_what_the_visitor_did_before_to_contact_and_account():
    source = make_source()
    settled(source, visit("v1", NOW - DAY), group("g", NOW, "u1", "acme"), at=NOW)
    assert owner("v1", source) == ("", "")
    settled(source, identify("i", NOW + MINUTE, "u1"), at=NOW + 2 * MINUTE)
    assert owner("v1", source) == ("u1", "acme")
    moved = Event.objects.get(anonymous_id="a1")
    assert (moved.known_at, moved.attributed_at, moved.late) == (NOW, NOW + 2 * MINUTE, True)
    assert ActivityDay.objects.get(account_id=account("acme").pk).n == 1
    assert ContactDay.objects.get().contact_id == contact("u1").pk
    assert FactLog.objects.filter(kind="moved").count() == 1


def test_a_late_group_brings_the_entries_of_the_timeline_along_and_a_move_takes_them_away():
    EventType.objects.create(name="Signed Up", label="Signed up", timeline="entry")
    source = make_source()
    settled(source, message(key="e", at=NOW - DAY, userId="u1", event="Signed Up"))
    assert not TimelineEntry.objects.exists()
    settled(source, group("g1", NOW, "u1", "acme"))
    assert TimelineEntry.objects.get(title="Signed up").account_id == account("acme").pk
    settled(source, group("g2", NOW - 2 * DAY, "u1", "globex"))
    assert TimelineEntry.objects.get(title="Signed up").account_id == account("globex").pk


def test_on_a_shared_device_the_next_identify_decides_else_the_one_before():
    source = make_source()
    settled(
        source,
        visit("early", NOW - 50 * MINUTE),
        identify("i1", NOW - 40 * MINUTE, "ada"),
        visit("between", NOW - 30 * MINUTE),
        identify("i2", NOW - 20 * MINUTE, "bob"),
        visit("after", NOW - 10 * MINUTE),
    )
    assert [owner(k, source)[0] for k in ("early", "between", "after")] == ["ada", "bob", "bob"]
    aliases = Identifier.objects.filter(kind="anonymous_id").order_by("first_seen_at")
    assert [(i.contact_id, i.state) for i in aliases] == [(contact("ada").pk, "active"), (contact("bob").pk, "disputed")]


def test_an_earlier_claim_that_arrives_later_takes_the_alias_over():
    source = make_source()
    settled(source, identify("i2", NOW - MINUTE, "bob", None, email="team@acme.com"))
    settled(source, identify("i1", NOW - DAY, "ada", None, email="Team@ACME.com"))
    rows = Identifier.objects.filter(kind="email", value="team@acme.com")
    assert {r.contact_id: r.state for r in rows} == {contact("ada").pk: "active", contact("bob").pk: "disputed"}


def test_a_contact_that_people_made_is_taken_over_by_the_user_with_its_address():
    known = make_contact("Ada Lind", "ada@acme.com")
    identity.claim([identity.Claim(0, "email", "ada@acme.com", NOW - DAY, "", 0, contact_id=known.pk)])
    source = make_source()
    settled(source, identify("i1", NOW, "u1", email="Ada@acme.com"), identify("i2", NOW, "u2", email="ada@acme.com"))
    assert contact("u1") == known
    assert contact("u2") != known
    assert Identifier.objects.get(kind="email", state="active").contact == known


def test_an_alias_of_another_known_user_is_disputed_in_either_order():
    for first in (True, False):
        source = make_source()
        known = message(key="t", userId="old")
        alias = message("alias", key="al", userId="new", previousId="old")
        settled(source, *((known, alias) if first else (alias, known)))
        assert Identifier.objects.get(scope=source.pk, kind="anonymous_id", value="old").state == "disputed"
        assert Identifier.objects.get(scope=source.pk, kind="user_id", value="old").contact_id != contact_in(source, "new")


def contact_in(source: Source, user_id: str) -> int:
    return identity.find(source.scope, "user_id", [user_id])[user_id]


def test_an_alias_to_oneself_says_nothing():
    settled(make_source(), message("alias", userId="u1", previousId="u1"))
    assert not AnonymousLink.objects.exists()
    assert Identifier.objects.count() == 1


def test_an_event_of_a_contact_with_several_accounts_goes_where_it_says_else_to_the_session_else_nowhere():
    source = make_source()
    settled(
        source,
        group("g1", NOW - 10 * DAY, "u1", "acme"),
        message(key="before", at=NOW - 9 * DAY, userId="u1"),
        group("g2", NOW - DAY, "u1", "globex"),
        message(key="session", at=NOW - DAY + 29 * MINUTE, userId="u1"),
        message(key="unclear", at=NOW - DAY + 31 * MINUTE, userId="u1"),
        message(key="stated", at=NOW - 5 * MINUTE, userId="u1", context={"groupId": "acme"}),
        message(key="again", at=NOW, userId="u1"),
    )
    found = {k: owner(k, source)[1] for k in ("before", "session", "unclear", "stated", "again")}
    assert found == {"before": "acme", "session": "globex", "unclear": "", "stated": "acme", "again": "acme"}
    assert identity.ambiguous(contact("u1").pk) == 1


def test_a_second_account_learnt_late_takes_events_out_of_the_first():
    source = make_source()
    settled(source, group("g1", NOW - 10 * DAY, "u1", "acme"), message(key="e", at=NOW - DAY, userId="u1"))
    assert owner("e", source) == ("u1", "acme")
    settled(source, group("g2", NOW - 2 * DAY, "u1", "globex"))
    assert owner("e", source) == ("u1", "")


def test_sources_have_their_own_ids_unless_they_share_them():
    web = make_source()
    server, other = make_source(shares_ids_with=web), make_source()
    for n, source in enumerate((web, server, other)):
        settled(source, group(f"g{n}", NOW, "u1", "acme"), visit(f"v{n}", NOW))
    assert Contact.objects.count() == Account.objects.count() == 2
    settled(server, identify("i", NOW, "u1"))
    assert Event.objects.exclude(contact_id=0).count() == 2, "visitors of both sources that share ids"


@pytest.mark.parametrize(
    "junk", ["null", "undefined", "None", "NaN", "[object Object]", "0", 0, "00000000-0000-0000-0000-000000000000", "anonymous", "Guest"]
)
def test_junk_ids_never_link_anything(junk):
    delivery = settled(make_source(), message(key="t", userId=junk), message("identify", key="i", userId=junk, traits={"email": "x@y.z"}))
    assert (delivery.applied, delivery.quarantined) == (1, 1)
    assert not Contact.objects.exists()
    assert Event.objects.get().flags == ["junk_id"]


@pytest.mark.parametrize(
    ("given", "folded"),
    [
        (" Ada@EXAMPLE.com ", "ada@example.com"),
        ("a.b+c@gmail.com", "a.b+c@gmail.com"),
        ("x@Bücher.example", "x@xn--bcher-kva.example"),
        ("nobody", ""),
        ("@x.y", ""),
        ("a b@x.y", ""),
        (5, ""),
        ("a@" + "x" * 300, ""),
    ],
)
def test_addresses_are_folded_for_matching(given, folded):
    assert identity.fold_email(given) == folded


def test_what_a_visitor_says_is_known_of_the_contact_after_identify():
    source = make_source()
    settled(source, message("identify", key="v", userId=None, anonymousId="a1", traits={"plan_interest": "pro"}))
    assert not Trait.objects.filter(path="plan_interest").exists()
    settled(source, identify("i", NOW, "u1"))
    assert Trait.objects.get(path="plan_interest").contact_id == contact("u1").pk


USERS, VISITORS, GROUPS, EMAILS = ["u1", "u2"], ["a1", "a2"], ["g1", "g2"], ["e@x.com", "f@x.com"]


@st.composite
def messages(draw: Any) -> list[dict[str, Any]]:
    """Up to a dozen messages of two users, two devices and two accounts at different minutes of three hours."""
    minutes = draw(st.lists(st.integers(0, 180), min_size=1, max_size=12, unique=True))
    return [draw(one(n, NOW - timedelta(minutes=m))) for n, m in enumerate(minutes)]


def one(n: int, at: Any) -> Any:
    key, user, visitor, place = f"m{n}", st.sampled_from(USERS), st.sampled_from(VISITORS), st.sampled_from(GROUPS)
    stated = st.one_of(st.just({}), place.map(lambda g: {"groupId": g}))
    return st.one_of(
        st.builds(lambda u, c: message(key=key, at=at, userId=u, context=c), user, stated),
        st.builds(lambda a, c: visit(key, at, a, context=c), visitor, stated),
        st.builds(lambda u, a, e: identify(key, at, u, a, email=e, step=n), user, st.one_of(st.none(), visitor), st.sampled_from(EMAILS)),
        st.builds(lambda u, g: group(key, at, u, g), user, place),
        st.builds(lambda u, p: message("alias", key=key, at=at, userId=u, previousId=p), user, st.sampled_from(USERS + VISITORS)),
    )


def outcome(source: Source, sent: Sequence[dict[str, Any]], cuts: Sequence[int]) -> dict[str, Any]:
    """Apply the messages in the given order, cut into batches; returns the final state in terms of the senders' ids."""
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        settled(source, *sent[start:end], at=NOW + MINUTE)
    return state(source)


def state(source: Source) -> dict[str, Any]:
    users = dict(Identifier.objects.filter(scope=source.pk, kind="user_id").values_list("contact_id", "value")) | {0: ""}
    groups = dict(Identifier.objects.filter(scope=source.pk, kind="group_id").values_list("account_id", "value")) | {0: ""}
    aliases = Identifier.objects.filter(contact__in=[c for c in users if c])
    return {
        "events": sorted((str(e.id), users[e.contact_id], groups[e.account_id]) for e in Event.objects.filter(source_id=source.pk)),
        "aliases": sorted((i.kind, i.value, users[i.contact_id], i.state, i.first_seen_at, i.last_seen_at) for i in aliases),
        "memberships": sorted((users[m.contact_id], groups[m.account_id], m.from_at) for m in Membership.objects.filter(contact__in=users)),
        "traits": sorted((users[t.contact_id], t.path, str(t.value)) for t in Trait.objects.filter(contact_id__in=[c for c in users if c])),
        "days": sorted(
            (groups[d.account_id], d.name, d.day, d.n) for d in ActivityDay.objects.filter(account_id__in=[g for g in groups if g])
        ),
        "people": sorted(
            (groups[d.account_id], users[d.contact_id], d.day, d.events)
            for d in ContactDay.objects.filter(account_id__in=[g for g in groups if g])
        ),
        "marks": sorted(
            (users[m.contact_id], groups[m.account_id], m.at) for m in GroupMark.objects.filter(contact_id__in=[c for c in users if c])
        ),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sent=messages(), seed=st.integers(0, 10_000))
@example(sent=[visit("m0", NOW - 20 * MINUTE), identify("m1", NOW - 10 * MINUTE, "u1"), identify("m2", NOW - 5 * MINUTE, "u2")], seed=1)
def test_any_order_with_any_repeats_ends_in_the_same_state(sent, seed):
    rng = random.Random(seed)
    shuffled = sent + rng.choices(sent, k=len(sent) // 3)
    rng.shuffle(shuffled)
    cuts = sorted(rng.sample(range(1, len(shuffled)), k=min(3, len(shuffled) - 1))) if len(shuffled) > 1 else []
    outcomes = []
    for order, places in ((sent, []), (shuffled, cuts), (sent[::-1], list(range(1, len(sent))))):
        with transaction.atomic():
            source = make_source(pk=990_000)
            outcomes.append(outcome(source, order, places))
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] == outcomes[2]


def test_a_repeat_writes_nothing_and_is_counted():
    source = make_source()
    settled(source, message(), group("g", NOW, "user-1", "acme"))
    before = state(source)
    delivery = settled(source, message(), group("g", NOW, "user-1", "acme"))
    source.refresh_from_db()
    assert state(source) == before
    assert (delivery.state, delivery.repeated, source.repeats) == ("applied", 2, 2)


def test_a_batch_costs_the_same_number_of_statements_for_one_item_and_for_many(django_assert_num_queries):
    def cost(n: int) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        source = make_source()
        everybody = [(message(key=f"t{i}", userId=f"u{i}"), group(f"g{i}", NOW, f"u{i}", f"acct{i}")) for i in range(n)]
        send(source, *[m for pair in everybody for m in pair])
        with CaptureQueriesContext(connection) as queries:
            apply.apply_pending(at=NOW, source=source)
        return len(queries)

    cost(1)
    assert cost(2) == cost(40)
