from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.charts.roc import plot_roc
from dashboard.charts.template import LIGHT, Named
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.discrimination import roc_auc, roc_curve
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import confusion

HAND = exact_counts([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])
OTHER = exact_counts([1, 0], [0.6, 0.3])
SURE = Estimate(0.875, 0.86, 0.89)


def test_curve_and_chance() -> None:
    chance, curve = plot_roc(roc_curve(HAND), auc=SURE).figure.data
    np.testing.assert_allclose(curve.x, [0, 0, 50, 100])
    np.testing.assert_allclose(curve.y, [0, 50, 100, 100])
    np.testing.assert_allclose(curve.customdata, [100, 90, 40, 10])
    np.testing.assert_allclose(chance.x, chance.y)
    assert chance.line.dash != curve.line.dash


def test_title_is_the_takeaway() -> None:
    layout = plot_roc(roc_curve(HAND), auc=SURE).figure.layout
    assert layout.title.text == "A default gets a higher PD than a non-default 87.5 % of the time"
    assert layout.title.subtitle.text == "AUC 0.875, 95 % interval 0.860 to 0.890"


def test_wide_interval_concludes_nothing() -> None:
    layout = plot_roc(roc_curve(HAND), auc=roc_auc(HAND)).figure.layout
    assert layout.title.text == "Too few to conclude how well PD ranks defaults"


def test_cutoff_is_a_labelled_point() -> None:
    figure = plot_roc(roc_curve(HAND), auc=SURE, confusion=confusion(HAND, 0.3)).figure
    point = figure.data[-1]
    assert (point.x, point.y) == ((50.0,), (100.0,))
    (note,) = figure.layout.annotations
    assert note.text == "<b>◆ cutoff 30.0 %</b><br>declines 100.0 % of defaults<br>and 50.0 % of non-defaults"


def test_the_compared_curve_is_dashed_and_named() -> None:
    figure = plot_roc(roc_curve(HAND), auc=SURE, against=Named("<b>young</b>", roc_curve(OTHER))).figure
    _, other, own = figure.data
    np.testing.assert_allclose(other.x, [0, 0, 100])
    np.testing.assert_allclose(other.y, [0, 100, 100])
    assert (other.line.dash, own.line.dash) == ("dash", "solid")
    assert other.line.color == LIGHT.against
    assert (other.name, own.name) == ("&lt;b&gt;young&lt;/b&gt;", "Cohort")
    assert figure.layout.showlegend
    alone = plot_roc(roc_curve(HAND), auc=SURE, against=Named("young", None)).figure
    assert len(alone.data) == 2
    assert not alone.layout.showlegend


def test_table_holds_the_points() -> None:
    table = plot_roc(roc_curve(HAND), auc=SURE).table
    assert table == {
        "Cutoff (PD, %)": [None, 90, 40, 10],
        "Non-defaults declined (%)": [0, 0, 50, 100],
        "Defaults declined (%)": [0, 50, 100, 100],
    }
    both = plot_roc(roc_curve(HAND), auc=SURE, against=Named("young", roc_curve(OTHER))).table
    assert both["Of"] == ["Cohort"] * 4 + ["young"] * 3
    assert both["Defaults declined (%)"] == [0, 50, 100, 100, 0, 100, 100]
    assert all(not column for column in plot_roc(None, auc=SURE).table.values())


def test_description_gives_the_numbers() -> None:
    found = plot_roc(roc_curve(HAND), auc=SURE, confusion=confusion(HAND, 0.3)).alt
    assert found == (
        "ROC curve: AUC 0.875, 95 % interval 0.860 to 0.890. "
        "At the cutoff of 30.0 %, 100.0 % of defaults and 50.0 % of non-defaults are declined."
    )


@pytest.mark.parametrize("counts", [ScoreCounts.empty(), exact_counts([0, 0], [0.1, 0.2])])
def test_undefined_curve_says_why(counts: ScoreCounts) -> None:
    auc = roc_auc(counts)
    figure = plot_roc(roc_curve(counts), auc=auc, confusion=confusion(counts, 0.1)).figure
    (note,) = figure.layout.annotations
    assert note.text == f"The ROC curve is {auc.explanation}."
    assert plot_roc(roc_curve(counts), auc=auc).alt == note.text


def test_payload_is_small_and_packed() -> None:
    rng = np.random.default_rng(1)
    pd = rng.beta(1.2, 13.6, 20_000)
    counts = exact_counts(rng.random(20_000) < pd, pd)
    text = plot_roc(roc_curve(counts), auc=roc_auc(counts), confusion=confusion(counts, 0.1)).figure.to_json()
    assert len(text) < 10_000
    assert json.loads(text)["data"][1]["x"]["dtype"] == "f4"
