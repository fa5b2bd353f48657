"""Texts with `{{ path|filter }}`: a closed list, no logic."""

import pytest

from playbooks.dsl.templates import TemplateError, references, render, resolve

VALUES = {
    "account": {
        "name": "Acme",
        "arr": {"minor": 1200000, "currency": "EUR"},
        "renewal_date": "2026-03-09",
        "plan": "Pro",
        "plan.allowance.api": 5000,
    },
    "trigger": {"baseline": 10.0, "current": 2, "drop_pct": 66.66, "props": {"number": "2026-7"}, "key": "in_1"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call {{ account.name }}: logins {{ trigger.baseline }} -> {{ trigger.current }}", "Call Acme: logins 10 -> 2"),
        ("{{account.arr|money}}", "€12,000.00"),
        ("{{ account.renewal_date|date }}", "9 March 2026"),
        ("{{ trigger.drop_pct|percent }}", "66.6%"),
        ("{{ account.plan.allowance.api|number }}", "5,000"),
        ("{{ account.plan }}", "Pro"),
        ("{{ account.seats }}", "unknown"),
        ("{{ trigger.props.number }}", "2026-7"),
        ("no braces", "no braces"),
    ],
)
def test_texts_are_filled(text, expected):
    assert render(text, VALUES) == expected


@pytest.mark.parametrize(
    "text", ["{{ user.name }}", "{{ account }}", "{{ account.name()}}", "{{ account.name|upper }}", "{{ account.name", "{{ 1 + 1 }}"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(TemplateError):
        list(references(text))


def test_a_lone_reference_keeps_its_type():
    assert resolve("{{ trigger.current }}", VALUES) == 2
    assert resolve("{{ trigger.current }} left", VALUES) == "2 left"


def test_values_are_never_templates_themselves():
    assert render("{{ account.name }}", {"account": {"name": "{{ account.secret }}", "secret": "x"}}) == "{{ account.secret }}"
