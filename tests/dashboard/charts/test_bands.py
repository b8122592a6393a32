"""The default rate by risk band: what is drawn and said is what the bands hold."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.bands import plot_bands
from dashboard.charts.template import Named
from dashboard.metrics.calibration_tests import calibration_by_band
from dashboard.metrics.counts import ScoreCounts, exact_counts

# Ten times: two applications in A, two in C of which one defaulted, one in F that defaulted.
BANDS = calibration_by_band(exact_counts([0, 0, 0, 1, 1] * 10, [0.01, 0.015, 0.05, 0.07, 0.5] * 10))


def test_rates_and_mean_pds_stand_over_their_bands() -> None:
    figure = plot_bands(BANDS).figure
    bars, points = figure.data
    assert list(bars.x) == list(points.x) == [0, 2, 5]
    np.testing.assert_allclose(bars.y, [1.25, 6.0, 50.0])
    np.testing.assert_allclose(points.y, [0, 50, 100])
    assert list(figure.layout.xaxis.ticktext)[2] == "<b>C</b><br>4–8 %<br>40.0 %"


def test_the_title_weighs_the_riskiest_band() -> None:
    assert plot_bands(BANDS).title == "Band F holds 20.0 % of applications and 50.0 % of defaults"


def test_intervals_reach_from_wilson_s_lower_to_its_upper_end() -> None:
    points = plot_bands(BANDS).figure.data[1]
    # Wilson's for 10 of 20, worked out from the formula: 0.5 -+ 0.2007.
    low, high = points.y[1] - points.error_y.arrayminus[1], points.y[1] + points.error_y.array[1]
    assert (low, high) == (pytest.approx(29.93, abs=0.01), pytest.approx(70.07, abs=0.01))


def test_another_cohort_is_drawn_beside_and_named() -> None:
    figure = plot_bands(BANDS, against=Named("Rest", BANDS)).figure
    assert [trace.name for trace in figure.data] == ["Cohort: mean PD", "Cohort: default rate", "Rest: default rate"]
    assert figure.data[2].x[0] > figure.data[1].x[0]
    assert plot_bands(BANDS, against=Named("Rest", BANDS)).alt.endswith("Compared with Rest.")


def test_a_name_out_of_a_link_is_shown_letter_by_letter() -> None:
    rates = plot_bands(BANDS, against=Named("<b>%{y}</b>", BANDS)).figure.data[2]
    assert rates.name == "&lt;b&gt;&#37;{y}&lt;/b&gt;: default rate"
    assert rates.hovertemplate.endswith(f"<extra>{rates.name}</extra>")


def test_words_name_each_band_that_holds_something() -> None:
    assert plot_bands(BANDS).alt == "Default rate by risk band: A 0.00 %, C 50.00 %, F 100.00 %."


def test_no_application_at_all_is_said() -> None:
    nothing = calibration_by_band(ScoreCounts.empty())
    assert plot_bands(nothing).alt == "There are no applications to show."
    assert plot_bands(nothing).figure.layout.annotations[0].text == "There are no applications to show."


def test_few_defaults_conclude_nothing() -> None:
    bands = calibration_by_band(exact_counts([0, 1, 1], [0.01, 0.5, 0.5]))
    assert plot_bands(bands).title == "Too few to conclude on risk bands: 2 defaults"


def test_no_default_is_said_in_the_title() -> None:
    assert plot_bands(calibration_by_band(exact_counts([0], [0.01]))).title == "No default in any risk band"
