"""YAML as playbooks allow it: safe, small, YAML 1.2, every node with its place."""

import pytest

from crm.lib.yaml_marks import MAX_ALIASES, MAX_BYTES, DocumentError, Finding, load


def refusal(text: str | bytes) -> tuple[str, int, int]:
    with pytest.raises(DocumentError) as error:
        load(text)
    problem = error.value.problems[0]
    return problem.code, problem.line, problem.column


def test_only_true_and_false_are_booleans():
    assert load("{a: on, b: yes, c: true, d: False, e: off}").data == {"a": "on", "b": "yes", "c": True, "d": False, "e": "off"}


def test_dates_and_clock_times_stay_text():
    assert load("{a: 2026-01-31, b: 09:00, c: 1_000}").data == {"a": "2026-01-31", "b": "09:00", "c": "1_000"}


def test_numbers_null_and_quoted_text():
    assert load('{a: 8, b: -1.5, c: ~, d: "8", e: null}').data == {"a": 8, "b": -1.5, "c": None, "d": "8", "e": None}


def test_a_number_too_long_for_anybody_stays_text():
    assert isinstance(load("{a: " + "9" * 5000 + "}").data["a"], str)


def test_duplicate_keys_are_all_named_with_their_place():
    with pytest.raises(DocumentError) as error:
        load("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(p.line, p.column, p.code) for p in error.value.problems] == [(2, 1, "duplicate_key"), (3, 11, "duplicate_key")]


def test_broken_yaml_names_its_line():
    assert refusal("a: 1\nb: [1, 2\nc: 3\n")[:2] == ("bad_yaml", 3)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x: " + "y" * MAX_BYTES, "too_large"),
        ("a: &a 1\nb: [" + ", ".join(["*a"] * (MAX_ALIASES + 1)) + "]", "too_many_aliases"),
        ("[" * 500, "too_deep"),
        ("a: 1\n---\nb: 2\n", "several_documents"),
        ("a: !!python/object:os.system x", "tag_not_allowed"),
        ("a: &a [*a]", "endless_alias"),
        (b"a: \xff", "bad_encoding"),
        ("", "empty_document"),
        ("{[1]: 2}", "bad_key"),
    ],
)
def test_what_must_not_be_loaded_is_refused_by_name(text, code):
    assert refusal(text)[0] == code


def test_nested_aliases_cannot_grow_without_end():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 9)]
    assert refusal("\n".join(lines))[0] == "too_large"


def test_a_finding_is_placed_at_its_key_its_value_or_what_is_around_it():
    loaded = load("a:\n  b: 1\n")
    places = [loaded.locate(Finding(*args)) for args in [(("a", "b"), "x", "", "", True), (("a", "b"), "x", ""), (("a", "c"), "x", "")]]
    assert [(p.line, p.column) for p in places] == [(2, 3), (2, 6), (2, 3)]
