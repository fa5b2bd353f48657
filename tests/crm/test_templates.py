"""Rules of templates, styles and scripts, checked on the files themselves."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from crm.templatetags.crm import SCRIPTS, STYLES

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "crm/static/crm"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|(?<![\w-])(?:rgb|hsl|oklch|lab|lch)a?\(")


@pytest.mark.parametrize("name", NAMES)
def test_every_template_can_be_read(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_no_template_holds_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=\"|\shx-on|<script(?![^>]*\ssrc=)(?![^>]*application/json)", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_every_icon_named_is_in_the_sprite(path: Path) -> None:
    sprite = (STATIC / "img/icons.svg").read_text()
    for name in re.findall(r'{% icon "([\w-]+)"|icon="([\w-]+)"', path.read_text()):
        assert f'id="{"".join(name)}"' in sprite


def test_components_say_their_variables_on_top() -> None:
    for path in (ROOT / "templates/components").glob("*.html"):
        assert re.match(r"({#|{% comment %}) .{20,}", path.read_text()), path.name


def test_only_the_tokens_hold_colours() -> None:
    for path in (STATIC / "css").glob("*.css"):
        if path.name != "tokens.css":
            assert not COLOUR.search(path.read_text()), path.name


def test_every_token_used_is_defined() -> None:
    text = "".join(path.read_text() for path in (STATIC / "css").glob("*.css"))
    local = set(re.findall(r"(--[\w-]+)\s*:", text))
    assert set(re.findall(r"var\((--[\w-]+)", text)) - local == set()


def test_styles_and_scripts_are_listed_and_small() -> None:
    styles = {path.stem: path.read_bytes() for path in (STATIC / "css").glob("*.css")}
    scripts = {path.stem: path.read_bytes() for path in (STATIC / "js").glob("*.js")}
    assert sorted(styles) == sorted(STYLES)
    assert sorted(scripts) == sorted(SCRIPTS)
    assert sum(len(gzip.compress(text)) for text in styles.values()) < 40_000
    assert sum(len(gzip.compress(text)) for text in scripts.values()) < 40_000
