"""What people write: Markdown to safe HTML, and the "[] …" lines that become tasks. Knows no records."""

import re
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TASK_LINE = re.compile(r"^\s*(?:[-*]\s+)?\[\s?\]\s+(?P<title>\S.*)$")
TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "h1", "h2", "h3", "h4", "hr"}
SCHEMES = {"http", "https", "mailto", "tel"}


@lru_cache(maxsize=1)
def markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"breaks": True, "html": False}).enable("strikethrough")


def render(text: str) -> SafeString:
    """Markdown as HTML that may stand in a page: no scripts, styles, pictures or forms; links open without a referrer."""
    html = nh3.clean(
        markdown().render(text), tags=TAGS, attributes={"a": {"href"}}, url_schemes=SCHEMES, link_rel="nofollow noopener noreferrer"
    )
    return mark_safe(html)  # noqa: S308  cleaned above


def task_lines(text: str) -> tuple[str, list[str]]:
    """The text without its task lines, and the titles of those: "[] send the offer" or "- [ ] send the offer"."""
    kept, titles = [], []
    for line in text.splitlines():
        match = TASK_LINE.match(line)
        titles.append(match["title"].strip()[:300]) if match else kept.append(line.rstrip())
    return "\n".join(kept).strip(), titles


def first_line(text: str, limit: int = 120) -> str:
    """The first line without Markdown signs, for titles."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    plain = re.sub(r"[*_`#>\[\]]+", "", line).strip()
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"
