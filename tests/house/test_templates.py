"""Templates and styles."""

import re

from django.template.loader import get_template

from tests.house.files import lines_with, texts

COLOUR = r"#[0-9a-fA-F]{3,8}\b(?![\w-]*[{,])|\b(rgb|rgba|hsl|hsla|oklch|oklab|lab|lch)\("


def test_every_template_compiles():
    for name, _ in texts("*.html", "*.txt", below=("templates/",)):
        get_template(name.removeprefix("templates/"))


def test_colours_stand_in_the_tokens_only():
    styles = ((name, re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)) for name, text in texts("*.css", below=("crm/static/",)))
    assert [line for line in lines_with(COLOUR, styles) if not line.startswith("crm/static/crm/css/tokens.css")] == []


def test_no_script_and_no_style_inside_pages():
    pages = texts("*.html", below=("templates/",))
    assert lines_with(r"<script(?![^>]*\bsrc=)(?![^>]*type=.application/json)|\son[a-z]+=[\"']|<style", pages) == []
