"""The examples that `/styleguide/` shows: each component in all its states. Made-up words and numbers, no database."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest

from crm.lib import charts, clock
from crm.lib.listing import Active, Column, Filter, Head, Page

TOKENS = ["ground", "surface", "sunk", "line", "line-strong", "control", "text", "text-quiet", "text-faint", "accent", "accent-soft"]
TOKENS += ["good", "good-soft", "watch", "watch-soft", "bad", "bad-soft", "unknown", *(f"chart-{number}" for number in range(1, 7))]
WEEKS = ["7 Sep", "14 Sep", "21 Sep", "28 Sep", "5 Oct", "12 Oct", "19 Oct", "26 Oct", "2 Nov", "9 Nov", "16 Nov", "22 Nov"]
WIDE = 360
SCORES = [78, 80, 77, 79, None, 74, 70, 64, 63, 57, 44, 38]


@dataclass(frozen=True)
class Row:
    """A row of the sample table."""

    name: str
    owner: str
    arr: int
    band: str
    score: int | None
    change: int | None
    reason: str
    renewal: str
    trend: list[int | None] = field(default_factory=list)

    @property
    def spark(self) -> charts.Chart:
        tone = {"risk": "bad", "good": "good", "watch": "watch"}.get(self.band, "")
        return charts.spark(f"{self.name}, 12 weeks", self.trend, tone=tone, low=0, high=100)


ROWS = [
    Row("Halvorsen Marine", "Ada Lind", 4_200_000, "risk", 38, -25, "logins −80 % in 30 days", "2 Jan 2027", SCORES),
    Row(
        "Kestrel Labs",
        "Ada Lind",
        1_860_000,
        "good",
        81,
        3,
        "92 % of API calls used",
        "1 May 2027",
        [70, 72, 71, 74, 75, 75, 78, 77, 79, 80, 80, 81],
    ),
    Row(
        "Orbis Freight",
        "Bob Ray",
        3_190_000,
        "watch",
        57,
        -8,
        "incident on 18 November",
        "4 Dec 2026",
        [66, 67, 66, 65, 66, 65, 64, 65, 65, 65, 65, 57],
    ),
    Row("Lumen Dental", "Bob Ray", 720_000, "unknown", None, None, "provisioned 2 days ago", "20 Nov 2027", [None] * 10 + [50, 52]),
    Row(
        "Trask Energy",
        "Ada Lind",
        5_600_000,
        "good",
        77,
        0,
        "no contact for 41 days",
        "20 Feb 2027",
        [76, 76, 77, 78, 77, 76, 77, 78, 77, 77, 77, 77],
    ),
]


class SampleForm(forms.Form):
    name = forms.CharField(label="Name", help_text="As it stands on invoices.", initial="Halvorsen Marine")
    email = forms.EmailField(label="E-mail")
    stage = forms.ChoiceField(label="Stage", choices=[("on", "Onboarding"), ("grow", "Growing"), ("renew", "Renewing")])
    due = forms.DateField(label="Due", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    urgent = forms.BooleanField(label="Urgent", required=False, help_text="Stands on top of My day.")
    outcome = forms.ChoiceField(
        label="Outcome", widget=forms.RadioSelect, choices=[("saved", "Saved"), ("none", "No action"), ("lost", "Lost")], initial="saved"
    )


def context(request: HttpRequest) -> dict[str, Any]:
    """Everything that `crm/styleguide.html` names."""
    at = clock.now()
    wrong = SampleForm({"wrong-name": "", "wrong-email": "jonas@", "wrong-stage": "on", "wrong-outcome": "saved"}, prefix="wrong")
    wrong.is_valid()
    return {
        "at": at,
        "parts": [
            "tokens",
            "icons",
            "buttons",
            "chips",
            "figures",
            "table",
            "list",
            "panels",
            "fields",
            "dialogs",
            "tabs",
            "banners",
            "empty",
            "timeline",
            "health",
            "charts",
        ],
        "moments": [at - timedelta(minutes=2), at - timedelta(days=3), at + timedelta(days=41)],
        "tokens": TOKENS,
        "icons": ICONS,
        "rows": ROWS,
        "listing": sample_page(),
        "figures": FIGURES,
        "facts": FACTS,
        "tabs": [{"label": name, "url": f"#{name.lower()}", "count": count} for name, count in TABS],
        "form": SampleForm(prefix="sample"),
        "wrong": wrong,
        **drawings(),
    }


def drawings() -> dict[str, charts.Chart]:
    return {
        "line": charts.line(
            "Health of Halvorsen Marine",
            WEEKS,
            [charts.Series("Score", SCORES)],
            low=0,
            high=100,
            marks=[charts.Mark(5, "Scorecard v2")],
            width=WIDE,
        ),
        "lines": charts.line("Logins and reports a week", WEEKS, LINES, width=WIDE),
        "bars": charts.bars(
            "MRR by month",
            ["Jun", "Jul", "Aug", "Sep", "Oct", "Nov"],
            [charts.Series("New", [4, 6, 3, 5, 7, 4], "s1"), charts.Series("Churned", [-1, -2, 0, -1, None, -4], "s4")],
            unit=" k€",
            width=WIDE,
        ),
        "strip": charts.strip(
            "Health by week", SCORES, ["good"] * 4 + ["unknown", "good", "good", "watch", "watch", "watch", "bad", "bad"]
        ),
    }


FIGURES = [
    {"label": "due today", "value": "9", "href": "#figures"},
    {"label": "overdue", "value": "2", "tone": "bad", "href": "#figures"},
    {"label": "new risks since yesterday", "value": "3"},
    {"label": "ARR at risk in your book", "value": "€84,200", "note": "of €1.2 M"},
]
FACTS = [
    {"label": "MRR", "value": "€3,500.00"},
    {"label": "Lifetime value", "value": "€104,300"},
    {"label": "Renewal", "value": "2 Jan 2027, 41 d"},
    {"label": "Owner", "value": "Ada Lind"},
]
TABS = [("Overview", None), ("Timeline", None), ("Health", None), ("Contacts", 4), ("Revenue", None)]
LINES = [
    charts.Series("Logins", [38, 41, 40, 37, 39, 33, 30, None, None, 22, 14, 6], "s1"),
    charts.Series("Reports", [12, 13, 12, 15, 14, 14, 12, 11, 12, 10, 9, 8], "s2"),
]
ICONS = [
    "sun",
    "building-2",
    "list-checks",
    "history",
    "workflow",
    "receipt-text",
    "database",
    "settings",
    "search",
    "plus",
    "chevron-right",
    "x",
    "check",
    "alarm-clock",
    "clock",
    "user",
    "users",
    "user-plus",
    "mail",
    "phone",
    "calendar",
    "message-square",
    "file-text",
    "trending-down",
    "trending-up",
    "triangle-alert",
    "circle-alert",
    "info",
    "circle-check",
    "credit-card",
    "rotate-ccw",
    "undo-2",
    "refresh-cw",
    "tag",
    "external-link",
    "arrow-right",
    "list-filter",
    "download",
    "copy",
    "link",
    "pencil",
    "trash-2",
    "ellipsis",
    "keyboard",
    "ticket",
    "heart-pulse",
    "log-in",
    "gift",
    "package",
    "key-round",
    "lock",
    "pin",
    "circle-help",
    "inbox",
    "zap",
    "plug",
    "webhook",
    "calendar-clock",
    "sticky-note",
]


def sample_page() -> Page:
    """A page of a list, as `Listing.page` makes it."""
    columns = [
        Column("name", "Account", "folded"),
        Column("owner", "Owner", css="card-off"),
        Column("arr", "ARR", "arr", numeric=True),
        Column("health", "Health", "score"),
        Column("trend", "12 weeks", css="card-off"),
        Column("why", "Top reason", css="card-off"),
        Column("renewal", "Renewal", "renewal", numeric=True, css="card-off"),
    ]
    sorts = {"arr": "descending"}
    heads = [
        Head(column, sorts.get(column.key, "none") if column.sort else "", f"?sort={column.key}" if column.sort else "")
        for column in columns
    ]
    filters = [
        Filter("q", "Search accounts", lambda rows, _value: rows),
        Filter("band", "Any health", lambda rows, _value: rows, kind="choice", choices=(("good", "Good"), ("risk", "Risk"))),
        Filter("mine", "Mine", lambda rows, _value: rows, kind="flag"),
    ]
    active = [Active(filters[1], "risk", "Risk", "?")]
    problems = ["Sorting by “colour” is not available."]
    return Page(ROWS, heads, filters, active, problems, "-arr", "?after=x", "?before=x", "?", {"band": "risk"})
