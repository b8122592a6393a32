from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.charts.lift import UNDEFINED, plot_gain, plot_lift
from dashboard.charts.template import LIGHT, Named
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.ranking import LiftTable, lift_table


def table_of(defaults: list[int]) -> LiftTable:
    """Ten groups of 100 applications with these numbers of defaults, riskiest first."""
    score = np.repeat(np.arange(10, 0, -1) / 20, 100)
    outcome = np.concatenate([np.arange(100) < n for n in defaults])
    found = lift_table(exact_counts(outcome, score))
    assert found is not None
    return found


# 200 defaults among 1,000.
HAND = table_of([80, 40, 30, 20, 10, 10, 5, 5, 0, 0])
OTHER = table_of([50, 40, 30, 20, 20, 10, 10, 10, 5, 5])
FEW = table_of([1, 1, 0, 0, 1, 1, 0, 0, 0, 0])


def test_bars_are_lifts_with_intervals() -> None:
    figure = plot_lift(HAND).figure
    (bars,) = figure.data
    np.testing.assert_allclose(bars.x, range(1, 11))
    np.testing.assert_allclose(bars.y, [4, 2, 1.5, 1, 0.5, 0.5, 0.25, 0.25, 0, 0])
    np.testing.assert_allclose(bars.y + bars.error_y.array, HAND.lift_high, rtol=1e-6)
    np.testing.assert_allclose(bars.y - bars.error_y.arrayminus, HAND.lift_low, atol=1e-6)
    np.testing.assert_allclose(bars.customdata[0][2:], [80, 50])
    (average,) = figure.layout.shapes
    assert average.y0 == average.y1 == 1
    assert figure.layout.title.text == "The riskiest tenth defaults 4.00 times as often as the cohort"
    assert figure.layout.title.subtitle.text == (
        "Lift by tenth of applications, 95 % intervals; 1 is the cohort's 20.00 %"
    )


def test_gain_rises_from_nothing_to_all() -> None:
    figure = plot_gain(HAND).figure
    chance, line = figure.data
    np.testing.assert_allclose(line.x, np.arange(0, 101, 10))
    np.testing.assert_allclose(line.y, [0, 40, 60, 75, 85, 90, 95, 97.5, 100, 100, 100], rtol=1e-6)
    np.testing.assert_allclose(chance.x, chance.y)
    assert figure.layout.title.text == "The riskiest 30 % hold 75.0 % of defaults"


def test_few_defaults_conclude_nothing() -> None:
    assert plot_lift(FEW).title == "Too few to conclude how often the riskiest tenth defaults"
    assert plot_gain(FEW).title == "Too few to conclude what the riskiest groups hold"


def test_few_defaults_conclude_what_their_interval_leaves_no_doubt_of() -> None:
    # 12 of 24 defaults in the riskiest tenth and 22 in the riskiest 30 %: intervals wider than 20 points, far from what
    # chance would put there.
    table = table_of([12, 6, 4, 1, 1, 0, 0, 0, 0, 0])
    assert table.lift_low[0] > 3
    assert plot_lift(table).title.startswith("The riskiest tenth defaults 3.")
    assert plot_gain(table).title == "The riskiest 30 % hold 76–98 % of defaults"


def test_the_compared_is_marked_without_colour_too() -> None:
    against: Named[LiftTable | None] = Named("<i>old</i>", OTHER)
    bars, marks = plot_lift(HAND, against=against).figure.data
    np.testing.assert_allclose(marks.y, OTHER.lift, rtol=1e-6)
    assert (bars.name, marks.name) == ("Cohort", "&lt;i&gt;old&lt;/i&gt;")
    assert marks.marker.symbol == "diamond-open"
    _, other, own = plot_gain(HAND, against=against).figure.data
    assert (other.line.dash, own.line.dash) == ("dash", "solid")
    assert other.line.color == LIGHT.against


def test_the_compared_without_defaults_is_left_out() -> None:
    nothing = Named("old", lift_table(ScoreCounts.empty()))
    assert len(plot_lift(HAND, against=nothing).figure.data) == 1
    assert len(plot_gain(HAND, against=nothing).figure.data) == 2
    assert list(plot_lift(HAND, against=nothing).table) == list(plot_lift(HAND).table)


def test_tables_hold_numbers_with_their_units() -> None:
    table = plot_lift(HAND, against=Named("old", OTHER)).table
    assert table["Group"] == list(range(1, 11))
    assert table["Applications"] == pytest.approx([100] * 10)
    assert table["Defaults"] == pytest.approx([80, 40, 30, 20, 10, 10, 5, 5, 0, 0])
    assert table["Lowest PD (%)"] == pytest.approx(np.arange(50, 0, -5))
    assert table["Default rate (%)"] == pytest.approx([80, 40, 30, 20, 10, 10, 5, 5, 0, 0])
    assert table["Lift"] == pytest.approx([4, 2, 1.5, 1, 0.5, 0.5, 0.25, 0.25, 0, 0])
    assert table["Gain (%)"] == pytest.approx([40, 60, 75, 85, 90, 95, 97.5, 100, 100, 100])
    assert table["Cumulative lift"][:2] == pytest.approx([4, 3])
    assert table["old: lift"] == pytest.approx(OTHER.lift)
    gain = plot_gain(HAND, against=Named("old", OTHER)).table
    assert gain["Applications, riskiest first (%)"] == pytest.approx(np.arange(10, 101, 10))
    assert gain["Gain (%)"] == table["Gain (%)"]
    assert gain["old: gain (%)"] == table["old: gain (%)"]


@pytest.mark.parametrize("name", ["low", "high", "Lift", "Cumulative lift", ""])
def test_no_cohorts_name_overwrites_a_column(name: str) -> None:
    for plot, n_added in ((plot_lift, 2), (plot_gain, 1)):
        own, both = plot(HAND).table, plot(HAND, against=Named(name, OTHER)).table
        assert len(both) == len(own) + n_added
        assert {header: both[header] for header in own} == own


def test_descriptions_give_the_numbers() -> None:
    assert plot_lift(HAND).alt == (
        "Lift by tenth of applications, 95 % intervals; 1 is the cohort's 20.00 %. "
        "Lift falls from 4.00 times in the riskiest group to 0.00 times in the safest."
    )
    assert plot_gain(HAND).alt == (
        "Gain: share of all defaults among the riskiest applications, 95 % intervals. "
        "The riskiest 10 % hold 40.0 % of defaults, the riskiest 30 % hold 75.0 % of defaults."
    )


def test_without_a_default_the_reason_is_shown() -> None:
    table = lift_table(ScoreCounts.empty())
    assert [plot(table).figure.layout.annotations[0].text for plot in (plot_lift, plot_gain)] == [UNDEFINED, UNDEFINED]
    assert (plot_lift(table).alt, plot_gain(table).alt) == (UNDEFINED, UNDEFINED)
    assert (plot_lift(table).table, plot_gain(table).table) == ({}, {})


def test_payload_is_small_and_packed() -> None:
    for figure in (
        plot_lift(HAND, against=Named("old", OTHER)).figure,
        plot_gain(HAND, against=Named("old", OTHER)).figure,
    ):
        text = figure.to_json()
        assert len(text) < 9_000
        assert {trace["y"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}
