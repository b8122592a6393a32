"""Names out of files and links, in every figure: Plotly is given no tag and no template that a name brings along."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard import charts
from dashboard.charts.band_calibration import plot_band_calibration
from dashboard.charts.bands import plot_bands
from dashboard.charts.cells import Axis, plot_cells
from dashboard.charts.chart import Chart
from dashboard.charts.confusion import plot_confusion
from dashboard.charts.dependence import plot_dependence
from dashboard.charts.economics import plot_cost_curve, plot_profit_curve
from dashboard.charts.importance import plot_difference, plot_importance
from dashboard.charts.lift import plot_gain, plot_lift
from dashboard.charts.paired import plot_ranks, plot_segment_differences, plot_trade_off
from dashboard.charts.ranking import plot_cap, plot_ks, plot_precision_recall
from dashboard.charts.reliability import plot_calibration_gap, plot_reliability
from dashboard.charts.roc import plot_roc
from dashboard.charts.segments import plot_segments
from dashboard.charts.sensitivity import COST_RATIO, plot_excess, plot_sensitivity
from dashboard.charts.stability import ShiftWords, plot_shift
from dashboard.charts.strips import plot_strips
from dashboard.charts.template import Named, worded_name
from dashboard.metrics.calibration import reliability
from dashboard.metrics.calibration_tests import calibration_by_band
from dashboard.metrics.cell_counts import CellCounts
from dashboard.metrics.cells import CellMeasure, cell_grid
from dashboard.metrics.counts import exact_counts
from dashboard.metrics.discrimination import gini, ks_statistic, roc_auc, roc_curve
from dashboard.metrics.economics import Costs, Terms, cost_curve, cost_sensitivity, profit_curve
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.explanation import Dependence, Effect, Effects, Strip
from dashboard.metrics.paired_agreement import RankGrid
from dashboard.metrics.paired_segments import SegmentDifference, SegmentDifferences
from dashboard.metrics.ranking import average_precision, cap_curve, ks_curve, lift_table, precision_recall_curve
from dashboard.metrics.rates import confusion
from dashboard.metrics.segments import Measure, SegmentReport, segment_report
from dashboard.metrics.stability import stability_index
from data.home_credit import embedded
from data.settings import ROOT
from inference.explain.contributions import BinKind, ExplainedFeature, ValueBins

HOSTILE = '<a href="http://x">%{y}</a>'
RANDOM = np.random.default_rng(5)
PD = RANDOM.beta(1.2, 13.6, 4_000)
COUNTS = exact_counts(RANDOM.random(4_000) < PD, PD)
BANDS, GROUPS, LIFT = calibration_by_band(COUNTS), reliability(COUNTS), lift_table(COUNTS)
COST, PROFIT = cost_curve(COUNTS, Costs(10, 1), cutoff=0.1), profit_curve(COUNTS, Terms(0.05, 0.45, 1.0), cutoff=0.1)
RATIOS = cost_sensitivity(COUNTS, Costs(10, 1), cutoff=0.1)
DECIDED = confusion(COUNTS, 0.1)
TWO = np.array([[200, 300], [400, 500]])
CELLS = cell_grid(CellCounts(TWO, TWO // 10, TWO, TWO // 10, TWO * 0.1), CellMeasure.DEFAULT_RATE)


RANKS = RankGrid(np.ones((4, 4)), np.eye(4), np.ones((4, 4)))


def feature(name: str) -> ExplainedFeature:
    return ExplainedFeature(name, name, -100, 300, ValueBins(BinKind.LEVELS, levels=("x", name)))


def effects(name: str) -> Effects:
    return Effects((Effect(name, name, Estimate(0.3, 0.2, 0.4)),), 500)


def dependence(name: str) -> Dependence:
    means = np.array([0.3, -0.2, 0.1])
    return Dependence(feature(name), np.array([60, 100, 40]), means, means - 0.1, means + 0.2, 0.01)


def strip(name: str) -> Strip:
    bars, share = np.array([-0.1, 0.1, 0.3]), np.array([0.4, 0.6])
    return Strip(
        feature(name), 500, bars, share, share, 0.0, 0.0, low=0.0, median=0.1, high=0.2, with_low=0.2, with_high=0.0
    )


def report(name: str) -> SegmentReport:
    return segment_report(
        {0: COUNTS, 1: COUNTS}, (name, "other"), COUNTS + COUNTS, column=name, cutoff=0.1, break_even=0.09
    )


def shift(name: str) -> Chart:
    return plot_shift(stability_index([500, 300], [200, 600]), ShiftWords(name, "CSI", (name, "other"), name, name))


# Every chart that names something, for a cohort, its segments, levels and columns of that name.
CHARTS: dict[str, Callable[[str], Chart]] = {
    "band_calibration": lambda name: plot_band_calibration(BANDS, against=Named(name, BANDS)),
    "bands": lambda name: plot_bands(BANDS, against=Named(name, BANDS)),
    "calibration_gap": lambda name: plot_calibration_gap(GROUPS, against=Named(name, GROUPS)),
    "cap": lambda name: plot_cap(cap_curve(COUNTS), ratio=gini(COUNTS), against=Named(name, cap_curve(COUNTS))),
    "cells": lambda name: plot_cells(CELLS, down=Axis(name, (name, "b")), across=Axis(name, ("c", name))),
    "confusion": lambda name: plot_confusion(DECIDED, against=Named(name, DECIDED)),
    "cost_curve": lambda name: plot_cost_curve(COST, against=Named(name, COST)),
    "dependence": lambda name: plot_dependence(
        dependence(name), embedded.DEFINITION, against=Named(name, dependence(name))
    ),
    "difference": lambda name: plot_difference(effects(name), reference=name),
    "excess": lambda name: plot_excess(RATIOS, COST_RATIO, currency="", against=Named(name, RATIOS)),
    "gain": lambda name: plot_gain(LIFT, against=Named(name, LIFT)),
    "importance": lambda name: plot_importance(effects(name), against=Named(name, effects(name))),
    "ks": lambda name: plot_ks(
        ks_curve(COUNTS),
        statistic=ks_statistic(COUNTS).statistic,
        cutoff=0.1,
        against=Named(name, ks_curve(COUNTS)),
    ),
    "lift": lambda name: plot_lift(LIFT, against=Named(name, LIFT)),
    "precision_recall": lambda name: plot_precision_recall(
        precision_recall_curve(COUNTS),
        average=average_precision(COUNTS),
        confusion=DECIDED,
        against=Named(name, precision_recall_curve(COUNTS)),
    ),
    "profit_curve": lambda name: plot_profit_curve(PROFIT, currency="", against=Named(name, PROFIT)),
    "reliability": lambda name: plot_reliability(GROUPS, against=Named(name, GROUPS)),
    "ranks": lambda name: plot_ranks(RANKS, (name, "b"), Estimate(0.9)),
    "roc": lambda name: plot_roc(
        roc_curve(COUNTS), auc=roc_auc(COUNTS), confusion=DECIDED, against=Named(name, roc_curve(COUNTS))
    ),
    "segments": lambda name: plot_segments(
        report(name), measure=Measure.DEFAULT_RATE, against=Named(name, report(name))
    ),
    "segment_differences": lambda name: plot_segment_differences(
        SegmentDifferences((SegmentDifference(name, 0, name, 90, 20, (0.7, 0.6), Estimate(-0.1, -0.2, 0.1)),), 1),
        (name, "b"),
        str,
        "In none of 1 segment.",
    ),
    "sensitivity": lambda name: plot_sensitivity(RATIOS, COST_RATIO, against=Named(name, RATIOS)),
    "shift": shift,
    "strips": lambda name: plot_strips([strip(name)], against=Named(name, [strip(name)])),
    "trade_off": lambda name: plot_trade_off(
        [{"name": name, "auc": 0.7, "auc_low": 0.6, "auc_high": 0.8, "microseconds_a_row": 20.0}]
    ),
}


def drawn_texts(figure: go.Figure) -> list[str]:
    """All texts of `figure` but its title, which the page takes out of it and writes itself."""
    told = figure.to_plotly_json()
    told["layout"].pop("title")
    return list(_texts([told["data"], told["layout"]]))


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, np.ndarray):
        yield from _texts(part.tolist())
    elif isinstance(part, dict):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from _texts(value)


def plot_functions() -> dict[str, inspect.Signature]:
    modules = [
        importlib.import_module(f"{charts.__name__}.{part.name}") for part in pkgutil.iter_modules(charts.__path__)
    ]
    return {
        name.removeprefix("plot_"): inspect.signature(function)
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("plot_")
    }


def test_no_chart_that_compares_is_forgotten() -> None:
    compared = {name for name, signature in plot_functions().items() if "against" in signature.parameters}
    assert compared <= set(CHARTS)


def test_a_plot_function_returns_a_chart() -> None:
    assert {str(signature.return_annotation) for signature in plot_functions().values()} == {"Chart"}


def test_each_chart_has_its_own_name_words_data_and_a_method_that_is_documented() -> None:
    made = [chart("rest") for chart in CHARTS.values()]
    assert len({chart.name for chart in made}) == len(made)
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    assert {chart.method for chart in made} <= set(headings)
    for chart in made:
        assert chart.title
        assert chart.alt.endswith(".")
        assert chart.frame().height


@pytest.mark.parametrize("name", CHARTS)
def test_a_name_brings_neither_tags_nor_templates_into_a_figure(name: str) -> None:
    texts = drawn_texts(CHARTS[name](HOSTILE).figure)
    assert [text for text in texts if "<a" in text or "%{y}</a" in text or "%{y}&lt;/a" in text] == []
    # What stands there is escaped once, or a tag would be seen as "&lt;".
    assert [text for text in texts if "&amp;" in text] == []


# The texts of a difference are its title and its features' labels; all others name what they are beside.
@pytest.mark.parametrize("name", CHARTS)
def test_a_name_is_shown_letter_by_letter(name: str) -> None:
    texts = drawn_texts(CHARTS[name]("A & <b>").figure)
    assert any("A &amp; &lt;b&gt;" in text for text in texts)
    assert [text for text in texts if "&amp;amp;" in text or "&amp;lt;" in text] == []


def test_a_name_is_shortened_before_it_is_escaped() -> None:
    assert worded_name("<" * 40, 5) == "&lt;" * 4 + "…"
    assert worded_name("four words of it", 10) == "four word…"
    assert worded_name("four word of it", 6) == "four…"
    assert worded_name("five5", 5) == "five5"


def test_quotes_stay_what_they_are() -> None:
    # Plotly knows no &quot;.
    assert worded_name('"it\'s"') == '"it\'s"'


def test_a_name_is_no_template() -> None:
    assert worded_name("%{y} and %%{x}") == "&#37;{y} and %&#37;{x}"


def test_an_imported_level_of_a_feature_is_escaped_where_it_is_pointed_at() -> None:
    named = replace(dependence(HOSTILE), applications=np.array([60, 0, 0]))
    assert all("<a" not in text for text in drawn_texts(plot_dependence(named, embedded.DEFINITION).figure))
