"""Usage of an account: what its people do by day, how many of them are active; and the panel of the overview."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm.lib import charts, clock, htmx
from customers import activity
from customers.activity import Series, Usage
from customers.views.access import account_or_404
from customers.views.account_health import panel

MOST_CHARTS = 6
PANEL_DAYS = 42
WEEK = 7


@require_safe
def account_usage(request: HttpRequest, pk: int) -> HttpResponse:
    """Ninety days by event name, the most used first."""
    account, at = account_or_404(request, pk), clock.now()
    usage = activity.usage(account, at=at)
    context = {
        "account": account,
        "at": at,
        "usage": usage,
        "charts": [drawn(usage, series) for series in usage.series[:MOST_CHARTS]],
        "figures": figures(usage),
        "names": [{"series": series, "tone": tone(series.change_pct)} for series in usage.series],
    }
    return htmx.render(request, "customers/account/usage.html", "customers/account/_usage.html", context)


@require_safe
def account_usage_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Active people and the most used events, with a line of six weeks each."""
    account, at = account_or_404(request, pk), clock.now()
    usage = activity.usage(account, at=at, days=PANEL_DAYS + 22)
    lines = [
        {"series": each, "spark": charts.spark(f"{each.label} by week", weekly(each.values), low=0), "tone": tone(each.change_pct)}
        for each in usage.top
    ]
    return panel(request, {"account": account, "usage": usage, "lines": lines}, "customers/account/_usage_panel.html")


def weekly(values: list[int | float]) -> list[int | float]:
    """Sums of whole weeks, oldest first."""
    start = len(values) % WEEK
    return [sum(values[i : i + WEEK]) for i in range(start, len(values), WEEK)]


def drawn(usage: Usage, series: Series) -> dict[str, Any]:
    labels = [f"{day:%-d %b}" for day in usage.days]
    chart = charts.bars(series.label, labels, [charts.Series(series.label, series.values)], width=560, height=170)
    return {"series": series, "chart": chart, "tone": tone(series.change_pct)}


def tone(change: int | None) -> str:
    """Use that halves is bad, use that falls by a fifth is to be watched."""
    if change is None:
        return ""
    return "bad" if change <= -50 else "watch" if change <= -20 else "good" if change >= 20 else ""


def figures(usage: Usage) -> list[dict[str, Any]]:
    active = usage.active
    return [
        {"label": "active people, 7 days", "value": active.week, "note": f"{active.week_before} the week before"},
        {"label": "active people, 30 days", "value": active.month, "note": f"{active.month_before} the month before"},
        {"label": "kinds of events", "value": len(usage.series)},
    ]
