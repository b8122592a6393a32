from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from dashboard.charts.chart import Chart
from dashboard.charts.importance import plot_difference, plot_importance
from dashboard.charts.template import Named
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.explanation import Effect, Effects

LABELS = {"a": "Age", "b": "Income & job", "c": "Credit"}


def effects(n_applications: int = 500, **values: float) -> Effects:
    found = [Effect(name, LABELS[name], Estimate(v, v - 0.05, v + 0.05)) for name, v in values.items()]
    return Effects(tuple(sorted(found, key=lambda effect: -effect.size)), n_applications)


COHORT, REST = effects(a=0.3, b=0.2, c=0.1), effects(a=0.15, b=0.25, c=0.1)
NOTHING = Effects(tuple(Effect(n, w, Estimate.undefined("nothing")) for n, w in LABELS.items()), 0)


def test_bars_are_the_mean_sizes_largest_first() -> None:
    figure = plot_importance(COHORT).figure
    (bars,) = figure.data
    np.testing.assert_allclose(bars.x, [0.3, 0.2, 0.1], rtol=1e-6)
    np.testing.assert_allclose(bars.customdata, np.exp([0.3, 0.2, 0.1]), rtol=1e-6)
    np.testing.assert_allclose(bars.error_x.array, [0.05] * 3, rtol=1e-5)
    assert bars.error_x.visible
    assert list(figure.layout.yaxis.ticktext) == ["Age", "Income &amp; job", "Credit"]
    assert not figure.layout.showlegend


def test_the_other_cohort_is_told_apart_by_its_form_and_escaped_name() -> None:
    figure = plot_importance(COHORT, against=Named("<b>Rest</b>", REST)).figure
    bars, other = figure.data
    assert (bars.name, other.name) == ("Cohort", "&lt;b&gt;Rest&lt;/b&gt;")
    assert other.marker.symbol == "diamond"
    np.testing.assert_allclose(other.x, [0.15, 0.25, 0.1], rtol=1e-6)
    assert figure.layout.showlegend


def test_an_empty_other_cohort_is_not_drawn() -> None:
    assert len(plot_importance(COHORT, against=Named("Rest", NOTHING)).figure.data) == 1
    assert plot_importance(COHORT, against=Named("Rest", NOTHING)).alt == plot_importance(COHORT).alt


def test_titles_say_what_is_shown() -> None:
    title = plot_importance(COHORT).figure.layout.title
    assert title.text == "Age moves predictions most: odds × or ÷ 1.35 on average"
    assert title.subtitle.text == "Mean size of each feature's contribution, the 3 largest of 3"
    few = effects(12, a=0.3, b=0.2, c=0.1)
    assert plot_importance(few).title == "Too few to conclude which features matter: 12 applications"


def test_description_and_table_give_the_numbers() -> None:
    against = Named("Rest", REST)
    assert plot_importance(COHORT, against=against).alt == (
        "Mean size of the contributions to the log-odds, the three largest: Age 0.300, Income & job 0.200, "
        "Credit 0.100. Rest has 0.150 for Age."
    )
    table = plot_importance(COHORT, against=against).table
    assert table["Feature"] == ["Age", "Income & job", "Credit"]
    assert table["Mean size (log-odds)"] == [0.3, 0.2, 0.1]
    assert table["Odds ×"] == [math.exp(value) for value in (0.3, 0.2, 0.1)]
    assert table["Rest: mean size (log-odds)"] == [0.15, 0.25, 0.1]


def test_only_fifteen_features_are_drawn_and_all_are_in_the_table() -> None:
    many = Effects(tuple(Effect(str(i), f"Feature {i}", Estimate(1 / (i + 1))) for i in range(40)), 500)
    (bars,) = plot_importance(many).figure.data
    assert len(bars.x) == 15
    assert not bars.error_x.visible
    assert len(plot_importance(many).table["Feature"]) == 40


APART = effects(a=0.3, b=-0.5, c=0.05)


def test_differences_point_up_and_down() -> None:
    figure = plot_difference(APART, reference="Rest").figure
    (bars,) = figure.data
    np.testing.assert_allclose(bars.x, [-0.5, 0.3, 0.05], rtol=1e-6)
    assert len(set(bars.marker.color)) == 2
    assert figure.layout.xaxis.title.text == "Difference (log-odds)<br>← lowers the PD, raises the PD →"


def test_difference_title_and_words_add_up() -> None:
    title = plot_difference(APART, reference="Rest").figure.layout.title
    assert title.text == "Odds × 0.86 against Rest, most by Income & job"
    assert title.subtitle.text == (
        "Mean contributions compared, the 3 largest differences; all 3 add up to −0.150 log-odds"
    )
    assert plot_difference(APART).alt == (
        "Against the average application, the cohort's mean log-odds differ by −0.150 (odds × 0.86); "
        "most by Income & job −0.500, Age +0.300, Credit +0.050."
    )
    assert plot_difference(APART).table["Difference (log-odds)"] == [-0.5, 0.3, 0.05]
    few = plot_difference(effects(3, a=0.3, b=-0.5, c=0.05)).title
    assert few == "Too few to conclude what sets the cohort apart: 3 applications"


@pytest.mark.parametrize("plot", [plot_importance, plot_difference])
def test_an_empty_cohort_says_so(plot: Callable[[Effects], Chart]) -> None:
    chart = plot(NOTHING)
    assert [note.text for note in chart.figure.layout.annotations] == [chart.alt]
    assert chart.alt == "Not defined because the cohort holds no applications."


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    text = plot_importance(COHORT, against=Named("Rest", REST), dark=dark).figure.to_json()
    assert len(text) < 8_000
    assert {trace["x"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}
