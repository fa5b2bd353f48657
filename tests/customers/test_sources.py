"""Making sources and what they are allowed to be."""

from datetime import timedelta

import pytest

from crm.lib.refused import Refused
from customers import sources
from customers.ingest import keys
from customers.models import Source
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_sources_of_one_name_get_keys_of_their_own():
    made = [sources.create_source("Our Product", at=NOW) for _ in range(3)]
    assert [s.key for s in made] == ["our-product", "our-product-2", "our-product-3"]
    assert len({s.write_key for s in made}) == 3


def test_a_name_without_letters_gets_a_key_too():
    assert sources.create_source("☃", at=NOW).key == "source"


def test_an_unknown_kind_is_refused():
    with pytest.raises(Refused, match="no kind of source"):
        sources.create_source("X", at=NOW, kind="telegraph")


def test_a_key_that_was_rotated_works_for_the_time_of_overlap_only():
    source = sources.create_source("X", at=NOW)
    old, new = source.write_key, sources.rotate(source, at=NOW, overlap=timedelta(days=1))
    found = [keys.find(k, NOW + after) for k in (old, new) for after in (timedelta(), timedelta(days=1))]
    assert found == [source, None, source, source]


def test_switching_off_and_resuming():
    source = sources.create_source("X", at=NOW)
    sources.switch_off(source)
    assert keys.source_of(source.write_key, at=NOW) is None
    sources.resume(source)
    assert keys.source_of(source.write_key, at=NOW) == source
    assert Source.objects.get().key_used_at == NOW
