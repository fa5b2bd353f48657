"""Tags for the head of an account's pages; `{% load accounts %}`. They read the account's state and what is remembered."""

from datetime import date, datetime
from functools import lru_cache

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from crm.lib import clock
from crm.templatetags.crm import short_day
from customers import scorecards
from customers.models import Task
from customers.views import account_rows

register = template.Library()


@register.simple_tag
def weeks(account: object) -> SafeString:
    """Twelve weeks of health as coloured bars; each colour by its score and the bands of the active scorecard."""
    return account_rows.weeks(account.name, account.state.trend, scorecards.bands())


@register.simple_tag
@lru_cache(maxsize=1)
def outcomes() -> SafeString:
    """The buttons of what can come of a task; the same in every row, so they are made once."""
    button = '<button class="menu-item" name="outcome" value="{0}" data-key="{2}">{1}<kbd>{2}</kbd></button>'
    return format_html_join("", button, ((value, label, n) for n, (value, label) in enumerate(Task.Outcome.choices, 1)))


@register.simple_tag
def away(day: date | None, at: datetime, zone: str) -> str:
    """ "2 Jan 2027, 41 d"; "–" where unknown."""
    if day is None:
        return "–"
    days = (day - clock.local_day(at, zone)).days
    return f"{short_day(day)}, {days} d" if days >= 0 else f"{short_day(day)}, −{-days} d"


@register.filter
def spoken(key: str) -> str:
    """A key in words: "login-drop-save" -> "Login drop save"."""
    return key.replace("-", " ").replace("_", " ").capitalize()


@register.filter
def span(since: datetime | None, at: datetime) -> str:
    """How long something lasts: "2 y 8 m", "5 m", "12 d"."""
    if since is None:
        return ""
    days = max((at - since).days, 0)
    years, months = divmod(int(days / 30.4375), 12)
    if not years and not months:
        return f"{days} d"
    return " ".join(part for part in (f"{years} y" if years else "", f"{months} m" if months else "") if part)
