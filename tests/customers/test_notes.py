"""Markdown of people becomes safe HTML; task lines become tasks."""

import pytest

from customers.notes import first_line, render, task_lines


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold**", "<p><strong>bold</strong></p>\n"),
        ("a\nb", "<p>a<br>\nb</p>\n"),
        ("- x", "<ul>\n<li>x</li>\n</ul>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("![x](http://a/b.png)", "<p></p>\n"),
        ("[a](https://b.example)", '<p><a href="https://b.example" rel="nofollow noopener noreferrer">a</a></p>\n'),
    ],
)
def test_markdown_is_rendered_safely(text, html):
    assert render(text) == html


def test_a_link_that_would_run_is_only_text():
    assert "href" not in render("[a](javascript:alert(1))")


def test_task_lines_leave_the_text():
    assert task_lines("Met Jonas\n[] call back\n- [ ] send offer\n[x] not this\n[]") == (
        "Met Jonas\n[x] not this\n[]",
        ["call back", "send offer"],
    )


def test_the_first_line_is_plain_and_short():
    assert first_line("\n## *Hello* you") == "Hello you"
    assert len(first_line("x" * 500)) == 120
