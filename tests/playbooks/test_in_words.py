"""Every playbook of the library, and single steps, in English."""

import pytest

from customers.catalogue import KNOWN
from playbooks import in_words
from playbooks.active import compile_document
from playbooks.dsl.document import Step
from playbooks.dsl.reading import read
from playbooks.versions import LIBRARY

LABELS = {name: row[0] for name, row in KNOWN.items()}


def of(key: str):
    return compile_document(read((LIBRARY / f"{key}.yaml").read_text()))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("invoice-past-due", "when an invoice is past due"),
        ("service-interruption-credit", "when an incident is resolved whose severity is sev1 or sev2 and downtime minutes is at least 30"),
        ("renewal-90", "when renewal date is within the next 90 days"),
        (
            "usage-near-limit",
            "when api call usage this billing period is at 90 % or more of the plan's api calls; or when api call usage"
            " this billing period is on course for 110 % or more of the plan's api calls for 3 days",
        ),
    ],
)
def test_what_starts_it(key, words):
    assert in_words.starts(of(key), LABELS) == words


def test_whom_it_is_for_and_what_it_does():
    compiled = of("invoice-past-due")
    assert in_words.audience(compiled) == "accounts where lifecycle is customer"
    assert in_words.does(compiled.document.steps) == [
        "waits 7 days",
        "gives the account's owner the task “Unpaid invoice … of the account”, due in 2 business days",
        "adds the tag payment risk",
    ]
    assert in_words.does(of("service-interruption-credit").document.steps) == ["grants a credit of 25 in the account's currency"]


@pytest.mark.parametrize(
    ("kind", "args", "words"),
    [
        ("wait", {"for": "1d"}, "waits 1 day"),
        ("task", {"title": "Call", "assign": {"user": "ada@quayside.example"}}, "gives ada@quayside.example the task “Call”"),
        ("offer", {"kind": "credit", "amount": 5, "currency": "EUR"}, "grants a credit of 5 EUR"),
        ("set", {"stage": "live", "remove_tags": ["new"]}, "moves it to the stage live and removes the tag new"),
    ],
)
def test_a_step(kind, args, words):
    assert in_words.does([Step("s", kind, args)]) == [words]
