from __future__ import annotations

import json
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.neighbours import NO_NEIGHBOURS, NeighbourGroup, plot_neighbours
from dashboard.charts.template import figure_theme
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import share


def group_of(pds: list[float], defaulted: list[bool], own_pd: float = 0.2) -> NeighbourGroup:
    outcomes = np.array(defaulted, dtype=bool)
    return NeighbourGroup(np.array(pds), outcomes, own_pd, share(int(outcomes.sum()), outcomes.size, "there are none"))


# From odds of 1 : 99 to 1 : 1; the cutoff and the applicant lie between.
FEW = group_of([0.01, 0.01, 0.5, 0.1, 0.5], [False, True, False, False, True])
EMPTY = group_of([], [])


def many() -> NeighbourGroup:
    pds = np.linspace(0.02, 0.3, 200)
    return NeighbourGroup(pds, np.arange(200) % 9 == 0, 0.231, share(23, 200, ""))


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_bars_count_both_outcomes_by_log_odds() -> None:
    bad, good = plot_neighbours(FEW, cutoff=0.0909).figure.data
    assert (bad.name, good.name) == ("Defaults (2)", "Non-defaults (3)")
    width = math.log(99) / 20
    np.testing.assert_allclose(bad.x, [-math.log(99) + (i + 0.5) * width for i in range(20)], rtol=1e-5, atol=1e-6)
    # log-odds of 0.1 are -2.197: (4.595 - 2.197) / 0.2298 = 10.4 bars from the left
    assert {at: int(n) for at, n in enumerate(good.y) if n} == {0: 1, 10: 1, 19: 1}
    assert {at: int(n) for at, n in enumerate(bad.y) if n} == {0: 1, 19: 1}
    assert bad.customdata[0, 0] == pytest.approx(1)
    assert bad.customdata[-1, 1] == pytest.approx(50)


def test_bars_are_stacked_and_told_apart_without_colour() -> None:
    figure, theme = plot_neighbours(FEW, cutoff=0.0909).figure, figure_theme(dark=False)
    bad, good = figure.data
    assert figure.layout.barmode == "stack"
    assert (bad.marker.color, good.marker.color) == (theme.bad, theme.good)
    assert (bad.marker.pattern.shape, good.marker.pattern.shape) == ("/", "")
    assert figure.layout.yaxis.range[1] > 2


def test_applicant_and_cutoff_are_marked_at_their_log_odds() -> None:
    figure = plot_neighbours(FEW, cutoff=0.1).figure
    assert notes(figure) == ["<b>this applicant 20.0 %</b>", "cutoff 10.0 %"]
    own, cutoff = figure.layout.shapes
    assert own.x0 == own.x1 == pytest.approx(math.log(1 / 4))
    assert cutoff.x0 == pytest.approx(math.log(1 / 9))
    assert (own.line.dash, cutoff.line.dash) == ("solid", "dash")
    assert figure.layout.annotations[0].yshift != figure.layout.annotations[1].yshift


def test_an_applicant_apart_from_all_neighbours_is_on_the_axis() -> None:
    figure = plot_neighbours(group_of([0.02, 0.03], [True, False], own_pd=0.9), cutoff=0.0909).figure
    low, high = figure.layout.xaxis.range
    assert low < math.log(0.02 / 0.98) < math.log(9) < high


def test_title_counts_them_and_gives_the_interval() -> None:
    # Wilson's interval of 23 in 200: (23 + 1.92) / 203.84 ± 1.96 / 203.84 x sqrt(23 x 177 / 200 + 0.96) = 0.078, 0.167
    assert plot_neighbours(many(), cutoff=0.0909).title == (
        "23 of the 200 most similar applicants defaulted: 11.5 % (95 % 7.8–16.7 %), their mean PD is 16.0 %"
    )
    no_rate = NeighbourGroup(FEW.pds, FEW.defaulted, 0.2, Estimate.undefined("outcomes are not known"))
    assert plot_neighbours(no_rate, cutoff=0.1).title == (
        "2 of the 5 most similar applicants defaulted, their mean PD is 22.4 %"
    )


@pytest.mark.parametrize(("defaulted", "fared"), [(True, "defaulted"), (False, "did not default")])
def test_a_single_neighbour_is_no_rate(defaulted: bool, fared: str) -> None:
    figure = plot_neighbours(group_of([0.125], [defaulted]), cutoff=0.0909).figure
    assert figure.layout.title.text == f"The most similar applicant {fared}, with a PD of 12.5 %"
    assert sum(int(trace.y.sum()) for trace in figure.data) == 1


def test_subtitle_says_where_the_applicant_stands() -> None:
    def standing(own_pd: float) -> str:
        group = group_of([0.01, 0.1, 0.3, 0.5], [False] * 4, own_pd)
        return str(plot_neighbours(group, cutoff=0.1).subtitle)

    start = "PDs of the most similar applicants by outcome; this applicant's PD of"
    assert standing(0.4) == f"{start} 40.0 % is higher than 75.0 % of theirs"
    assert standing(0.6) == f"{start} 60.0 % is higher than 100 % of theirs"
    # Neither a PD that is as high nor one that float32 does not tell apart is below.
    assert standing(float(np.float32(0.1))) == f"{start} 10.0 % is higher than 25.0 % of theirs"


def test_equal_and_certain_pds_are_drawn() -> None:
    bad, good = plot_neighbours(group_of([0.1, 0.1, 0.1], [True, False, False]), cutoff=0.0909).figure.data
    assert (bad.y.sum(), bad.y.max(), good.y.max()) == (1, 1, 2)
    for bars in plot_neighbours(group_of([0.0, 1.0], [True, False], own_pd=1.0), cutoff=0.0909).figure.data:
        assert np.isfinite(bars.x).all()
        assert bars.y.sum() == 1


def test_description_and_table_give_the_numbers() -> None:
    assert plot_neighbours(FEW, cutoff=0.0909).alt == (
        "Histogram of the PDs of similar applicants by outcome, from 1.00 % to 50.0 %. 2 of the 5 most similar "
        "applicants defaulted: 40.0 % (95 % 11.8–76.9 %), their mean PD is 22.4 %; this applicant's PD of 20.0 % is "
        "higher than 60.0 % of theirs. The cutoff is 9.09 %."
    )
    table = plot_neighbours(FEW, cutoff=0.0909).table
    assert [len(column) for column in table.values()] == [20] * 4
    assert (table["PD from (%)"][0], table["PD to (%)"][-1]) == (pytest.approx(1), pytest.approx(50))
    assert (table["Defaults"][-1], table["Non-defaults"][10], table["Non-defaults"][11]) == (1, 1, 0)


def test_no_neighbours_are_said() -> None:
    assert notes(plot_neighbours(EMPTY, cutoff=0.0909).figure) == [NO_NEIGHBOURS]
    assert plot_neighbours(EMPTY, cutoff=0.0909).alt == NO_NEIGHBOURS
    assert [len(column) for column in plot_neighbours(EMPTY, cutoff=0.0909).table.values()] == [0] * 4


def test_outcomes_that_are_not_as_many_are_refused() -> None:
    with pytest.raises(ValueError, match="a PD and an outcome; found 2, 1"):
        NeighbourGroup(np.array([0.1, 0.2]), np.array([True]), 0.1, Estimate(0.5))


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    text = plot_neighbours(many(), cutoff=0.0909, dark=dark).figure.to_json()
    assert len(text) < 9_000
    assert {trace[side]["dtype"] for trace in json.loads(text)["data"] for side in "xy"} == {"f4"}
