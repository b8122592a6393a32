from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.moved_field import MovedField, decisions, own_mark, set_field_axis
from dashboard.charts.template import LIGHT, new_figure

CREDIT = MovedField("Credit amount", "EUR", (100.0, 250.0, 2_500.0), 250.0, "250")
TYPE = MovedField("Type <b>", "", ("cash", "card & more"), "card & more", "card & more")


def axis(moved: MovedField, side: str = "x") -> go.layout.XAxis:
    figure = new_figure("Title", dark=False)
    set_field_axis(figure, side, moved)
    return figure.layout[f"{side}axis"]


def test_numbers_stand_at_themselves_and_levels_in_a_row() -> None:
    assert (CREDIT.is_number, TYPE.is_number) == (True, False)
    assert (CREDIT.places.tolist(), TYPE.places.tolist()) == ([100, 250, 2_500], [0, 1])
    assert (CREDIT.words, TYPE.words) == (("100", "250", "2,500"), ("cash", "card & more"))
    assert (CREDIT.title, TYPE.title) == ("Credit amount (EUR)", "Type <b>")


@pytest.mark.parametrize(
    ("moved", "place"),
    [
        (CREDIT, 250.0),
        (MovedField("Credit", "", (100.0, 200.0), 200.0, "200"), 200.0),
        (MovedField("Credit", "", (100.0, 200.0), 201.0, "201"), None),
        (MovedField("Credit", "", (100.0, 200.0), None, "missing"), None),
        (MovedField("Credit", "", (), 100.0, "100"), None),
        (TYPE, 1.0),
        (MovedField("Type", "", ("cash",), "loan", "loan"), None),
        (MovedField("Type", "", ("cash",), None, "missing"), None),
    ],
)
def test_an_own_value_outside_the_values_has_no_place(moved: MovedField, place: float | None) -> None:
    assert moved.current_place == place


@pytest.mark.parametrize("values", [(2.0, 1.0), (1.0, 1.0), (1.0, np.inf), (np.nan, 1.0)])
def test_values_that_do_not_rise_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="The values of Age must be finite and rising"):
        MovedField("Age", "years", values, None, "missing")


def test_a_pd_at_the_cutoff_is_declined() -> None:
    assert decisions(np.array([0.05, 0.1, 0.3]), 0.1) == ["approved", "declined", "declined"]


def test_few_numbers_have_a_tick_each_and_many_are_left_to_plotly() -> None:
    assert axis(CREDIT).ticktext == ("100", "250", "2,500")
    assert axis(CREDIT).hoverformat == ",.0f"
    many = MovedField("Age", "years", tuple(float(age) for age in range(9)), 3.0, "3")
    assert axis(many).ticktext is None
    assert axis(many).hoverformat == ".4~g"


def test_levels_are_escaped_ticks_and_slant_on_the_x_axis_alone() -> None:
    across, down = axis(TYPE), axis(TYPE, "y")
    assert across.ticktext == down.ticktext == ("cash", "card &amp; more")
    assert across.title.text == "Type &lt;b&gt;"
    assert (across.tickangle, down.tickangle) == (-40, None)


def test_the_applicant_is_marked_with_the_pd_in_the_legend() -> None:
    mark = own_mark(250.0, 12.3, 0.123, LIGHT)
    assert (mark.x.tolist(), mark.y.tolist()) == ([250], [pytest.approx(12.3)])
    assert mark.name == "This applicant: 12.3 %"
