from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dashboard.charts.strips import plot_strips
from dashboard.charts.template import LIGHT, Named
from dashboard.metrics.explanation import Strip
from inference.explain.contributions import BinKind, ExplainedFeature, ValueBins

AGE = ExplainedFeature("a", "Age", -100, 300, ValueBins(BinKind.NUMBERS, numbers=(0.0, 1.0)))
JOB = ExplainedFeature("j", "Job", -100, 300, ValueBins(BinKind.LEVELS, levels=("x", "y")))
FIRST = Strip(
    AGE,
    500,
    np.array([-0.1, 0.0, 0.1, 0.3]),
    np.array([0.2, 0.0, 0.8]),
    np.array([0.9, np.nan, 0.2]),
    0.0,
    0.0,
    low=-0.05,
    median=0.2,
    high=0.25,
    with_low=0.2,
    with_high=-0.05,
)
SECOND = Strip(
    JOB,
    500,
    np.array([-0.2, -0.1]),
    np.array([1.0]),
    np.array([np.nan]),
    0.0,
    0.0,
    low=-0.15,
    median=-0.15,
    high=-0.15,
    with_low=None,
    with_high=None,
)
STRIPS = (FIRST, SECOND)
OTHERS = (replace(FIRST, low=-0.08, high=0.1), replace(SECOND, low=-0.2))


def test_bars_stand_on_their_features_line_as_high_as_their_share() -> None:
    bars = plot_strips(STRIPS).figure.data[0]
    # The bar without an application is left out.
    np.testing.assert_allclose(bars.x, [-0.05, 0.2, -0.15], rtol=1e-6)
    np.testing.assert_allclose(bars.width, [0.1, 0.2, 0.1], rtol=1e-5)
    np.testing.assert_allclose(bars.y, [0.155, 0.62, 0.62], rtol=1e-6)
    np.testing.assert_allclose(np.array(bars.base, dtype=float) + np.array(bars.y) / 2, [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(bars.customdata, [20, 80, 100], rtol=1e-6)
    # Values without an order are in the middle of the scale.
    np.testing.assert_allclose(bars.marker.color, [0.9, 0.2, 0.5], rtol=1e-6)


def test_low_and_high_values_are_told_apart_without_colour() -> None:
    _, low, high = plot_strips(STRIPS).figure.data
    assert (low.marker.symbol, high.marker.symbol) == ("triangle-down", "triangle-up")
    np.testing.assert_allclose(low.x, [0.2], rtol=1e-6)
    np.testing.assert_allclose(high.x, [-0.05], rtol=1e-6)
    np.testing.assert_allclose(low.y, [0])


def test_the_other_cohort_is_a_dashed_line_beside_the_cohorts_own() -> None:
    own, other = plot_strips(STRIPS, against=Named("<i>Rest</i>", OTHERS[:1])).figure.data[3:]
    assert (own.line.dash, other.line.dash) == ("solid", "dash")
    assert (own.line.color, other.line.color) == (LIGHT.accent, LIGHT.against)
    assert other.name == "&lt;i&gt;Rest&lt;/i&gt;, middle 80 %"
    np.testing.assert_allclose(own.x, [-0.05, 0.25, np.nan, -0.15, -0.15, np.nan], rtol=1e-6)
    np.testing.assert_allclose(other.x, [-0.08, 0.1, np.nan], rtol=1e-6)


def test_titles_say_what_is_shown() -> None:
    assert plot_strips(STRIPS).title == "Age: odds × 1.22 with low values, × 0.95 with high ones"
    assert plot_strips([SECOND]).title == "Job: odds × 0.86 to × 0.86 for the middle 80 %"
    few = plot_strips([replace(FIRST, n_applications=1)]).title
    assert few == "Too few to conclude how contributions are spread: 1 application"


def test_description_and_table_give_the_numbers() -> None:
    assert plot_strips(STRIPS, against=Named("Rest", OTHERS)).alt == (
        "Spread of the contributions of 2 features. Age: the middle 80 % run from −0.050 to +0.250 log-odds, "
        "those of Rest from −0.080 to +0.100."
    )
    assert plot_strips(STRIPS).alt.endswith("to +0.250 log-odds.")
    table = plot_strips(STRIPS, against=Named("Rest", OTHERS[:1])).table
    assert table["Feature"] == ["Age", "Job"]
    assert table["90 % (log-odds)"] == [0.25, -0.15]
    assert table["Median with low values (log-odds)"] == [0.2, None]
    assert table["Rest: 10 % (log-odds)"] == [-0.08, None]


def test_no_strips_say_so() -> None:
    said = "Not defined because the cohort holds no applications."
    assert [note.text for note in plot_strips([]).figure.layout.annotations] == [said]
    assert plot_strips([]).alt == said


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    bars = 30
    shares = np.full(bars, 1 / bars)
    wide = replace(FIRST, edges=np.linspace(-1, 1, bars + 1), share=shares, value=np.linspace(0, 1, bars))
    figure = plot_strips([wide] * 10, against=Named("Rest", [wide] * 10), dark=dark).figure
    assert len(figure.data[0].x) == 300
    text = figure.to_json()
    assert len(text) < 25_000
    assert {trace["x"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}
