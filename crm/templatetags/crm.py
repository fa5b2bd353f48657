"""Template tags and filters of the frame: marks, money, times, query strings. Built in, so no `{% load %}` is needed.

They return short strings built in Python because tables call them in every cell; larger parts are
templates in `templates/components/`. No tag touches the database.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zlib import crc32
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from django import template
from django.forms import BoundField
from django.http import QueryDict
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from crm.lib import clock
from crm.lib.money import display

register = template.Library()

STYLES = [
    "tokens",
    "base",
    "frame",
    "button",
    "mark",
    "table",
    "panel",
    "form",
    "overlay",
    "tabs",
    "timeline",
    "chart",
    "account",
    "composer",
    "paper",
    "task",
    "data",
    "pages",
]
SCRIPTS = [
    "theme",
    "hotkeys",
    "rows",
    "listbox",
    "palette",
    "toasts",
    "overlays",
    "forms",
    "focus",
    "times",
    "charts",
    "copy",
    "unfold",
    "compose",
    "poll",
]
BANDS = {"good": "Good", "watch": "Watch", "risk": "Risk", "bad": "Risk", "unknown": "Unknown"}
TONES = {"good": "good", "watch": "watch", "risk": "bad", "bad": "bad"}


# Files of the frame


@register.simple_tag
@lru_cache(maxsize=1)
def styles() -> SafeString:
    """The links to every style sheet, in layer order."""
    return mark_safe("".join(f'<link rel="stylesheet" href="{static(f"crm/css/{name}.css")}">' for name in STYLES))  # noqa: S308


@register.simple_tag
@lru_cache(maxsize=1)
def scripts() -> SafeString:
    """htmx and the behaviours; modules run after the page is parsed."""
    htmx = f'<script src="{static("django_htmx/htmx-2.min.js")}" defer></script>'
    return mark_safe(htmx + "".join(f'<script type="module" src="{static(f"crm/js/{name}.js")}"></script>' for name in SCRIPTS))  # noqa: S308


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; decoration unless a `label` gives it a name."""
    named = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return mark_safe(f'<svg class="icon" {named}><use href="{sprite()}#{escape(name)}"/></svg>')  # noqa: S308


@register.simple_tag
@lru_cache(maxsize=1)
def icon_file() -> str:
    """The address of the browser tab's icon."""
    return static("crm/img/tenure.svg")


@lru_cache(maxsize=1)
def sprite() -> str:
    return static("crm/img/icons.svg")


# Marks


@register.simple_tag
def band(name: str | None, score: int | None = None, size: str = "") -> SafeString:
    """Health band with shape and word, and the score where known: `{% band state.band state.score %}`."""
    tone, word = tone_of(name), BANDS.get(name or "", "Unknown")
    number = f" {score:d}" if isinstance(score, int) else ""
    return mark_safe(f'<span class="band {tone}{" band-large" if size == "large" else ""}">{word}{number}</span>')  # noqa: S308


@register.filter(name="tone")
def tone_of(name: str | None) -> str:
    """The class that colours a band: good, watch, bad or unknown."""
    return TONES.get(name or "", "unknown")


@register.simple_tag
def change(points: int | None) -> SafeString:
    """A signed change such as −12; nothing where unknown."""
    if points is None:
        return mark_safe("")
    way = "up" if points > 0 else "down" if points < 0 else ""
    return mark_safe(f'<span class="change {way}">{signed(points)}</span>')  # noqa: S308


@register.filter
def signed(number: int | Decimal | None) -> str:
    """12 -> "+12", -3 -> "−3" with a true minus, 0 -> "0"."""
    if number is None:
        return "–"
    return f"+{number}" if number > 0 else f"−{abs(number)}" if number < 0 else "0"


@register.simple_tag
def avatar(name: str | None, shape: str = "", size: str = "") -> SafeString:
    """Initials on a quiet hue. shape "logo" for accounts, size "large" for page heads. Decoration: the name stands beside it."""
    return mark_safe(  # noqa: S308
        f'<span class="avatar {escape(shape)} {escape(size)} hue-{hue(name)}" aria-hidden="true">{escape(initials(name))}</span>'
    )


@register.filter
def initials(name: str | None) -> str:
    """ "Ada Lind" -> "AL", "Halvorsen" -> "H"."""
    words = [word for word in (name or "").split() if word[0].isalnum()]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


@register.filter
def hue(name: str | None) -> int:
    """A number from 1 to 6 that stays the same for a name."""
    return crc32((name or "").encode()) % 6 + 1


@register.simple_tag
def meter(value: float | None, limit: float, tone: str = "") -> SafeString:
    """A thin bar of `value` in `limit`; a number must stand beside it."""
    share = max(0.0, min(100.0, 100 * float(value or 0) / float(limit))) if limit else 0.0
    return mark_safe(  # noqa: S308
        f'<svg class="meter {escape(tone)}" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true"><rect width="{share:.1f}" height="5"/></svg>'
    )


# Money, numbers, times


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Minor units for people: `{{ invoice.total_minor|money:invoice.currency }}`; "–" where unknown."""
    return "–" if minor is None or not currency else display_cached(minor, currency)


@register.filter
def money_whole(minor: int | None, currency: str) -> str:
    """The same without decimals, for lists and headlines."""
    return "–" if minor is None or not currency else display_cached(minor, currency, whole=True)


@lru_cache(maxsize=8192)
def display_cached(minor: int, currency: str, *, whole: bool = False) -> str:
    return display(minor, currency, whole=whole)


@register.filter
def number(value: float | Decimal | None) -> str:
    """12345 -> "12,345"; "–" where unknown."""
    return "–" if value is None else f"{value:,}"


@register.simple_tag(takes_context=True)
def ago(context: template.Context, at: datetime | None, empty: str = "never") -> SafeString:
    """`<time>` with "3 days ago", the full time in the reader's zone in its title. Refreshed by the page."""
    if at is None:
        return mark_safe(f'<span class="faint">{escape(empty)}</span>')  # noqa: S308
    return mark_safe(  # noqa: S308
        f'<time datetime="{at.isoformat()}" title="{absolute(at, zone_of(context))}" data-ago>{relative(at, now_of(context))}</time>'
    )


@register.simple_tag(takes_context=True)
def day(context: template.Context, value: date | datetime | None, empty: str = "–") -> SafeString:
    """`<time>` with "2 Jan 2027"; of an instant, its day in the reader's zone."""
    if value is None:
        return mark_safe(f'<span class="faint">{escape(empty)}</span>')  # noqa: S308
    local = value.astimezone(ZoneInfo(zone_of(context))).date() if isinstance(value, datetime) else value
    return mark_safe(f'<time datetime="{value.isoformat()}">{short_day(local)}</time>')  # noqa: S308


@register.simple_tag(takes_context=True)
def clock_time(context: template.Context, at: datetime) -> SafeString:
    """`<time>` with "16:12" in the reader's zone, the full time in its title."""
    zone = zone_of(context)
    return mark_safe(  # noqa: S308
        f'<time datetime="{at.isoformat()}" title="{absolute(at, zone)}">{format_time(at, "HH:mm", tzinfo=ZoneInfo(zone), locale="en_GB")}</time>'
    )


@register.simple_tag(takes_context=True)
def day_heading(context: template.Context, value: date) -> str:
    """ "Today", "Yesterday" or "Wednesday 18 November", with the year when it is another one."""
    today = clock.local_day(now_of(context), zone_of(context))
    if (away := (today - value).days) in {0, 1}:
        return "Yesterday" if away else "Today"
    return format_date(value, "EEEE d MMMM" if value.year == today.year else "EEEE d MMMM y", locale="en_GB")


@lru_cache(maxsize=2048)
def short_day(value: date) -> str:
    return f"{value:%-d %b %Y}"


@lru_cache(maxsize=2048)
def absolute(at: datetime, zone: str) -> str:
    return format_datetime(at, "EEEE d MMMM y, HH:mm", tzinfo=ZoneInfo(zone), locale="en_GB") + f" ({zone})"


STEPS = [(60, "second", 1), (3600, "minute", 60), (86_400, "hour", 3600), (86_400 * 60, "day", 86_400), (86_400 * 730, "month", 2_629_800)]


def relative(at: datetime, now: datetime) -> str:
    """ "just now", "5 minutes ago", "in 3 days". `times.js` uses the same steps."""
    seconds = int((now - at).total_seconds())
    size = abs(seconds)
    if size < 45:
        return "just now"
    unit, length = next(((unit, length) for limit, unit, length in STEPS if size < limit), ("year", 31_557_600))
    count = max(1, size // length)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def zone_of(context: template.Context) -> str:
    """The reader's IANA zone, UTC when nobody is signed in."""
    return getattr(context.get("user"), "zone", None) or "UTC"


def now_of(context: template.Context) -> datetime:
    """The instant the page is drawn for: `at` of the context, else the clock, asked once a page."""
    return context.get("at") or context.render_context.setdefault("crm.now", clock.now())


# Addresses


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The present query string with `changes` made: `{% query sort="-score" after=None %}`. None removes a key."""
    params: QueryDict = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}" if params else "?"


@register.filter
def starts(path: str, prefix: str) -> bool:
    """Whether an address lies under another, for aria-current."""
    return path.startswith(prefix)


# Parts that wrap what stands between their tags


@register.simple_block_tag
def panel(content: str, title: str, **options: object) -> SafeString:
    """`{% panel "Contacts" note="4" id="contacts" flush=True %}…{% endpanel %}`, see components/panel.html."""
    return render_to_string("components/panel.html", {"content": content, "title": title, **options})


@register.simple_block_tag
def dialog(content: str, id: str, title: str, **options: object) -> SafeString:  # noqa: A002
    """`{% dialog "merge" "Merge 2 accounts" %}…{% enddialog %}`, see components/dialog.html."""
    return render_to_string("components/dialog.html", {"content": content, "id": id, "title": title, **options})


@register.simple_block_tag
def menu(content: str, label: str, **options: object) -> SafeString:
    """`{% menu "More" icon="ellipsis" %}` items `{% endmenu %}`, see components/menu.html."""
    return render_to_string("components/menu.html", {"content": content, "label": label, **options})


@register.simple_block_tag
def banner(content: str, tone: str = "", icon: str = "info", **options: object) -> SafeString:
    """`{% banner tone="watch" %}…{% endbanner %}`, see components/banner.html."""
    return render_to_string("components/banner.html", {"content": content, "tone": tone, "icon": icon, **options})


# Forms and dictionaries


@register.filter
def control(field: BoundField) -> SafeString:
    """A bound field's control with the class that styles it."""
    kept = field.field.widget.attrs.get("class", "")
    return field.as_widget(attrs={"class": f"input {kept}".strip()})


@register.filter
def get(mapping: Mapping[str, object], key: str) -> object:
    """A value of a dictionary by a key that is itself a variable, "" where missing."""
    return mapping.get(key, "")
