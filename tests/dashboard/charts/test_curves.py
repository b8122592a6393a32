from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.curves import (
    curve_line,
    is_too_wide,
    mark_point,
    note_corner,
    note_cutoff,
    point_table,
    reference_line,
    set_legend,
    stacked,
)
from dashboard.charts.template import LIGHT, Named, Table, new_figure
from dashboard.metrics.estimate import Estimate

X, Y, CUTOFF = np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.8, 1.0]), np.array([np.inf, 0.3, 0.1])


def line(against: str = "", *, own: str = "Cohort", compared: bool = False) -> go.Scatter:
    return curve_line(
        X, Y, CUTOFF, theme=LIGHT, hover="cutoff %{customdata}", against=against, own=own, compared=compared
    )


@pytest.mark.parametrize(
    ("estimate", "wide"),
    [
        (Estimate(0.5, 0.41, 0.6), False),
        (Estimate(0.5, 0.39, 0.6), True),
        (Estimate(0.5), True),
        (Estimate.undefined("there is nothing"), True),
    ],
)
def test_an_interval_of_more_than_twenty_points_or_none_is_too_wide(estimate: Estimate, wide: bool) -> None:
    assert is_too_wide(estimate) is wide


def test_a_curve_is_drawn_in_percent_and_the_infinite_cutoff_at_one() -> None:
    own = line()
    np.testing.assert_allclose(own.x, [0, 50, 100])
    np.testing.assert_allclose(own.y, [0, 80, 100], rtol=1e-6)
    np.testing.assert_allclose(own.customdata, [100, 30, 10], rtol=1e-6)
    assert {array.dtype for array in (own.x, own.y, own.customdata)} == {np.dtype(np.float32)}
    assert (own.fill, own.hovertemplate) == ("tozeroy", "cutoff %{customdata}<extra></extra>")


def test_a_compared_curve_differs_in_dash_and_is_named_letter_by_letter() -> None:
    own, other = line(own="<i>all</i>", compared=True), line("<b>young</b>", compared=True)
    assert (own.name, other.name) == ("&lt;i&gt;all&lt;/i&gt;", "&lt;b&gt;young&lt;/b&gt;")
    assert (own.line.dash, other.line.dash) == ("solid", "dash")
    assert (own.fill, other.fill) == ("none", "none")
    assert other.hovertemplate.endswith("<extra>&lt;b&gt;young&lt;/b&gt;</extra>")


def test_reference_lines_and_points_are_given_as_shares() -> None:
    chance = reference_line([0, 1], [0.1, 0.1], LIGHT, "By chance", "dot")
    np.testing.assert_allclose(chance.y, [10, 10])
    figure = new_figure("Title", dark=False)
    mark_point(figure, 0.25, 0.75, LIGHT)
    assert (figure.data[0].x, figure.data[0].y) == ((25.0,), (75.0,))


def test_the_cutoff_is_noted_in_a_corner() -> None:
    figure = new_figure("Title", dark=False)
    note_cutoff(figure, 0.0909, ["declines 60 %"])
    note_cutoff(figure, 0.2, [], at_top=True)
    note_corner(figure, ["one", "two"], y=0.14)
    low, high, other = figure.layout.annotations
    assert low.text == "<b>◆ cutoff 9.09 %</b><br>declines 60 %"
    assert (low.yanchor, high.yanchor, other.yanchor) == ("bottom", "top", "bottom")
    assert other.text == "one<br>two"


def test_the_legends_row_is_room_only_where_there_is_one() -> None:
    figure = new_figure("Title", dark=False)
    set_legend(figure, shown=False)
    without = figure.layout.margin.t
    set_legend(figure, shown=True)
    assert figure.layout.showlegend is True
    assert figure.layout.margin.t > without


def test_a_table_holds_percent_and_no_infinite_cutoff() -> None:
    headers = ("Cutoff (%)", "Declined (%)")
    assert point_table(headers, [CUTOFF, Y]) == {"Cutoff (%)": [None, 30, 10], "Declined (%)": [0, 80, 100]}
    assert point_table(headers, None) == {"Cutoff (%)": [], "Declined (%)": []}


def test_the_compared_rows_come_last_under_their_cohorts_name() -> None:
    own: Table = {"Gain (%)": [1, 2]}
    assert stacked(own, None) is own
    assert stacked(own, Named("young", {"Gain (%)": [3]})) == {
        "Of": ["Cohort", "Cohort", "young"],
        "Gain (%)": [1, 2, 3],
    }
