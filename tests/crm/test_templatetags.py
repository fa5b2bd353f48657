"""The tags and filters of the frame."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from crm.models import User
from crm.templatetags import crm as tags

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def draw(text: str, **values: object) -> str:
    return Template(text).render(Context({"at": AT, "user": User(zone="Europe/Oslo"), **values}))


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=-41), "in 41 days"),
        (timedelta(days=300), "9 months ago"),
        (timedelta(days=1200), "3 years ago"),
    ],
)
def test_times_are_relative_in_the_text(away: timedelta, words: str) -> None:
    assert tags.relative(AT - away, AT) == words


def test_times_are_absolute_in_the_readers_zone_in_the_title() -> None:
    assert 'title="Friday 20 November 2026, 13:00 (Europe/Oslo)"' in draw("{% ago at %}")
    assert "never" in draw("{% ago none %}", none=None)


def test_days_are_days_of_the_readers_zone() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert "21 Nov 2026" in draw("{% day late %}", late=late)
    assert "2 Jan 2027" in draw("{% day due %}", due=date(2027, 1, 2))


@pytest.mark.parametrize(
    ("back", "words"), [(0, "Today"), (1, "Yesterday"), (2, "Wednesday 18 November"), (400, "Thursday 16 October 2025")]
)
def test_days_of_the_timeline_have_names(back: int, words: str) -> None:
    assert draw("{% day_heading value %}", value=date(2026, 11, 20) - timedelta(days=back)) == words


@pytest.mark.parametrize(("name", "html"), [("good", "good"), ("watch", "watch"), ("risk", "bad"), (None, "unknown"), ("<b>", "unknown")])
def test_a_band_has_word_and_shape(name: str | None, html: str) -> None:
    assert f'class="band {html}"' in tags.band(name, 38)


def test_money_is_in_its_currency_and_a_dash_where_unknown() -> None:
    assert (
        draw("{{ 350000|money:'EUR' }} {{ 350000|money_whole:'EUR' }} {{ 1200|money:'JPY' }} {{ none|money:'EUR' }}", none=None)
        == "€3,500.00 €3,500 ¥1,200 –"
    )


@pytest.mark.parametrize(("name", "letters"), [("Ada Lind", "AL"), ("Halvorsen", "H"), ("", "?"), (None, "?"), ("Jean-Luc van Dam", "JD")])
def test_initials(name: str | None, letters: str) -> None:
    assert tags.initials(name) == letters


def test_names_are_escaped() -> None:
    assert "<img" not in tags.avatar("<img src=x>", "logo")


def test_a_query_string_is_changed_and_keys_are_removed() -> None:
    request = RequestFactory().get("/accounts/?q=a&after=x")
    assert draw('{% query sort="-score" after=None %}', request=request) == "?q=a&amp;sort=-score"


def test_a_panel_wraps_what_stands_in_it() -> None:
    html = draw('{% panel title note="4" %}<p>{{ name }}</p>{% endpanel %}', title="People & co", name="<b>")
    assert "<h2>People &amp; co</h2>" in html
    assert "<p>&lt;b&gt;</p>" in html
