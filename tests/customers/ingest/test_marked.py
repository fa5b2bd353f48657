"""JSON as lines with the bad field marked."""

import json

from hypothesis import given
from hypothesis import strategies as st

from customers.ingest.marked import marked

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


def bad(read) -> list[str]:
    return [line.text.strip() for line in read.lines if line.bad]


def test_a_plain_value_is_marked_alone():
    assert bad(marked('{"type": "track", "event": 5}', "event")) == ['"event": 5']


def test_a_nested_value_is_found_through_objects_and_lists():
    assert bad(marked('{"a": {"b": [{"c": 1}, {"c": 2}]}}', "a.b.1.c")) == ['"c": 2']


def test_an_object_is_marked_where_it_opens_and_closes():
    assert bad(marked('{"a": {"b": 1}, "c": 2}', "a")) == ['"a": {', "},"]


def test_a_missing_field_marks_what_lacks_it():
    read = marked('{"context": {"x": 1}}', "context.groupId")
    assert (bad(read), read.missing) == (['"context": {', "}"], True)


def test_without_a_path_nothing_is_marked():
    read = marked('{"a": 1}')
    assert (bad(read), read.missing) == ([], False)


def test_what_is_no_json_says_where_reading_stopped():
    assert "column 2" in marked("{oops").error


def test_a_long_text_is_cut():
    read = marked(json.dumps(["x" * 100] * 2000))
    assert read.lines[-1].text == "… cut at 64 kB"


@given(VALUES, st.text(alphabet="ab.0", max_size=6))
def test_the_lines_are_the_value_whatever_the_path(value, path):
    assert json.loads("\n".join(line.text for line in marked(json.dumps(value), path).lines)) == value
