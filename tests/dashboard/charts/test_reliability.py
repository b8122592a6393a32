from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from dashboard.charts.chart import Chart
from dashboard.charts.reliability import Axes, plot_calibration_gap, plot_reliability
from dashboard.charts.template import LIGHT, Named
from dashboard.metrics.calibration import Reliability, reliability
from dashboard.metrics.counts import ScoreCounts, exact_counts

HAND = Reliability(
    applications=np.array([1_000, 1_000, 1_000, 1_000]),
    defaults=np.array([10, 40, 100, 200]),
    mean_pd=np.array([0.012, 0.04, 0.08, 0.21]),
    default_rate=np.array([0.01, 0.04, 0.1, 0.2]),
    low=np.array([0.005, 0.03, 0.085, 0.18]),
    high=np.array([0.018, 0.05, 0.12, 0.23]),
)
TOO_HIGH = Reliability(HAND.applications, HAND.defaults, 3 * HAND.default_rate, HAND.default_rate, HAND.low, HAND.high)
EMPTY = reliability(ScoreCounts.empty())


def test_curve_band_and_diagonal() -> None:
    diagonal, band, curve = plot_reliability(HAND).figure.data
    np.testing.assert_allclose(curve.x, [1.2, 4, 8, 21], rtol=1e-6)
    np.testing.assert_allclose(curve.y, [1, 4, 10, 20], rtol=1e-6)
    np.testing.assert_allclose(band.y, [0.5, 3, 8.5, 18, 23, 12, 5, 1.8], rtol=1e-6)
    np.testing.assert_allclose(band.x, [1.2, 4, 8, 21, 21, 8, 4, 1.2], rtol=1e-6)
    np.testing.assert_allclose(diagonal.x, diagonal.y)
    assert diagonal.line.dash != curve.line.dash
    np.testing.assert_allclose(curve.customdata[2], [8, 10, 8.5, 12, 1_000, 100], rtol=1e-6)


def test_axes_are_alike_and_hold_the_points() -> None:
    layout = plot_reliability(HAND).figure.layout
    assert layout.xaxis.range == layout.yaxis.range
    assert layout.xaxis.range[0] == 0
    assert layout.xaxis.range[1] > 21


def test_title_is_the_takeaway() -> None:
    layout = plot_reliability(HAND).figure.layout
    # (0.2 + 0 + 2 + 1) / 4 points; the third group's PD of 8 % lies below its interval.
    assert layout.title.text == "PD and default rate differ by 0.80 points on average, and 3 of 4 groups fit"
    assert layout.title.subtitle.text.startswith("4 groups of about 1,000 applications")
    wrong = plot_reliability(TOO_HIGH).title
    assert wrong == "PD and default rate differ by 17.50 points on average: PD is too high in 4 of 4 groups"


@pytest.mark.parametrize(("n_bad", "pd", "n_groups"), [(9, 0.01, 1), (39, 0.04, 20), (0, 0.009, 1)])
def test_few_defaults_for_the_groups_are_too_few(n_bad: int, pd: float, n_groups: int) -> None:
    pds = pd * np.linspace(0.9, 1.1, 901)
    few = reliability(exact_counts(np.arange(901) < n_bad, pds), n_groups=n_groups)
    assert plot_reliability(few).title == "Too few to conclude whether PDs match default rates"
    assert plot_calibration_gap(few).title == "Too few to conclude where PDs are off"


def test_no_default_where_many_are_expected_is_conclusive() -> None:
    none = reliability(exact_counts([0] * 1_000, np.linspace(0.2, 0.4, 1_000)))
    assert plot_reliability(none).title.endswith("too high in 20 of 20 groups")


def test_logarithmic_axes_have_a_place_for_no_default() -> None:
    none = Reliability(
        HAND.applications,
        np.array([0, 40, 100, 200]),
        HAND.mean_pd,
        np.array([0, 0.04, 0.1, 0.2]),
        np.array([0, 0.03, 0.085, 0.18]),
        HAND.high,
    )
    figure = plot_reliability(none, axes=Axes.LOG).figure
    floor = 1.2 / 1.5
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.range[0] == pytest.approx(math.log10(floor))
    _, band, curve = figure.data
    assert curve.y[0] == band.y[0] == pytest.approx(floor)
    assert curve.customdata[0][1] == 0


def test_gaps_are_in_points_with_intervals() -> None:
    (gaps,) = plot_calibration_gap(HAND).figure.data
    np.testing.assert_allclose(gaps.y, [-0.2, 0, 2, -1], atol=1e-5)
    np.testing.assert_allclose(gaps.error_y.array, [0.8, 1, 2, 3], rtol=1e-5)
    np.testing.assert_allclose(gaps.error_y.arrayminus, [0.5, 1, 1.5, 2], rtol=1e-5)


def test_title_of_the_gaps_names_the_largest() -> None:
    assert plot_calibration_gap(HAND).title == ("The largest gap is +2.00 points at a PD of 8.0 %, beyond its interval")
    assert plot_calibration_gap(TOO_HIGH).title.startswith("The largest gap is −40.00 points")


@pytest.mark.parametrize("plot", [plot_reliability, plot_calibration_gap])
def test_two_cohorts_differ_in_more_than_colour(plot: Callable[..., Chart]) -> None:
    figure = plot(HAND, against=Named("Pensioners", TOO_HIGH)).figure
    other, own = (next(trace for trace in figure.data if trace.name == name) for name in ("Pensioners", "Cohort"))
    assert figure.layout.showlegend is True
    assert other.marker.symbol != own.marker.symbol
    colours = [trace.line.color or trace.marker.color for trace in (other, own)]
    assert colours == [LIGHT.against, LIGHT.accent]
    assert figure.layout.title.text == plot(HAND).title


def test_empty_comparison_is_left_out() -> None:
    figure = plot_reliability(HAND, against=Named("nobody", EMPTY)).figure
    assert [trace.name for trace in figure.data if trace.name] == ["PD is right", "Cohort"]
    assert plot_reliability(HAND, against=Named("nobody", EMPTY)).table["Of"] == ["Cohort"] * 4


def test_table_holds_numbers() -> None:
    table = plot_reliability(HAND).table
    assert table["Group"] == [1, 2, 3, 4]
    assert table["Defaults"] == [10, 40, 100, 200]
    np.testing.assert_allclose(np.array(table["Mean PD (%)"]), [1.2, 4, 8, 21])
    np.testing.assert_allclose(np.array(table["Default rate − PD (points)"]), [-0.2, 0, 2, -1], atol=1e-12)
    both = plot_reliability(HAND, against=Named("Rest", TOO_HIGH)).table
    assert both["Of"] == ["Cohort"] * 4 + ["Rest"] * 4
    assert len({len(column) for column in both.values()}) == 1


def test_description_gives_the_numbers() -> None:
    assert plot_reliability(HAND, against=Named("Rest", TOO_HIGH)).alt == (
        "Reliability curve: PD and default rate differ by 0.80 points on average, and 3 of 4 groups fit. "
        "Mean PDs run from 1.20 % to 21.0 %, default rates from 1.00 % to 20.0 %. Compared with Rest."
    )
    assert plot_calibration_gap(HAND).alt == (
        "Default rate less mean PD of 4 groups of about 1,000 applications: "
        "The largest gap is +2.00 points at a PD of 8.0 %, beyond its interval."
    )


def test_empty_cohort_says_so() -> None:
    for chart in (plot_reliability(EMPTY), plot_calibration_gap(EMPTY)):
        (note,) = chart.figure.layout.annotations
        assert note.text == chart.alt == "There are no applications to show."


@pytest.mark.parametrize("axes", list(Axes))
@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(axes: Axes, dark: bool) -> None:
    rng = np.random.default_rng(1)
    pd = rng.beta(1.2, 13.6, 20_000)
    groups = reliability(exact_counts(rng.random(20_000) < pd, pd), n_groups=50)
    for figure in (
        plot_reliability(groups, axes=axes, dark=dark).figure,
        plot_calibration_gap(groups, axes=axes, dark=dark).figure,
    ):
        text = figure.to_json()
        assert len(text) < 10_000
        assert json.loads(text)["data"][-1]["y"]["dtype"] == "f4"


def test_a_name_that_holds_markup_is_shown_as_it_is() -> None:
    names = [trace.name for trace in plot_reliability(HAND, against=Named("<b>x</b>", TOO_HIGH)).figure.data]
    assert "&lt;b&gt;x&lt;/b&gt;" in names


def test_what_is_set_beside_another_result_may_have_a_name() -> None:
    chart = plot_reliability(HAND, against=Named("Before", TOO_HIGH, "After"))
    assert {trace.name for trace in chart.figure.data if trace.showlegend is not False and trace.name} >= {
        "Before",
        "After",
    }
    assert list(dict.fromkeys(chart.table["Of"])) == ["After", "Before"]
