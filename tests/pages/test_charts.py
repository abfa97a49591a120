"""Scales, ticks, marks and legends."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.pages.charts import COLORS, SHAPES, AxisScale, chart, figure, legend, mark, series, spread, x_axis, y_axis

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def test_a_scale_runs_from_its_start_to_its_end() -> None:
    scale = AxisScale(0, 10, 100, 300)
    assert [scale(value) for value in (0, 5, 10)] == [100, 200, 300]
    logarithmic = AxisScale(1, 100, 0, 2, log=True)
    assert [logarithmic(value) for value in (1, 10, 100)] == pytest.approx([0, 1, 2])


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_all_values_lie_within_a_spread_scale_and_its_ticks_too(values: list[float]) -> None:
    scale = spread(values, 20, 400)
    assert all(20 <= scale(value) <= 400 for value in values)
    ticks = scale.ticks()
    assert ticks == sorted(set(ticks))
    assert all(scale.low - 1e-6 * abs(scale.low) <= tick <= scale.high + 1e-6 * abs(scale.high) for tick in ticks)
    assert len(ticks) <= 8


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.13, 0.48, [0.2, 0.3, 0.4]), (3, 3, [3])],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert AxisScale(low, high, 0, 1).ticks() == pytest.approx(ticks)


def test_ticks_of_a_logarithmic_scale_are_powers_of_ten_where_there_are_enough() -> None:
    assert AxisScale(0.5, 20_000, 0, 1, log=True).ticks() == [1, 10, 100, 1_000, 10_000]
    assert AxisScale(2, 30, 0, 1, log=True).ticks() == [3, 10, 30]


def test_marks_of_different_series_have_different_shapes_of_one_size() -> None:
    drawn = [mark(shape, 50, 50, 10) for shape in range(SHAPES)]
    assert len(set(drawn)) == SHAPES
    assert mark(SHAPES, 50, 50, 10) == drawn[0]
    for polygon in drawn[1:]:
        corners = re.search(r'points="([^"]+)"', polygon)
        assert corners
        reach = [math.dist((50, 50), map(float, pair.split(","))) for pair in corners[1].split()]
        assert 9 < max(reach) < 14


def test_a_legends_button_finds_the_marks_of_its_series() -> None:
    html = legend(["one", "<two>"], "arms")
    assert re.findall(r'data-series="(\d+)"', html) == ["0", "1"]
    assert "&lt;two&gt;" in html
    assert [series(place) for place in (0, 1, COLORS)] == ["a0 series-0", "a1 series-1", f"a0 series-{COLORS}"]


def test_a_chart_is_read_out_by_its_summary_and_has_its_numbers_as_a_table() -> None:
    x, y = AxisScale(0, 1, 40, 200), AxisScale(0, 1, 100, 20)
    axes = [x_axis(x, 20, 100, "epoch", "{:g}".format), y_axis(y, 40, 200, "loss", "{:g}".format)]
    picture = chart(240, 140, 'loss "falls"', axes)
    assert picture.startswith('<svg viewBox="0 0 240 140" role="img" aria-label="loss &quot;falls&quot;" tabindex="0"')
    assert picture.count(">0.4</text>") == 2
    assert "<summary>as a table</summary>" in figure("Loss", picture, table="numbers")
    assert "<details>" not in figure("Loss", picture)
