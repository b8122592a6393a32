from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.sensitivity import COST_RATIO, LGD, plot_excess, plot_sensitivity
from dashboard.charts.template import Named
from dashboard.metrics.counts import exact_counts
from dashboard.metrics.economics import Costs, Sensitivity, cost_sensitivity

RESULT = Sensitivity(
    values=np.array([5.0, 10.0, 20.0]),
    current=10.0,
    applied=0.1,
    optimum=np.array([0.16, 0.09, 0.05]),
    low=np.array([0.15, 0.08, 0.04]),
    high=np.array([0.18, 0.11, 0.06]),
    theory=np.array([1 / 6, 1 / 11, 1 / 21]),
    excess=np.array([0.05, 0.01, 0.2]),
    relative_excess=np.array([0.04, 0.02, 0.3]),
)


def test_sensitivity_draws_best_cutoff_range_and_break_even() -> None:
    figure = plot_sensitivity(RESULT, COST_RATIO).figure
    named = {trace.name: trace for trace in figure.data if trace.name}
    np.testing.assert_allclose(named["Best cutoff"].y, [16, 9, 5])
    np.testing.assert_allclose(named["Break-even"].y, [100 / 6, 100 / 11, 100 / 21], rtol=1e-6)
    assert named["Now: 10.0 %"].x == (10.0,)
    np.testing.assert_allclose(figure.data[0].y, [15, 8, 4, 6, 11, 18])
    assert figure.layout.title.text == "Best cutoff: 16.0 % at a ratio of 5:1, 5.00 % at 20:1"
    assert figure.layout.xaxis.type == "log"
    assert plot_sensitivity(RESULT, COST_RATIO).alt == "Best cutoff: 16.0 % at a ratio of 5:1, 5.00 % at 20:1."


def test_excess_draws_what_is_given_away() -> None:
    figure = plot_excess(RESULT, COST_RATIO, currency="").figure
    named = {trace.name: trace for trace in figure.data if trace.name}
    np.testing.assert_allclose(named["Extra cost"].y, [4, 2, 30])
    assert named["Now: 10:1"].y == (pytest.approx(2.0),)
    assert figure.layout.title.text == "10.0 % is close to the best cutoff from a ratio of 5:1 to 10:1"
    assert plot_excess(RESULT, COST_RATIO, currency="").alt == f"{figure.layout.title.text}."


def test_sensitivity_tables() -> None:
    table = plot_sensitivity(RESULT, COST_RATIO, against=Named("men", RESULT)).table
    assert table["Cost ratio FN : FP (FP = 1)"] == [5.0, 10.0, 20.0]
    assert table["Best cutoff (%)"] == pytest.approx([16, 9, 5])
    assert table["men: best cutoff (%)"] == pytest.approx([16, 9, 5])
    excess = plot_excess(RESULT, LGD, currency="", against=Named("men", RESULT)).table
    assert excess["LGD (%)"] == [500.0, 1000.0, 2000.0]
    assert excess["Profit lost, share of the highest (%)"] == pytest.approx([4, 2, 30])
    assert excess["men: profit lost, share of the highest (%)"] == pytest.approx([4, 2, 30])


def test_given_away_profit_is_in_the_portfolios_currency_and_cost_in_its_own_units() -> None:
    headers = [
        list(plot_excess(RESULT, assumption, currency=currency).table)[1]
        for assumption, currency in ((LGD, "EUR"), (LGD, ""), (COST_RATIO, "EUR"))
    ]
    assert headers == [f"Extra cost per application ({unit})" for unit in ("EUR", "currency units", "cost units")]


def test_comparison_replaces_break_even() -> None:
    for figure in (
        plot_sensitivity(RESULT, COST_RATIO, against=Named("men", RESULT)).figure,
        plot_excess(RESULT, COST_RATIO, currency="", against=Named("men", RESULT)).figure,
    ):
        named = {trace.name: trace for trace in figure.data if trace.name}
        assert named["men"].line.dash == "dash"
        assert named["Cohort"].line.dash == "solid"


def test_a_ratio_of_0_has_no_place_on_the_axis_and_is_said() -> None:
    rng = np.random.default_rng(3)
    pd = rng.beta(1.2, 13.6, 8_000)
    result = cost_sensitivity(exact_counts(rng.random(8_000) < pd, pd), Costs(0, 1), cutoff=0.1)
    assert result is not None
    assert result.values[0] == result.current == 0
    against: Named[Sensitivity | None] = Named("men", result)
    for figure in (
        plot_sensitivity(result, COST_RATIO).figure,
        plot_excess(result, COST_RATIO, currency="").figure,
        plot_sensitivity(result, COST_RATIO, against=against).figure,
        plot_excess(result, COST_RATIO, currency="", against=against).figure,
    ):
        assert min(float(np.min(trace.x)) for trace in figure.data) > 0
        assert not [trace.name for trace in figure.data if str(trace.name).startswith("Now")]
        assert figure.layout.title.subtitle.text.endswith("; not drawn: a ratio of 0:1")
    title = plot_sensitivity(result, COST_RATIO).title
    assert title == f"Best cutoff: {100 * result.optimum[0]:.1f} % at a ratio of 0:1"
    assert plot_sensitivity(result, COST_RATIO).table["Cost ratio FN : FP (FP = 1)"][0] == 0


def test_few_conclude_nothing() -> None:
    rng = np.random.default_rng(3)
    pd = rng.beta(1.2, 13.6, 80)
    result = cost_sensitivity(exact_counts(rng.random(80) < pd, pd), Costs(10, 1), cutoff=0.1)
    assert plot_sensitivity(result, COST_RATIO).title == "Too few to conclude where the best cutoff is"
    assert (
        plot_excess(result, COST_RATIO, currency="").title
        == "Too few to conclude what the cutoff costs against the best one"
    )


def test_no_sensitivity_says_why() -> None:
    for figure in (plot_sensitivity(None, LGD).figure, plot_excess(None, LGD, currency="").figure):
        (note,) = figure.layout.annotations
        assert note.text.startswith("How the best cutoff moves with the LGD takes defaults and non-defaults")
    assert plot_sensitivity(None, LGD).table == plot_excess(None, LGD, currency="").table == {}
    assert plot_sensitivity(None, LGD).alt == plot_excess(None, LGD, currency="").alt
