"""Which facts a person sees, by role and by the rule of the installation."""

import pytest
from django.contrib.auth.models import AnonymousUser

from crm.models import Installation, Role, User
from customers.models import Event, Trait
from customers.models.account import NOTHING, reach_of
from customers.visibility import of_seen
from tests.factories import make_account

pytestmark = pytest.mark.django_db


def seen(user: User) -> set[int]:
    return set(of_seen(Trait.objects.filter(path="name", contact_id=0), user).values_list("account_id", flat=True))


def test_how_far_a_person_sees_is_said_by_role_and_rule(ada):
    for rule in Installation.Visibility.values:
        Installation.objects.update_or_create(pk=1, defaults={"visibility": rule})
        assert {role: reach_of(User(role=role)) for role in Role.values} == {**dict.fromkeys(Role.values, "all"), "csm": rule}
    assert reach_of(ada, "all") == "all"
    ada.is_active = False
    assert reach_of(ada, "all") == reach_of(AnonymousUser()) == NOTHING


def test_the_rule_is_read_once_for_facts(ada, django_assert_num_queries):
    make_account("Mine", owner=ada)
    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    with django_assert_num_queries(1):
        of_seen(Event.objects.all(), ada)


def test_facts_follow_their_account(ada, otto, mallory):
    mine, other = make_account("Mine", owner=ada), make_account("Other")
    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    assert (seen(ada), seen(otto), seen(mallory)) == ({mine.pk}, {mine.pk, other.pk}, set())
    otto.is_active = False
    assert seen(otto) == set()


def test_where_nothing_is_hidden_facts_are_not_narrowed(otto):
    rows = Trait.objects.filter(path="name")
    assert of_seen(rows, otto) is rows
