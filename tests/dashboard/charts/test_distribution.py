from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.distribution import plot_pd_distribution
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.distribution import PdDistribution, pd_distribution
from dashboard.metrics.estimate import Estimate

HAND = PdDistribution(
    edges=np.array([0.0, 0.1, 0.2]),
    good=np.array([60, 20]),
    bad=np.array([10, 20]),
    good_beyond=0,
    bad_beyond=10,
    good_median=0.06,
    bad_median=0.15,
)


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_areas_hold_the_shares() -> None:
    good, bad = plot_pd_distribution(HAND).figure.data
    assert (good.name, bad.name) == ("Non-defaults (80)", "Defaults (40)")
    np.testing.assert_allclose(good.x, [0, 10, 20])
    np.testing.assert_allclose(good.y, [75, 25, 25])  # the last step is held to its end
    np.testing.assert_allclose(bad.y, [25, 50, 50])
    np.testing.assert_allclose(bad.customdata, [10, 20, 20])


def test_outcomes_differ_in_more_than_colour() -> None:
    good, bad = plot_pd_distribution(HAND).figure.data
    assert good.line.color != bad.line.color
    assert good.line.dash == "solid"
    assert bad.line.dash != "solid"


def test_title_is_the_takeaway() -> None:
    assert plot_pd_distribution(HAND).title == "Defaults got higher PDs: median 15.0 % against 6.00 %"
    swapped = PdDistribution(HAND.edges, HAND.good, HAND.bad, 0, 10, 0.15, 0.06)
    assert plot_pd_distribution(swapped).title.startswith("Defaults got lower PDs")


def test_medians_that_may_differ_by_chance_are_not_concluded_from() -> None:
    small = replace(HAND, good_median=0.00031, bad_median=0.00039)
    assert plot_pd_distribution(small, auc=Estimate(0.52, 0.47, 0.57)).title == (
        "Defaults and non-defaults do not differ clearly in PD: median 0.039 % against 0.031 %"
    )
    assert plot_pd_distribution(small, auc=Estimate(0.6, 0.55, 0.65)).title == (
        "Defaults got higher PDs: median 0.039 % against 0.031 %"
    )


def test_what_is_not_drawn_is_said() -> None:
    subtitle = plot_pd_distribution(HAND).subtitle
    assert subtitle.endswith("in bars of 10 points; not drawn, above 20 %: 25.0 % of defaults")


def test_nine_defaults_are_too_few_to_compare() -> None:
    few = PdDistribution(HAND.edges, HAND.good, np.array([3, 6]), 0, 0, 0.06, 0.15)
    assert plot_pd_distribution(few).title == ("Too few to conclude how defaults and non-defaults differ in PD")


def test_cutoff_is_a_labelled_line() -> None:
    figure = plot_pd_distribution(HAND, cutoff=0.0909).figure
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == pytest.approx(9.09)
    assert notes(figure) == ["cutoff 9.09 %"]


def test_cutoff_beyond_the_axis_is_pointed_at() -> None:
    figure = plot_pd_distribution(HAND, cutoff=0.5).figure
    assert not figure.layout.shapes
    assert notes(figure) == ["cutoff 50.0 % →"]


def test_one_outcome_is_drawn_alone() -> None:
    figure = plot_pd_distribution(pd_distribution(exact_counts([0, 0, 0], [0.1, 0.2, 0.3]))).figure
    assert [trace.name for trace in figure.data] == ["Non-defaults (3)"]
    assert figure.layout.title.text == "PD of non-defaults: median 20.0 %"
    assert figure.layout.showlegend is True


def test_empty_cohort_says_so() -> None:
    empty = pd_distribution(ScoreCounts.empty())
    assert notes(plot_pd_distribution(empty).figure) == ["There are no applications to show."]
    assert plot_pd_distribution(empty).alt == "There are no applications to show."


def test_description_gives_the_numbers() -> None:
    assert plot_pd_distribution(HAND, cutoff=0.0909).alt == (
        "Distribution of predicted PD: 80 non-defaults with a median PD of 6.00 % and "
        "40 defaults with a median PD of 15.0 %. The cutoff is marked at 9.09 %."
    )


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    rng = np.random.default_rng(1)
    pd = rng.beta(1.2, 13.6, 20_000)
    figure = plot_pd_distribution(
        pd_distribution(exact_counts(rng.random(20_000) < pd, pd)), cutoff=0.1, dark=dark
    ).figure
    text = figure.to_json()
    assert len(text) < 8_000
    assert {trace["y"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}
