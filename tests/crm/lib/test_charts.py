"""Charts: gaps stay gaps, axes are round, nothing unescaped, small."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib import charts
from crm.lib.charts import Series

values = st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9, allow_nan=False)), max_size=40)


def test_an_unknown_value_breaks_the_line_instead_of_being_zero() -> None:
    chart = charts.line("Score", list("abcde"), [Series("Score", [50, 60, None, 40, 30])], low=0, high=100)
    assert chart.svg.count('class="line"') == 2
    assert chart.rows[2] == ["c", "–"]


def test_bars_start_at_zero_and_leave_unknown_ones_out() -> None:
    chart = charts.bars("MRR", ["Jan", "Feb", "Mar"], [Series("New", [400, 500, None])])
    assert chart.svg.count('class="column"') == 2
    assert ">0<" in chart.svg


@pytest.mark.parametrize(
    ("known", "ticks"),
    [
        ([0, 100], [0, 25, 50, 75, 100]),
        ([3, 7], [0, 2, 4, 6, 8]),
        ([], [0, 0.25, 0.5, 0.75, 1]),
        ([-4, 9], [-5, 0, 5, 10]),
        ([5, 5], None),
        ([0, 1], [0, 1]),
        ([0, 10], [0, 5, 10]),
        ([0, 0.5], None),
    ],
)
def test_axes_are_round(known: list[int], ticks: list[float] | None) -> None:
    found = charts.axis(known, None, None)
    assert found == ticks or (ticks is None and found[0] <= known[-1] <= found[-1])


@given(values)
def test_any_values_make_well_formed_svg_that_holds_them(numbers: list) -> None:
    labels = [str(index) for index in range(len(numbers))]
    for chart in (
        charts.line("T", labels, [Series("S", numbers)]),
        charts.bars("T", labels, [Series("S", numbers)]),
        charts.spark("T", numbers),
    ):
        ElementTree.fromstring(chart.svg)
    ticks = charts.axis(numbers, None, None)
    slack = (ticks[-1] - ticks[0]) * 1e-6
    assert all(ticks[0] - slack <= value <= ticks[-1] + slack for value in numbers if value is not None)


def test_text_is_escaped() -> None:
    chart = charts.line("<script>", ["<b>"], [Series('"x"', [1])])
    assert "<script>" not in chart.svg
    assert "<b>" not in chart.svg


def test_a_year_of_days_stays_small() -> None:
    chart = charts.line("Logins", [str(day) for day in range(90)], [Series("Logins", list(range(90)))])
    assert len(chart.svg) < 30_000


def test_a_spark_says_its_ends() -> None:
    assert "from 70 to 38, lowest 38, highest 80" in charts.spark("Score", [70, 80, None, 38]).svg
