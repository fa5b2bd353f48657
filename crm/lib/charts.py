"""Charts as SVG text, drawn on the server. Pure: numbers and words in, a Chart out; colours are classes of chart.css.

Unknown values are None and stay a gap, never zero. Bars start at zero. Each mark carries its value in
`<title>` and can be focused; the same numbers stand in `rows` for the "show numbers" table.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString

Value = float | int | None
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 22


@dataclass(frozen=True)
class Series:
    """One line or set of bars: a name, values in the order of the labels, and a tone (s1…s6, good, watch, bad).

    `tones` colours single bars."""

    name: str
    values: Sequence[Value]
    tone: str = "s1"
    tones: Sequence[str] = ()


@dataclass(frozen=True)
class Mark:
    """A dashed line at the index of a label, such as a change of scorecard."""

    index: int
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawn chart: `svg` is safe to print, every text in it is escaped; `heads` and `rows` are the same numbers as a table."""

    svg: SafeString
    title: str
    heads: list[str]
    rows: list[list[str]]
    series: Sequence[Series] = ()


@dataclass(frozen=True)
class Scale:
    """Maps indices and values to the drawing."""

    count: int
    low: float
    high: float
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.width - RIGHT

    @property
    def bottom(self) -> int:
        return self.height - BOTTOM

    @property
    def slot(self) -> float:
        return (self.right - LEFT) / max(1, self.count)

    def middle(self, index: int) -> float:
        return LEFT + self.slot * (index + 0.5)

    def x(self, index: int) -> float:
        return LEFT + (self.right - LEFT) * (index / (self.count - 1) if self.count > 1 else 0.5)

    def y(self, value: float) -> float:
        span = (self.high - self.low) or 1
        return TOP + (self.bottom - TOP) * (1 - (value - self.low) / span)


def line(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    marks: Sequence[Mark] = (),
    width: int = 640,
    height: int = 200,
) -> Chart:
    """A line for each series over `labels`. `low` and `high` fix the axis, otherwise it fits the values.

    `width` is the space it will fill, in pixels, so that its text keeps its size."""
    ticks = axis([value for item in series for value in item.values], low, high)
    scale = Scale(len(labels), ticks[0], ticks[-1], width, height)
    body = [*gridlines(scale, ticks, unit), *label_texts(labels, scale, scale.x), *(mark_line(mark, scale) for mark in marks)]
    for item in series:
        body += line_parts(item, labels, scale, unit, area=len(series) == 1)
    return finish(title, labels, series, unit, scale, body)


def bars(title: str, labels: Sequence[str], series: Sequence[Series], *, unit: str = "", width: int = 640, height: int = 200) -> Chart:
    """Bars beside each other for each label, from zero."""
    ticks = axis([0, *(value for item in series for value in item.values)], None, None)
    scale = Scale(len(labels), ticks[0], ticks[-1], width, height)
    body = [*gridlines(scale, ticks, unit), *label_texts(labels, scale, scale.middle)]
    for place, item in enumerate(series):
        body += bar_parts(item, labels, scale, unit, place, len(series))
    return finish(title, labels, series, unit, scale, body)


def spark(
    title: str,
    values: Sequence[Value],
    *,
    tone: str = "",
    low: float | None = None,
    high: float | None = None,
    beside: Sequence[Value] = (),
) -> Chart:
    """A line of one word's size for a table cell; the title says what it shows and its ends. `beside` is drawn quietly below it."""
    known = [value for value in values if value is not None]
    bottom = low if low is not None else min(known, default=0)
    top = high if high is not None else max([*known, *(value for value in beside if value is not None)], default=1)
    points = spark_points(values, bottom, top)
    path = "".join(f'<path class="normal" d="{run_path(run)}"/>' for run in runs(spark_points(beside, bottom, top)) if run)
    path += "".join(f'<path class="line" d="{run_path(run)}"/>' for run in runs(points))
    last = next((point for point in reversed(points) if point), None)
    end = f'<circle class="end" cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="1.8"/>' if last else ""
    said = f"{title}: {said_range(known)}"
    svg = f'<svg class="spark {escape(tone)}" viewBox="-2 0 88 22" role="img" aria-label="{escape(said)}">{path}{end}</svg>'
    return Chart(SafeString(svg), title, [title], [[number(value)] for value in values])


def strip(title: str, values: Sequence[Value], tones: Sequence[str], *, limit: float = 100) -> Chart:
    """A row of small bars, one tone each: the weeks of a score."""
    step = 180 / max(1, len(values))
    parts = [strip_bar(index * step, step - 3, value, tone, limit) for index, (value, tone) in enumerate(zip(values, tones, strict=True))]
    said = f"{title}: {said_range([value for value in values if value is not None])}"
    svg = f'<svg class="bands-strip" viewBox="0 0 180 34" role="img" aria-label="{escape(said)}">{"".join(parts)}</svg>'
    return Chart(SafeString(svg), title, [title], [[number(value)] for value in values])


# Parts


def spark_points(values: Sequence[Value], bottom: float, top: float) -> list[tuple[float, float] | None]:
    span, step = (top - bottom) or 1, 84 / max(1, len(values) - 1)
    return [None if value is None else (index * step, 19 - 16 * (value - bottom) / span) for index, value in enumerate(values)]


def strip_bar(x: float, width: float, value: Value, tone: str, limit: float) -> str:
    height = 2 if value is None else max(2.0, 34 * value / limit)
    return f'<rect class="{escape(tone)}" x="{x:.1f}" y="{34 - height:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5"/>'


def line_parts(item: Series, labels: Sequence[str], scale: Scale, unit: str, *, area: bool) -> list[str]:
    points = [None if value is None else (scale.x(index), scale.y(value)) for index, value in enumerate(item.values)]
    parts = []
    for run in runs(points):
        if area and len(run) > 1:
            parts.append(f'<path class="area" d="{run_path(run)} L{run[-1][0]:.1f},{scale.bottom} L{run[0][0]:.1f},{scale.bottom} Z"/>')
        parts.append(f'<path class="line" d="{run_path(run)}"/>')
    for index, point in enumerate(points):
        if point:
            text = f"{labels[index]}, {item.name}: {number(item.values[index])}{unit}"
            alone = " alone" if is_alone(points, index) else ""
            parts.append(
                f'<circle class="hit" tabindex="-1" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="9" data-tip="{escape(text)}"><title>{escape(text)}</title></circle>'
                f'<circle class="dot{alone}" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="3.5"/>'
            )
    return [f'<g class="{escape(item.tone)}">', *parts, "</g>"]


def bar_parts(item: Series, labels: Sequence[str], scale: Scale, unit: str, place: int, places: int) -> list[str]:
    thick = max(1.0, scale.slot * 0.68 / places)
    parts = []
    for index, value in enumerate(item.values):
        if value is None:
            continue
        top, bottom = sorted((scale.y(value), scale.y(0)))
        x = LEFT + scale.slot * (index + 0.16) + thick * place
        text = f"{labels[index]}, {item.name}: {number(value)}{unit}"
        tone = f" {escape(item.tones[index])}" if item.tones else ""
        parts.append(
            f'<rect class="column{tone}" tabindex="-1" x="{x:.1f}" y="{top:.1f}" width="{thick - 1:.1f}" height="{max(0.5, bottom - top):.1f}" rx="2"'
            f' data-tip="{escape(text)}"><title>{escape(text)}</title></rect>'
        )
    return [f'<g class="{escape(item.tone)}">', *parts, "</g>"]


def gridlines(scale: Scale, ticks: Sequence[float], unit: str) -> list[str]:
    return [
        f'<line class="{"axis" if tick == ticks[0] else "rule"}" x1="{LEFT}" x2="{scale.right}" y1="{scale.y(tick):.1f}" y2="{scale.y(tick):.1f}"/>'
        f'<text x="{LEFT - 7}" y="{scale.y(tick) + 4:.1f}" text-anchor="end">{escape(number(tick) + unit)}</text>'
        for tick in ticks
    ]


def label_texts(labels: Sequence[str], scale: Scale, place: Callable[[int], float]) -> list[str]:
    step = max(1, math.ceil(len(labels) * 68 / scale.width))
    return [
        f'<text x="{place(index):.1f}" y="{scale.height - 5}" text-anchor="middle">{escape(label)}</text>'
        for index, label in enumerate(labels)
        if index % step == 0
    ]


def mark_line(mark: Mark, scale: Scale) -> str:
    x = scale.x(mark.index)
    return f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{scale.bottom}"><title>{escape(mark.text)}</title></line>'


def finish(title: str, labels: Sequence[str], series: Sequence[Series], unit: str, scale: Scale, body: list[str]) -> Chart:
    said = "; ".join(f"{item.name} {said_range([value for value in item.values if value is not None])}{unit}" for item in series)
    svg = (
        f'<svg class="chart" viewBox="0 0 {scale.width} {scale.height}" role="img" aria-label="{escape(title)}. {escape(said)}">'
        f"<title>{escape(title)}</title><desc>{escape(said)}</desc>{''.join(body)}</svg>"
    )
    rows = [[label, *(number(item.values[index]) for item in series)] for index, label in enumerate(labels)]
    return Chart(SafeString(svg), title, ["", *(item.name for item in series)], rows, series)


# Arithmetic


def axis(values: Sequence[Value], low: float | None, high: float | None) -> list[float]:
    """Two to six round ticks that hold the values, whole ones where all values are whole; [0, 1] when nothing is known."""
    known = [float(value) for value in values if value is not None]
    bottom = low if low is not None else min(known, default=0.0)
    top = high if high is not None else max(known, default=1.0)
    if bottom > 0 and low is None and bottom < top / 2:
        bottom = 0.0
    step = round_step((top - bottom) / 4 or max(abs(top), 1.0) / 4)
    if known and all(value.is_integer() for value in known):
        step = max(1.0, step if step.is_integer() else 2 * step)
    first = math.floor(bottom / step + 1e-9)
    last = max(first + 1, math.ceil(top / step - 1e-9))
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def round_step(raw: float) -> float:
    """The next of 1, 2, 2.5, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if raw <= factor * power * (1 + 1e-9))


def runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The unbroken pieces of a line, split at gaps."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            pieces.append([])
        else:
            pieces[-1].append(point)
    return [piece for piece in pieces if piece]


def is_alone(points: Sequence[tuple[float, float] | None], index: int) -> bool:
    before = points[index - 1] if index else None
    after = points[index + 1] if index + 1 < len(points) else None
    return before is None and after is None


def run_path(run: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in run)


def said_range(known: Sequence[float]) -> str:
    if not known:
        return "no data"
    return f"from {number(known[0])} to {number(known[-1])}, lowest {number(min(known))}, highest {number(max(known))}"


def number(value: Value) -> str:
    """1234.5 -> "1,234.5", 3.0 -> "3", None -> "–"."""
    if value is None:
        return "–"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
