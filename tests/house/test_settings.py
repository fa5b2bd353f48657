"""`.env.example` is the list of settings."""

import re

from tests.house.files import ROOT, texts

READ = re.compile(r"""env\.(?:str|bool|int|list|db|float|json)\(\s*['"]([A-Z_]+)['"]|os\.environ\.get\(\s*['"]([A-Z_]+)['"]""")


def names_read() -> set[str]:
    return {
        first or second
        for _, text in texts("*.py", below=("crm/", "customers/", "billing/", "playbooks/"))
        for first, second in READ.findall(text)
    }


def names_documented() -> set[str]:
    return set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_every_setting_is_documented_and_every_documented_one_is_read():
    assert names_read() == names_documented()
