from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dashboard.charts.economics import is_range_wide, plot_cost_curve, plot_profit_curve, worded_range
from dashboard.charts.template import Named
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.economics import (
    Costs,
    CutoffCurve,
    Terms,
    cost_curve,
    profit_curve,
)
from dashboard.metrics.estimate import Estimate

CURVE = CutoffCurve(
    cutoff=np.array([0.0, 0.08, 0.1, 0.2]),
    realised=np.array([0.9, 0.5, 0.55, 0.8]),
    expected=np.array([0.9, 0.52, 0.5, 0.7]),
    applied=0.1,
    now=Estimate(0.55, 0.54, 0.56),
    optimum=Estimate(0.08, 0.07, 0.09),
    best=0.5,
    theory=0.0909,
    applications=1_000,
)
ALIKE = replace(CURVE, optimum=Estimate(0.08, 0.07, 0.11))
WIDE = replace(CURVE, optimum=Estimate(0.08, 0.02, 0.3))


def test_cost_curve_is_per_thousand() -> None:
    observed, expected, best, now = plot_cost_curve(CURVE).figure.data
    np.testing.assert_allclose(observed.x, [0, 8, 10, 20])
    np.testing.assert_allclose(observed.y, [900, 500, 550, 800])
    np.testing.assert_allclose(expected.y, [900, 520, 500, 700])
    assert (best.name, best.x, best.y) == ("Best: 8.00 %", (8.0,), (500.0,))
    assert (now.name, now.x, now.y) == ("Cutoff: 10.0 %", (10.0,), (550.0,))
    assert best.marker.symbol != now.marker.symbol
    assert observed.line.dash != expected.line.dash


def test_profit_curve_is_per_application() -> None:
    figure = plot_profit_curve(CURVE, currency="").figure
    np.testing.assert_allclose(figure.data[0].y, [0.9, 0.5, 0.55, 0.8], rtol=1e-6)
    assert figure.layout.yaxis.title.text == "Profit per application (currency units)"


def test_range_and_break_even_are_drawn() -> None:
    band, line = plot_cost_curve(CURVE).figure.layout.shapes
    assert (band.x0, band.x1) == (pytest.approx(7), pytest.approx(9))
    assert line.x0 == pytest.approx(9.09)
    (note,) = plot_cost_curve(CURVE).figure.layout.annotations
    assert note.text == "break-even PD 9.09 %"


@pytest.mark.parametrize(
    ("curve", "title"),
    [
        (CURVE, "Lowest cost at a cutoff of 8.00 %; at 10.0 % it is 10.0 % higher"),
        (ALIKE, "You are at the best cutoff: 10.0 % is as good as 8.00 %, but for chance"),
        (replace(CURVE, applied=0.08, now=Estimate(0.5)), "The cutoff in force, 8.00 %, has the lowest cost"),
        # Equal but for rounding, as sums in another order are.
        (replace(CURVE, now=Estimate(0.5 - 1e-16)), "Lowest cost at a cutoff of 8.00 %; at 10.0 % it is the same"),
        (replace(CURVE, now=Estimate(0.5001)), "Lowest cost at a cutoff of 8.00 %; at 10.0 % it is 0.020 % higher"),
        (WIDE, "Too few to conclude which cutoff has the lowest cost"),
    ],
)
def test_title_is_the_takeaway(curve: CutoffCurve, title: str) -> None:
    assert plot_cost_curve(curve).title == title


def test_subtitle_gives_the_range() -> None:
    subtitle = plot_cost_curve(CURVE).subtitle
    assert subtitle == "Cost of each cutoff on this cohort; shaded, the 95 % range of the best one: 7.00–9.00 %"


def test_a_loss_is_told_in_units() -> None:
    counts = exact_counts([0] * 300 + [1] * 60, np.linspace(0.01, 0.9, 360))
    curve = profit_curve(counts, Terms(0.05, 0.45, 1_000.0), cutoff=1.0)
    assert plot_profit_curve(curve, currency="").title == (
        "Highest profit at a cutoff of 75.4 %; at 100 % it is 75 lower"
    )


def test_comparison_is_dashed_and_named_letter_by_letter() -> None:
    figure = plot_cost_curve(CURVE, against=Named("<b>men</b>", ALIKE)).figure
    named = {trace.name: trace for trace in figure.data if trace.name}
    assert named["&lt;b&gt;men&lt;/b&gt;"].line.dash == "dash"
    assert named["Cohort"].line.dash == "solid"
    assert "Expected by PD" not in named


def test_descriptions_give_the_numbers() -> None:
    assert plot_cost_curve(CURVE, against=Named("men", ALIKE)).alt == (
        "Cost per 1,000 applications (your cost units): 550 at the cutoff of 10.0 %, lowest at 8.00 % with 500 "
        "(95 % range of the best cutoff 7.00–9.00 %). For men, the best cutoff is 8.00 %."
    )
    assert plot_profit_curve(CURVE, currency="").alt.startswith(
        "Profit per application (currency units): 0.55 at the cutoff"
    )


def test_profit_is_in_the_portfolios_currency() -> None:
    counts = exact_counts([0] * 300 + [1] * 60, np.linspace(0.01, 0.9, 360))
    chart = plot_profit_curve(
        profit_curve(counts, Terms(0.05, 0.45, 1_000.0), cutoff=1.0), currency="<b>EUR", against=None
    )
    # Plotly reads tags in its own texts; the title is text of the page, which escapes it.
    shown = "&lt;b&gt;EUR"
    assert chart.title.endswith("at 100 % it is 75 <b>EUR lower")
    assert chart.figure.layout.yaxis.title.text == f"Profit per application ({shown})"
    assert all(f"%{{y:,.4~g}} {shown}<extra>" in trace.hovertemplate for trace in chart.figure.data[:2])
    # 300 repay and earn 5 % of 1,000, 60 default and lose 45 %: (300 x 50 - 60 x 450) / 360 = -33.33.
    assert chart.alt.startswith("Profit per application (<b>EUR): −33.33 <b>EUR at the cutoff of 100 %, highest at")
    assert list(chart.table)[2:] == [
        "Profit per application (<b>EUR), observed",
        "Profit per application (<b>EUR), expected by PD",
    ]


def test_tables_hold_a_row_a_cutoff_of_each_cohort() -> None:
    table = plot_cost_curve(CURVE, against=Named("men", ALIKE)).table
    assert table["Of"] == ["Cohort"] * 4 + ["men"] * 4
    assert table["Cutoff (%)"] == pytest.approx([0, 8, 10, 20] * 2)
    assert table["Cost per 1,000 applications (your cost units), observed"] == pytest.approx([900, 500, 550, 800] * 2)
    assert "Profit per application (currency units), expected by PD" in plot_profit_curve(CURVE, currency="").table


def test_no_curve_says_why() -> None:
    (note,) = plot_cost_curve(None).figure.layout.annotations
    assert note.text == "There is no cost to show: the cohort holds no applications."
    assert plot_cost_curve(None).alt == note.text
    assert plot_cost_curve(None).table["Cutoff (%)"] == []
    assert plot_cost_curve(CURVE, against=Named("men", None)).figure.data[1].name == "Expected by PD"


def test_one_outcome_has_a_curve_without_a_best_cutoff() -> None:
    curve = cost_curve(exact_counts([0, 0], [0.1, 0.2]), Costs(10, 1), cutoff=0.15)
    assert plot_cost_curve(curve).title == (
        "Lowest cost: the best cutoff is not defined because none of the cohort's applications defaulted"
    )


def test_ranges_in_words() -> None:
    assert worded_range(Estimate(0.1, 0.09, 0.12)) == "9.00–12.0 %"
    assert worded_range(Estimate.undefined("there is none")) == ""
    assert not is_range_wide(Estimate(0.1, 0.05, 0.12))
    assert is_range_wide(Estimate(0.1, 0.0, 0.12))


def test_payloads_are_small_and_packed() -> None:
    rng = np.random.default_rng(1)
    pd = rng.beta(1.2, 13.6, 20_000)
    counts: ScoreCounts = exact_counts(rng.random(20_000) < pd, pd)
    figure = plot_cost_curve(cost_curve(counts, Costs(10, 1), cutoff=0.1)).figure
    assert len(figure.data[0].x) <= 300
    assert len(figure.to_json()) < 14_000
    assert json.loads(figure.to_json())["data"][0]["x"]["dtype"] == "f4"
