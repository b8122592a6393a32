from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.ranking import plot_cap, plot_ks, plot_precision_recall
from dashboard.charts.template import LIGHT, Named
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.discrimination import gini, ks_statistic
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.ranking import CapCurve, KsCurve, average_precision, cap_curve, ks_curve, precision_recall_curve
from dashboard.metrics.rates import confusion

HAND = exact_counts([1, 1, 0, 0, 0], [0.9, 0.4, 0.4, 0.2, 0.1])
OTHER = exact_counts([1, 0, 1, 0], [0.8, 0.6, 0.4, 0.2])
AVERAGE, KS, RATIO = Estimate(0.833, 0.8, 0.86), Estimate(2 / 3, 0.6, 0.7), Estimate(0.833, 0.7, 0.9)
Plot = Callable[[ScoreCounts], go.Figure]


def precision_recall(counts: ScoreCounts) -> go.Figure:
    return plot_precision_recall(precision_recall_curve(counts), average=average_precision(counts)).figure


def ks(counts: ScoreCounts) -> go.Figure:
    return plot_ks(ks_curve(counts), statistic=ks_statistic(counts).statistic).figure


def cap(counts: ScoreCounts) -> go.Figure:
    return plot_cap(cap_curve(counts), ratio=gini(counts)).figure


def hand_ks() -> KsCurve:
    curve = ks_curve(HAND)
    assert curve is not None
    return curve


def hand_cap() -> CapCurve:
    curve = cap_curve(HAND)
    assert curve is not None
    return curve


def title(figure: go.Figure) -> str:
    return str(figure.layout.title.text)


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_precision_recall_in_steps_over_chance() -> None:
    figure = plot_precision_recall(precision_recall_curve(HAND), average=AVERAGE, confusion=confusion(HAND, 0.3)).figure
    chance, curve, point = figure.data
    np.testing.assert_allclose(curve.x, [50, 100])
    np.testing.assert_allclose(curve.y, [100, 200 / 3], rtol=1e-6)
    np.testing.assert_allclose(curve.customdata, [90, 40])
    assert curve.line.shape == "vh"
    np.testing.assert_allclose(chance.y, [40, 40])
    assert chance.name == "By chance (40.00 %)"
    assert (point.x[0], point.y[0]) == pytest.approx((100, 200 / 3))
    assert title(figure) == "With half of the defaults declined, 100.0 % of those declined default"
    assert figure.layout.title.subtitle.text == (
        "Average precision 0.833, 95 % interval 0.800 to 0.860; by chance 0.400"
    )
    assert notes(figure) == [
        "<b>◆ cutoff 30.0 %</b><br>66.7 % of the declined default,<br>100.0 % of defaults are declined"
    ]


def test_precision_recall_in_words_and_numbers() -> None:
    curve = precision_recall_curve(HAND)
    assert plot_precision_recall(curve, average=AVERAGE, confusion=confusion(HAND, 0.3)).alt == (
        "Precision-recall curve: Average precision 0.833, 95 % interval 0.800 to 0.860; by chance 0.400. "
        "At the cutoff of 30.0 %, 66.7 % of the declined default, and 100.0 % of defaults are declined."
    )
    table = plot_precision_recall(curve, average=AVERAGE).table
    assert table["Cutoff (PD, %)"] == pytest.approx([90, 40])
    assert table["Recall (%)"] == pytest.approx([50, 100])
    assert table["Precision (%)"] == pytest.approx([100, 200 / 3])


def test_ks_marks_the_largest_gap_and_the_cutoff() -> None:
    figure = plot_ks(hand_ks(), statistic=KS, cutoff=0.3).figure
    good, bad, gap = figure.data
    assert (good.name, bad.name) == ("Non-defaults", "Defaults")
    assert good.line.dash != bad.line.dash
    np.testing.assert_allclose(gap.x, [40, 40])
    np.testing.assert_allclose(gap.y, [0, 200 / 3])
    (line,) = figure.layout.shapes
    assert line.x0 == pytest.approx(30)
    assert title(figure) == "Non-defaults and defaults are furthest apart at a PD of 40.0 %"
    assert figure.layout.title.subtitle.text == (
        "66.7 % of non-defaults and 0.0 % of defaults are below it: KS 0.667, 95 % interval 0.600 to 0.700"
    )
    assert notes(figure) == ["<b>◆ KS 66.7 points</b><br>at a PD of 40.0 %", "cutoff 30.0 %"]


def test_both_models_of_a_ks_curve_are_named() -> None:
    beside = Named("scorecard", ks_curve(OTHER), "champion")
    figure = plot_ks(ks_curve(HAND), statistic=KS, against=beside).figure
    names = [f"{model}: {outcome}" for model in ("scorecard", "champion") for outcome in ("non-defaults", "defaults")]
    assert [trace.name for trace in figure.data if trace.mode == "lines" and trace.name][:4] == names


def test_ks_axis_ends_where_nearly_all_pds_are_below() -> None:
    rng = np.random.default_rng(2)
    pd = rng.beta(1.2, 13.6, 20_000)
    outcome = rng.random(20_000) < pd
    figure = ks(exact_counts(outcome, pd))
    assert figure.layout.xaxis.range[1] == pytest.approx(100 * np.quantile(pd[outcome], 0.99), rel=0.02)


def test_ks_in_words_and_numbers() -> None:
    assert plot_ks(hand_ks(), statistic=KS).alt == (
        "KS curve: the outcomes are furthest apart at a PD of 40.0 %; 66.7 % of non-defaults and 0.0 % of defaults "
        "are below it: KS 0.667, 95 % interval 0.600 to 0.700."
    )
    table = plot_ks(hand_ks(), statistic=KS).table
    assert table["PD below (%)"] == pytest.approx([10, 20, 40, 90, 90])
    assert table["Non-defaults (%)"] == pytest.approx([0, 100 / 3, 200 / 3, 100, 100])
    assert table["Defaults (%)"] == pytest.approx([0, 0, 0, 50, 100])
    assert table["Gap (points)"] == pytest.approx([0, 100 / 3, 200 / 3, 50, 0])


def test_cap_between_chance_and_perfection() -> None:
    figure = plot_cap(hand_cap(), ratio=RATIO).figure
    perfect, chance, curve = figure.data
    np.testing.assert_allclose(perfect.x, [0, 40, 100])
    np.testing.assert_allclose(perfect.y, [0, 100, 100])
    np.testing.assert_allclose(chance.x, chance.y)
    np.testing.assert_allclose(curve.x, [0, 20, 60, 80, 100])
    np.testing.assert_allclose(curve.y, [0, 50, 100, 100, 100])
    assert len({perfect.line.dash, chance.line.dash, curve.line.dash}) == 3
    assert title(figure) == "Half of the defaults are among the riskiest 20.0 % of applications"
    assert figure.layout.title.subtitle.text == (
        "Cumulative accuracy profile: accuracy ratio (Gini) 0.833, 95 % interval 0.700 to 0.900"
    )


def test_cap_in_words_and_numbers() -> None:
    assert plot_cap(hand_cap(), ratio=RATIO).alt == (
        "Cumulative accuracy profile: accuracy ratio (Gini) 0.833, 95 % interval 0.700 to 0.900. "
        "Of the defaults, the riskiest 10 % hold 25.0 % and the riskiest 30 % hold 62.5 %."
    )
    table = plot_cap(hand_cap(), ratio=RATIO).table
    assert table["PD at and above (%)"] == [None, 90, 40, 20, 10]
    assert table["Applications (%)"] == pytest.approx([0, 20, 60, 80, 100])
    assert table["Defaults (%)"] == pytest.approx([0, 50, 100, 100, 100])


def test_the_compared_are_dashed_and_named_letter_by_letter() -> None:
    name = "<b>young</b>"
    figures = [
        plot_precision_recall(
            precision_recall_curve(HAND), average=AVERAGE, against=Named(name, precision_recall_curve(OTHER))
        ).figure,
        plot_cap(cap_curve(HAND), ratio=RATIO, against=Named(name, cap_curve(OTHER))).figure,
        plot_ks(ks_curve(HAND), statistic=KS, against=Named(name, ks_curve(OTHER))).figure,
    ]
    for figure in figures:
        others = [trace for trace in figure.data if trace.line.color == LIGHT.against]
        assert others
        assert all(trace.line.dash != "solid" for trace in others)
        assert all("&lt;b&gt;young&lt;/b&gt;" in trace.name for trace in others)
        assert figure.layout.showlegend
    table = plot_cap(cap_curve(HAND), ratio=RATIO, against=Named(name, cap_curve(OTHER))).table
    assert table["Of"] == ["Cohort"] * 5 + [name] * 5


def test_the_compared_without_both_outcomes_is_left_out() -> None:
    empty = ScoreCounts.empty()
    assert len(plot_cap(cap_curve(HAND), ratio=RATIO, against=Named("young", cap_curve(empty))).figure.data) == 3
    without = Named("young", ks_curve(empty))
    assert len(plot_ks(ks_curve(HAND), statistic=KS, against=without).figure.data) == 3
    assert len(plot_ks(ks_curve(HAND), statistic=KS, against=without).table["Of"]) == 5
    curve, nothing = precision_recall_curve(HAND), Named("young", precision_recall_curve(empty))
    assert len(plot_precision_recall(curve, average=AVERAGE, against=nothing).figure.data) == 2


@pytest.mark.parametrize("plot", [precision_recall, ks, cap])
def test_five_rows_conclude_nothing(plot: Plot) -> None:
    assert title(plot(HAND)).startswith("Too few to conclude")


def test_outcomes_that_clearly_differ_are_said_to_where_the_place_is_open() -> None:
    # Of 20 defaults 15 have the higher of two PDs, of 200 non-defaults 40: a KS of 0.55, known to about 0.2.
    counts = exact_counts([1] * 20 + [0] * 200, [0.2] * 15 + [0.1] * 5 + [0.2] * 40 + [0.1] * 160)
    assert title(ks(counts)) == (
        "Non-defaults and defaults differ in PD, too few to conclude at which PD the outcomes part"
    )


@pytest.mark.parametrize("plot", [precision_recall, ks, cap])
@pytest.mark.parametrize("counts", [ScoreCounts.empty(), exact_counts([0, 0], [0.1, 0.2])])
def test_undefined_curves_say_why(plot: Plot, counts: ScoreCounts) -> None:
    (note,) = notes(plot(counts))
    reason = "holds no applications" if not counts.n_applications else "none of the cohort's applications defaulted"
    assert "not defined because" in note
    assert reason in note


def test_undefined_curves_are_described_and_tabulated_as_such() -> None:
    nothing = Estimate.undefined("there is nothing")
    for chart in (
        plot_precision_recall(None, average=nothing),
        plot_ks(None, statistic=nothing),
        plot_cap(None, ratio=nothing),
    ):
        assert chart.alt.endswith("not defined because there is nothing.")
        assert chart.table
        assert all(not column for column in chart.table.values())


@pytest.mark.parametrize("plot", [precision_recall, ks, cap])
def test_payload_is_small_and_packed(plot: Plot) -> None:
    rng = np.random.default_rng(1)
    pd = rng.beta(1.2, 13.6, 20_000)
    text = plot(exact_counts(rng.random(20_000) < pd, pd)).to_json()
    assert len(text) < 12_000
    assert "f4" in {trace["y"]["dtype"] for trace in json.loads(text)["data"] if "dtype" in trace["y"]}
