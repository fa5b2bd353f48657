"""Health of an account: the score, its course, why it changed, and every factor with its value; and the panel of the overview."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.lib import charts, clock, htmx
from customers import health
from customers.health_why import Change, FactorWhy, Point, version_marks
from customers.models import ScorecardVersion
from customers.views.access import account_or_404

PERIODS = {"90": 90, "180": 180, "365": 365}
MOST_CAUSES = 8


@require_safe
def account_health(request: HttpRequest, pk: int) -> HttpResponse:
    """The score of today, or why there is none."""
    account, at = account_or_404(request, pk), clock.now()
    period = request.GET.get("days", "90") if request.GET.get("days", "90") in PERIODS else "90"
    points = health.history(account, PERIODS[period], at=at)
    why = health.why(account, at=at)
    context = {
        "account": account,
        "at": at,
        "why": why,
        "factors": [factor(each) for each in why.factors] if why else [],
        "causes": causes(why.change) if why and why.change else [],
        "chart": course(account.name, points),
        "has_course": any(point.score is not None for point in points),
        "period": period,
        "periods": [(key, f"{days} days") for key, days in PERIODS.items()],
    }
    return htmx.render(request, "customers/health/page.html", "customers/health/_page.html", context)


@require_safe
def account_why_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Why the score is what it is, in one panel."""
    account = account_or_404(request, pk)
    why = health.why(account, at=clock.now())
    factors = [factor(each) for each in why.factors] if why else []
    silent = [each.label for each in why.factors if not each.counts] if why else []
    context = {"account": account, "why": why, "factors": factors, "silent": silent}
    return panel(request, context, "customers/health/_panel.html")


def panel(request: HttpRequest, context: dict[str, Any], fragment: str) -> HttpResponse:
    """A panel of the overview; without htmx it stands on a page of its own."""
    if htmx.is_fragment(request):
        return render(request, fragment, context)
    return render(request, "customers/account/panel.html", {**context, "at": clock.now(), "fragment": fragment})


def factor(each: FactorWhy) -> dict[str, Any]:
    """A factor as table and panel show it; the tone follows the share of its points."""
    share = each.share
    tone = "" if share is None else "good" if share >= 70 else "watch" if share >= 40 else "bad"
    return {"why": each, "tone": tone, "target": counted(each.target, each.unit), "value": "" if each.value is None else plain(each.value)}


def counted(number: Any, unit: str) -> str:
    """A value with its unit: "45 %", "4 days", "yes"."""
    if unit == "yes or no":
        return "yes" if number else "no"
    return f"{plain(number)} {unit.removesuffix('s') if number == 1 else unit}".strip()


def plain(number: Any) -> str:
    """A decimal without needless zeros: 10.00 -> "10", −60.5 -> "−60.5"."""
    text = f"{number:,.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def causes(change: Change) -> list[dict[str, Any]]:
    """The parts of a change, largest first; what is beyond `MOST_CAUSES` is summed, so that they add up."""
    parts = sorted((part for part in change.parts if part.points), key=lambda part: -abs(part.points))
    shown = [{"label": part.label, "points": part.points, "kind": part.kind} for part in parts[:MOST_CAUSES]]
    rest = sum(part.points for part in parts[MOST_CAUSES:])
    return [*shown, {"label": "everything else", "points": rest, "kind": ""}] if rest else shown


def course(name: str, points: Sequence[Point]) -> charts.Chart:
    """The score by day, with a dashed mark where the scorecard's version changed; unknown days stay gaps."""
    marks = version_marks(list(points))
    numbers = dict(ScorecardVersion.objects.filter(pk__in={version for _, version in marks}).values_list("pk", "n")) if marks else {}
    return charts.line(
        f"Health of {name}",
        [f"{point.day:%-d %b}" for point in points],
        [charts.Series("Score", [point.score for point in points])],
        low=0,
        high=100,
        marks=[charts.Mark(index, f"Scorecard v{numbers.get(version, '?')}") for index, version in marks],
        width=760,
        height=220,
    )
