"""One word, one meaning (docs/glossary.md)."""

import re

from django.apps import apps

from tests.house.files import APPS, ROOT, lines_with, texts

# Words that the glossary replaces: what we say instead.
REPLACED = {
    r"\b[Cc]ustomer [Ss]uccess [Mm]anager\b": "CSM",
    r"\b[Oo]rganisations?\b|\b[Oo]rganizations?\b": "account",
    r"\b[Tt]enants?\b": "installation",
    r"\b[Ww]orkflows?\b(?!\")": "playbook",
}


def test_pages_use_the_words_of_the_glossary():
    for pattern, instead in REPLACED.items():
        pages = ((name, re.sub(r"\{[%#{].*?[%#}]\}", "", text, flags=re.DOTALL)) for name, text in texts("*.html", below=("templates/",)))
        assert lines_with(pattern, pages) == [], f"say {instead}"


def test_every_model_is_in_the_glossary():
    glossary = (ROOT / "docs/glossary.md").read_text()
    ours = {model.__name__ for app in APPS for model in apps.get_app_config(app).get_models()}
    main = ours & {
        "Account", "Contact", "Identifier", "Delivery", "Event", "Trait", "ActivityDay", "AccountState", "TimelineEntry", "Scorecard", "Score",
        "Task", "Job", "Plan", "Price", "Subscription", "Invoice", "CreditEntry", "Payment", "Playbook", "PlaybookVersion", "Firing", "Run", "Effect",
    }  # fmt: skip
    assert [name for name in sorted(main) if not re.search(rf"\b{name}\b", glossary)] == []
