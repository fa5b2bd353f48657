"""A text is a playbook or says why not: every problem at once, each at its line and column, with a hint."""

import pathlib

import pytest

from crm.lib import yaml_marks
from crm.lib.yaml_marks import DocumentError
from playbooks.dsl import structure
from playbooks.dsl.document import EdgeTrigger, EventTrigger
from playbooks.dsl.reading import check, read

LIBRARY = sorted(pathlib.Path("playbooks/library").glob("*.yaml"))

SMALL = """\
playbook: small-one
format: 1
name: Small
for_accounts: {field: lifecycle, eq: customer}
trigger: {id: seats_low, becomes_true: {field: seats, lt: 3}}
steps:
  - {id: call, task: {title: "Call {{ account.name }}"}}
"""

WHOLE_GRAMMAR = """\
playbook: whole-grammar
format: 1
name: Every kind of thing the grammar knows
timezone: account
inputs: {percent: {type: number, default: 10}}
for_accounts: {all: [{segment: big}, {not: {tag: x}}]}
trigger:
  any:
    - {id: a, while_true: {field: a, eq: 1}, every: 7d}
    - {id: b, change: {field: health, from: green, to: red}, settle: 24h}
    - {id: c, date: renewal_date, before: 90d, at: "09:00"}
    - {id: d, date: renewal_date, after: 1d, late_ok_for: 10d}
    - {id: e, sequence: [{event: a}, {no_event: b}], within: 7d}
    - {id: f, schedule: {at: "09:00", days: [mon]}}
    - {id: g, manual: true}
holdout: {percent: 10}
policy: {max_starts: {count: 1, per: day}, group: {name: a, priority: 1}, budget: {amount: 1, per: month}, needs_fresh: [{feed: a, max_lag: 1h}]}
steps:
  - {id: mail, email: {template: a, to: b}}
  - {id: hook, webhook: {connection: a}}
  - {id: fork, branch: [{if: {step: mail, result: sent}, steps: [{id: end, stop: done}]}, {else: true, steps: [{id: n, notify: {to: a, text: b}}]}]}
  - {id: halves, split: [{name: a, weight: 1, steps: []}, {name: b, weight: 1, steps: []}]}
  - {id: bill, charge: {what: overage}}
  - {id: next, start_playbook: other-one}
  - {id: coupon, offer: {kind: coupon, percent: {input: percent}}}
"""


def found(text: str) -> list[tuple[int, int, str]]:
    return [(problem.line, problem.column, problem.code) for problem in check(text)]


def with_line(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_every_shipped_playbook_is_sound_and_named_as_its_file(path):
    assert check(path.read_text()) == []
    assert read(path.read_text()).key == path.stem


def test_five_playbooks_ship():
    keys = {"login-drop-save", "usage-near-limit", "invoice-past-due", "renewal-90", "service-interruption-credit"}
    assert {path.stem for path in LIBRARY} == keys


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_one_mistyped_key_makes_a_shipped_playbook_unsound(path):
    text = path.read_text()
    for key in ("for_accounts:", "trigger:", "steps:", "title:", "amount:"):
        if key in text:
            assert check(text.replace(key, f"x{key}", 1)), key


def test_the_whole_grammar_is_read_and_each_part_not_run_yet_is_named():
    assert structure.findings(yaml_marks.load(WHOLE_GRAMMAR).data) == []
    problems = check(WHOLE_GRAMMAR)
    assert {problem.code for problem in problems} == {"not_supported_yet"}
    words = " ".join(problem.message for problem in problems)
    for part in [
        "segment",
        "while_true",
        "change",
        "date",
        "sequence",
        "schedule",
        "manual",
        "holdout",
        "max_starts",
        "group",
        "budget",
        "needs_fresh",
    ]:
        assert f"`{part}`" in words, part
    for part in ["email", "webhook", "branch", "split", "charge", "start_playbook", "coupon", "percent", "account"]:
        assert f"`{part}`" in words, part
    assert all(problem.hint for problem in problems)


def test_all_problems_are_reported_at_once_in_the_order_of_the_text():
    text = """\
playbook: x
format: 2
nam: hi
for_accounts: {feild: a, eq: on}
trigger: {becomes_true: {metric: login, window: 30dd, is: {gte: x}}, fro: 3d}
policy: {cooldwn: 3d, reentry: alwys}
steps:
  - {id: a, tsk: {title: x}}
  - {id: Bad, task: {titl: x, priority: hig}}
"""
    assert found(text) == [
        (1, 11, "bad_format"),
        (2, 9, "not_allowed"),
        (3, 1, "unknown_key"),
        (4, 16, "unknown_key"),
        (5, 49, "bad_format"),
        (5, 65, "wrong_type"),
        (5, 70, "unknown_key"),
        (6, 10, "unknown_key"),
        (6, 32, "not_allowed"),
        (8, 13, "unknown_key"),
        (9, 10, "bad_format"),
        (9, 22, "unknown_key"),
        (9, 41, "not_allowed"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("field: lifecycle", "feild: lifecycle", "did you mean `field`?"),
        ("title:", "titel:", "did you mean `title`?"),
        ("task:", "taks:", "did you mean `task`?"),
        ("becomes_true:", "become_true:", "did you mean `becomes_true`?"),
    ],
)
def test_a_mistyped_key_is_one_problem_with_the_nearest_name(old, new, hint):
    problems = check(with_line(old, new))
    assert [(p.code, p.hint) for p in problems] == [("unknown_key", hint)]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("{{ account.name }}", "{{ acount.name }}", "bad_template"),
        ("{{ account.name }}", "{{ account.name|moeny }}", "bad_template"),
        ("{{ account.name }}", "{{ steps.later.x }}", "bad_template"),
        ("{{ account.name }}", "{{ inputs.none }}", "bad_template"),
        ("{{ account.name }}", "{{ account.name", "bad_template"),
        ("{{ account.name }}", "{% if x %}", "bad_template"),
        ("lt: 3", "lt: {input: none}", None),
        ("name: Small", "name: Small\ntimezone: Mars/Base", "unknown_timezone"),
        ("name: Small", "name: Small\ninputs: {a: {type: number, default: x}}", "wrong_type"),
        ("name: Small", "name: Small\ninputs: {a: {type: number, default: 5, max: 3}}", "out_of_range"),
        ("  - {id: call", "  - {id: call, wait: 3d}\n  - {id: call", "duplicate_id"),
        ('"}}\n', '"}}\n  - {id: w, wait: 3d}\n', "wait_at_end"),
        ('"}}\n', '"}}\n  - {id: c, offer: {kind: credit}}\n', "missing_key"),
        ('"}}\n', '"}}\n  - {id: c, offer: {kind: credit, amount: 0}}\n', "out_of_range"),
        ("{field: seats, lt: 3}", "{since_run_start: {event: login}}", "no_run_here"),
        ("{field: seats, lt: 3}", "{compare: {metric: a, window: 30d, to: previous, drop_pct: {gte: 5}}}", "missing_key"),
    ],
)
def test_mistakes_of_meaning_are_found(old, new, code):
    codes = [problem.code for problem in check(with_line(old, new))]
    assert codes == [code] if code else codes


def test_the_document_holds_the_defaults_of_the_language():
    document = read(SMALL)
    trigger = document.triggers[0]
    assert isinstance(trigger, EdgeTrigger)
    assert (trigger.once_per, trigger.hold, document.policy.reentry, document.policy.concurrency) == (
        "episode",
        None,
        "after_finish",
        "skip",
    )
    event = read(SMALL.replace("becomes_true: {field: seats, lt: 3}", "event: login")).triggers[0]
    assert isinstance(event, EventTrigger)
    assert str(event.max_age) == "48h"


def test_inputs_are_put_in_before_anything_is_compared():
    text = SMALL.replace("lt: 3", "lt: {input: seats}").replace("for_accounts", "inputs: {seats: {type: number, default: 5}}\nfor_accounts")
    assert read(text).edges[0].condition == {"field": "seats", "lt": 5}


def test_the_trigger_hash_follows_meaning_and_not_wording():
    same = [SMALL.replace("name: Small", "name: Other"), SMALL.replace("{field: seats, lt: 3}", "{lt: 3, field: seats}"), SMALL + "# few\n"]
    assert {read(text).trigger_hash for text in same} == {read(SMALL).trigger_hash}
    assert read(SMALL.replace("lt: 3", "lt: 4")).trigger_hash != read(SMALL).trigger_hash


def test_reading_raises_with_every_problem():
    with pytest.raises(DocumentError) as error:
        read(SMALL.replace("lt: 3", "ltt: 3").replace("task:", "taks:"))
    assert len(error.value.problems) == 2
