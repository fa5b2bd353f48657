"""Whatever is written, the answer is a list of problems with places, never an error of ours."""

import pathlib

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.dsl.reading import check

TEXTS = [path.read_text() for path in sorted(pathlib.Path("playbooks/library").glob("*.yaml"))]
BITS = ["", "{", "}", "[", ": ", "- ", "null", "1e9", "true", "{{ x }}", "&a", "*a", "\n", "'", "all:", "input: x", "30d", "\t", "#"]


@given(text=st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_answered(text):
    assert all(problem.line >= 1 and problem.column >= 1 for problem in check(text))


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_any_damage_to_a_playbook_is_answered(data):
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(BITS)) + text[end:]
    assert all(problem.line >= 1 for problem in check(text))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.sampled_from(["a", "30d", "{{ account.x }}", "login"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["field", "all", "eq", "input", "metric", "id", "task"]), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = ["for_accounts", "trigger", "steps", "policy", "goal", "exit", "inputs", "only_if", "timezone", "name", "labels"]


@given(key=st.sampled_from(KEYS), value=VALUES)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place_is_answered(key, value):
    document = yaml.safe_load(TEXTS[0])
    document[key] = value
    check(yaml.safe_dump(document))
