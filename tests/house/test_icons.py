"""Every icon that a template or the catalogue names stands in the sprite."""

import re

from customers.catalogue import KNOWN
from tests.house.files import ROOT

SPRITE = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (ROOT / "crm/static/crm/img/icons.svg").read_text()))
NAMED = re.compile(r'(?:{% icon "|\bicon="|icon2?=")([a-z0-9-]+)"')


def test_templates_name_icons_that_exist():
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "templates").rglob("*.html")
        for name in NAMED.findall(path.read_text())
        if name not in SPRITE
    }
    assert not missing


def test_the_event_catalogue_names_icons_that_exist():
    assert {entry[2] for entry in KNOWN.values() if entry[2]} <= SPRITE
