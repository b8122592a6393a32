from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dashboard.charts.dependence import drawn_bins, plot_dependence
from dashboard.charts.template import LIGHT, Named
from dashboard.metrics.explanation import Dependence
from data.home_credit import embedded
from inference.explain.contributions import BinKind, ExplainedFeature, ValueBins

SCORE = ExplainedFeature("s", "Score", -100, 300, ValueBins(BinKind.RANGES, numbers=(0.0, 1.0, 2.0, 3.0)))
JOB = ExplainedFeature("j", "Job", -100, 300, ValueBins(BinKind.LEVELS, levels=("x", "<b>y", "z")))
MEAN = np.array([0.3, np.nan, -0.2, 0.1])
HAND = Dependence(SCORE, np.array([60, 0, 100, 40]), MEAN, MEAN - 0.1, MEAN + 0.2, 0.01)
NO_MISSING = Dependence(SCORE, np.array([60, 100, 40, 0]), MEAN[[0, 2, 3, 1]], MEAN, MEAN, 0.01)
LEVELS = replace(HAND, feature=JOB)
NONE = np.full(4, np.nan)
EMPTY = Dependence(SCORE, np.zeros(4, dtype=np.int64), NONE, NONE, NONE, 0.01)


def test_the_curve_skips_what_nobody_has_and_missing_ones_stand_apart() -> None:
    band, curve, missing, shares = plot_dependence(HAND, embedded.DEFINITION).figure.data
    np.testing.assert_allclose(curve.x, [0, 2])
    np.testing.assert_allclose(curve.y, [0.3, -0.2], rtol=1e-6)
    assert list(curve.text) == ["below 1", "2 and more"]
    np.testing.assert_allclose(band.y, [0.5, 0.0, -0.3, 0.2], atol=1e-7)
    np.testing.assert_allclose(missing.x, [3.5])
    np.testing.assert_allclose(missing.error_y.array, [0.2], rtol=1e-5)
    np.testing.assert_allclose(missing.error_y.arrayminus, [0.1], rtol=1e-5)
    np.testing.assert_allclose(shares.y, [30, 0, 50, 20])
    assert shares.yaxis == "y2"


def test_ticks_stand_between_ranges() -> None:
    axis = plot_dependence(HAND, embedded.DEFINITION).figure.layout.xaxis
    assert list(axis.tickvals) == [0.5, 3.5]
    assert list(axis.ticktext) == ["1", "Missing"]
    assert list(plot_dependence(NO_MISSING, embedded.DEFINITION).figure.layout.xaxis.ticktext) == ["1"]


def test_levels_go_from_the_highest_mean_down_and_are_escaped() -> None:
    figure = plot_dependence(LEVELS, embedded.DEFINITION).figure
    means, shares = figure.data
    assert means.mode == "markers"
    assert list(means.text) == ["x", "z", "Missing"]
    assert list(figure.layout.xaxis.ticktext) == ["x", "z", "Missing"]
    named = replace(LEVELS, applications=np.array([60, 50, 100, 40]), mean=np.array([0.3, 0.2, -0.2, 0.1]))
    assert "&lt;b&gt;y" in plot_dependence(named, embedded.DEFINITION).figure.layout.xaxis.ticktext
    assert shares.type == "bar"


def test_the_other_cohort_is_dashed_and_its_missing_ones_are_shown() -> None:
    figure = plot_dependence(NO_MISSING, embedded.DEFINITION, against=Named("Rest", HAND)).figure
    by_name = {trace.name: trace for trace in figure.data if trace.type == "scatter" and trace.mode == "lines+markers"}
    assert (by_name["Cohort, mean"].line.dash, by_name["Rest, mean"].line.dash) == ("solid", "dash")
    assert by_name["Rest, mean"].line.color == LIGHT.against
    assert drawn_bins(NO_MISSING).tolist() == [0, 1, 2]
    assert drawn_bins(NO_MISSING, HAND).tolist() == [0, 1, 2, 3]
    assert figure.layout.xaxis.ticktext[-1] == "Missing"


def test_only_twenty_levels_are_drawn_and_the_subtitle_says_so() -> None:
    many = ExplainedFeature("m", "Many", 0, 1, ValueBins(BinKind.LEVELS, levels=tuple(map(str, range(58)))))
    numbers = np.arange(59)
    shown = Dependence(many, numbers, numbers / 100, numbers / 100, numbers / 100, 0.01)
    assert drawn_bins(shown).tolist() == [*range(57, 37, -1), 58]
    subtitle = plot_dependence(shown, embedded.DEFINITION).subtitle
    assert subtitle.endswith("; the 21 most frequent of 58 values")


def test_titles_say_what_is_shown() -> None:
    assert plot_dependence(HAND, embedded.DEFINITION).title == "Score: odds × 1.35 (below 1) to × 0.82 (2 and more)"
    few = replace(HAND, applications=np.array([3, 0, 4, 0]))
    assert plot_dependence(few, embedded.DEFINITION).title == "Too few to conclude what Score does: 7 applications"
    # An extreme that few have is no finding.
    scarce = replace(HAND, applications=np.array([5, 0, 100, 40]))
    assert plot_dependence(scarce, embedded.DEFINITION).title == "Score: odds × 1.11 (Missing) to × 0.82 (2 and more)"
    alone = replace(HAND, applications=np.array([0, 0, 100, 0]))
    assert plot_dependence(alone, embedded.DEFINITION).title == "Score has one value here (2 and more): odds × 0.82"
    spread = replace(HAND, applications=np.array([29, 0, 100, 29]))
    assert plot_dependence(spread, embedded.DEFINITION).title == (
        "Too few to conclude what Score does: 158 applications with 3 values"
    )


def test_description_and_table_give_the_numbers() -> None:
    assert plot_dependence(HAND, embedded.DEFINITION, against=Named("Rest", HAND)).alt == (
        "Mean contribution by value in 3 groups. Score: odds × 1.35 (below 1) to × 0.82 (2 and more). "
        "In Rest: Score: odds × 1.35 (below 1) to × 0.82 (2 and more)."
    )
    table = plot_dependence(HAND, embedded.DEFINITION, against=Named("Rest", NO_MISSING)).table
    assert list(table["Score"]) == ["below 1", "1 to 2", "2 and more", "Missing"]
    assert table["Applications"] == [60, 0, 100, 40]
    assert table["Share (%)"] == [30.0, 0.0, 50.0, 20.0]
    assert table["Mean contribution (log-odds)"] == [0.3, None, -0.2, 0.1]
    assert table["Rest: Applications"] == [60, 100, 40, 0]


def test_an_empty_cohort_says_so() -> None:
    said = "Not defined because the cohort holds no applications."
    assert [note.text for note in plot_dependence(EMPTY, embedded.DEFINITION).figure.layout.annotations] == [said]
    assert plot_dependence(EMPTY, embedded.DEFINITION).alt == said
    assert (
        plot_dependence(HAND, embedded.DEFINITION, against=Named("Rest", EMPTY)).alt
        == plot_dependence(HAND, embedded.DEFINITION).alt
    )


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    text = plot_dependence(HAND, embedded.DEFINITION, against=Named("Rest", NO_MISSING), dark=dark).figure.to_json()
    assert len(text) < 12_000
    assert {trace["y"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}
