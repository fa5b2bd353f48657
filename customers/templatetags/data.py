"""Tags of the pages below /data/; `{% load data %}`. They draw what the view has read and touch no database."""

from collections.abc import Sequence

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from crm.lib import charts

register = template.Library()

FEEDS = {
    "live": ("live", "Live"),
    "quiet": ("late", "Quiet"),
    "silent": ("silent", "Silent"),
    "paused": ("paused", "Paused"),
    "off": ("off", "Off"),
    "new": ("none", "New"),
}
DELIVERIES = {
    "received": ("", "waiting"),
    "applied": ("good", "applied"),
    "partly_applied": ("watch", "partly applied"),
    "quarantined": ("bad", "quarantined"),
    "ignored": ("", "empty"),
    "refused": ("bad", "refused"),
    "open": ("watch", "open"),
    "replayed": ("good", "replayed"),
    "discarded": ("", "discarded"),
}
STEPS = [(120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"), (float("inf"), 86_400, "d")]


@register.simple_tag
def feed_lamp(state: str) -> SafeString:
    """The state of a feed with its shape and word."""
    shape, word = FEEDS.get(state, ("none", state))
    return mark_safe(f'<span class="lamp" data-state="{shape}">{escape(word)}</span>')  # noqa: S308


@register.simple_tag
def delivery_state(state: str) -> SafeString:
    """The state of a delivery or of an item in quarantine as a chip."""
    tone, word = DELIVERIES.get(state, ("", state))
    return mark_safe(f'<span class="chip {tone}">{escape(word)}</span>')  # noqa: S308


@register.simple_tag
def volume(name: str, hours: Sequence[int], normal: Sequence[float | None], tone: str = "") -> SafeString:
    """A day of items as a small line, above the grey line of what is normal."""
    return charts.spark(f"{name}, items an hour, last 24 hours", hours, tone=tone, low=0, beside=normal).svg


@register.filter
def lasting(seconds: float | None) -> str:
    """A span in its largest fitting unit: 45 -> "45 s", 6900 -> "115 min"; "–" where unknown."""
    if seconds is None:
        return "–"
    _, length, unit = next(step for step in STEPS if seconds < step[0])
    return f"{max(0, round(seconds / length))} {unit}"


@register.filter
def size(n: int) -> str:
    """Bytes for people: 512 -> "512 B", 20480 -> "20 kB"."""
    return f"{n} B" if n < 1024 else f"{n / 1024:.0f} kB" if n < 1024**2 else f"{n / 1024**2:.1f} MB"
