from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.field_sensitivity import NOTHING, FieldCurve, plot_field_curve
from dashboard.charts.moved_field import MovedField
from dashboard.charts.template import figure_theme

HOSTILE = "<b>%{x}</b>"
CREDIT = MovedField("Credit amount", "currency units", (100.0, 200.0, 300.0, 400.0, 500.0), 300.0, "300")
CURVE = FieldCurve(
    CREDIT, np.array([0.02, 0.04, 0.06, 0.1, 0.2]), 0.06, np.array([30, 10, 60]), np.array([100.0, 200.0, 400.0, 500.0])
)


def numbers(*pds: float, current: float | None = 2.0, words: str = "2") -> FieldCurve:
    moved = MovedField("Rating", "", tuple(float(i) for i in range(1, len(pds) + 1)), current, words)
    return FieldCurve(moved, np.array(pds), 0.06)


def levels(pds: dict[str, float], current: str | None = "b", density: tuple[int, ...] = ()) -> FieldCurve:
    moved = MovedField("Occupation", "", tuple(pds), current, current or "Missing")
    return FieldCurve(moved, np.array(list(pds.values())), 0.1, np.array(density, dtype=np.int64))


def plot(curve: FieldCurve, cutoff: float = 0.08) -> go.Figure:
    return plot_field_curve(curve, cutoff=cutoff).figure


def title(curve: FieldCurve) -> str:
    return str(plot(curve).layout.title.text)


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_line_holds_the_pds_as_steps_and_the_portfolio_lies_below() -> None:
    figure = plot(CURVE)
    line, own, portfolio = figure.data
    np.testing.assert_allclose(line.x, [100, 200, 300, 400, 500])
    np.testing.assert_allclose(line.y, [2, 4, 6, 10, 20], rtol=1e-6)
    assert line.line.shape == "hvh"
    assert (own.x[0], own.y[0], own.name) == (300, pytest.approx(6), "This applicant: 6.00 %")
    np.testing.assert_allclose(portfolio.y, [30, 10, 60])
    np.testing.assert_allclose(portfolio.x, [150, 300, 450])
    np.testing.assert_allclose(portfolio.width, [100, 200, 100])
    assert list(portfolio.hovertext) == ["100 to 200", "200 to 400", "400 to 500"]
    layout = figure.layout
    assert layout.yaxis2.domain[1] < layout.yaxis.domain[0]
    assert layout.xaxis.title.text == "Credit amount (currency units)"
    assert (layout.shapes[0].y0, notes(figure)) == (8, ["cutoff 8.00 %"])


def test_without_counts_the_curve_has_the_whole_height() -> None:
    figure = plot(numbers(0.02, 0.04))
    assert len(figure.data) == 2
    assert figure.layout.yaxis.domain == (0, 1)
    assert figure.layout.xaxis.anchor == "y"


@pytest.mark.parametrize(
    ("pds", "finding"),
    [
        ((0.02, 0.03), "The PD stays under the cutoff at every tried value of “Rating”"),
        ((0.09, 0.3), "No tried value of “Rating” brings the PD under the cutoff"),
        ((0.02, 0.03, 0.1), "The PD is under the cutoff at the tried values of “Rating” up to 2"),
        ((0.3, 0.1, 0.03, 0.02), "The PD is under the cutoff at the tried values of “Rating” from 3 on"),
        ((0.3, 0.03, 0.02, 0.1), "The PD is under the cutoff at the tried values of “Rating” from 2 to 3"),
        ((0.3, 0.03, 0.1), "The PD is under the cutoff at the tried values of “Rating” at 2"),
        (
            (0.03, 0.1, 0.03),
            "The PD crosses the cutoff twice: under it at the tried values of “Rating” up to 1 and from 3 on",
        ),
        (
            (0.1, 0.03, 0.1, 0.02, 0.03, 0.1, 0.03),
            "The PD crosses the cutoff 5 times: under it at the tried values of “Rating” at 2, from 4 to 5 and from 7 "
            "on",
        ),
        (
            (0.03, 0.1, 0.03, 0.1, 0.03, 0.1, 0.03, 0.1, 0.03),
            "The PD crosses the cutoff 8 times: under it at the tried values of “Rating” up to 1, at 3, at 5 and 2 "
            "more",
        ),
        ((0.03,), "The PD stays under the cutoff at every tried value of “Rating”"),
    ],
)
def test_titles_say_where_the_pd_is_under_the_cutoff(pds: tuple[float, ...], finding: str) -> None:
    assert title(numbers(*pds)) == finding


def test_a_pd_at_the_cutoff_is_not_under_it() -> None:
    # An eighth is the same number in float32.
    at_it = plot(numbers(0.0625, 0.125), cutoff=0.125)
    assert at_it.layout.title.text == "The PD is under the cutoff at the tried values of “Rating” up to 1"


def test_title_names_the_unit_of_its_numbers() -> None:
    said = "The PD is under the cutoff at the tried values of “Credit amount (currency units)” up to 300"
    assert title(CURVE) == said


def test_values_that_the_portfolio_does_not_have_are_not_drawn() -> None:
    curve = FieldCurve(CREDIT, CURVE.pds, 0.06, np.array([40, 60]), np.array([150.0, 300.0, 450.0]))
    figure = plot(curve)
    np.testing.assert_allclose(figure.data[0].x, [200, 300, 400])
    subtitle = (
        "PD as Credit amount alone changes; this applicant has 300; below, the share of the portfolio's applications"
    )
    assert figure.layout.title.subtitle.text == f"{subtitle}; not drawn: 2 values outside of the portfolio's"
    # Neither are they in the finding: only 400 of those left is at or above 8 %.
    assert title(curve).endswith("up to 300")
    assert plot_field_curve(curve, cutoff=0.08).table["Applications in the portfolio"] == [0, 40, 60, 60, 0]


@pytest.mark.parametrize(("current", "words"), [(None, "Missing"), (9.0, "9"), (0.5, "0.5")])
def test_an_own_value_without_a_place_is_a_level_line(current: float | None, words: str) -> None:
    figure = plot(numbers(0.02, 0.04, 0.1, current=current, words=words))
    assert len(figure.data) == 1
    assert [shape.y0 for shape in figure.layout.shapes] == [pytest.approx(6), pytest.approx(8)]
    assert notes(figure) == [f"<b>this applicant ({words}) 6.00 %</b>", "cutoff 8.00 %"]
    assert not figure.layout.showlegend


def test_a_cutoff_far_above_is_pointed_at() -> None:
    figure = plot(numbers(0.02, 0.04), cutoff=0.5)
    assert notes(figure) == ["cutoff 50.0 % ↑"]
    assert not figure.layout.shapes
    assert 6 < figure.layout.yaxis.range[1] < 10
    # Three times the highest PD, the applicant's own 6 %, is still drawn.
    assert plot(numbers(0.02, 0.04), cutoff=0.18).layout.yaxis.range[1] > 18


def test_a_few_numbers_have_a_tick_each_and_room_for_their_bars() -> None:
    curve = numbers(0.02, 0.04, 0.1)
    few = plot(FieldCurve(curve.moved, curve.pds, 0.04, np.array([5, 3, 2]), np.array([0.5, 1.5, 2.5, 3.5])))
    assert list(few.layout.xaxis.tickvals) == [1, 2, 3]
    assert list(few.layout.xaxis.ticktext) == ["1", "2", "3"]
    assert tuple(few.layout.xaxis.range) == (0.5, 3.5)
    assert plot(numbers(*np.linspace(0.02, 0.1, 60))).layout.xaxis.tickvals is None


def test_levels_stand_from_the_safest_up() -> None:
    figure = plot(levels({"a": 0.2, "b": 0.1, "c": 0.05}, density=(10, 30, 60)))
    bars, own, portfolio = figure.data
    theme = figure_theme(dark=False)
    assert list(figure.layout.xaxis.ticktext) == ["c", "b", "a"]
    np.testing.assert_allclose(bars.y, [5, 10, 20], rtol=1e-6)
    assert list(bars.marker.color) == [theme.good, theme.bad, theme.bad]
    assert (own.x[0], own.y[0]) == (1, pytest.approx(10))
    np.testing.assert_allclose(portfolio.y, [60, 30, 10])
    assert figure.layout.yaxis.range[0] == 0


def test_titles_name_the_levels_under_the_cutoff() -> None:
    assert title(levels({"a": 0.2, "b": 0.1})) == "No value of “Occupation” brings the PD under the cutoff"
    assert title(levels({"a": 0.2, "b": 0.05})) == "The PD is under the cutoff at 1 of 2 values of “Occupation”: b"
    five = {name: 0.01 * (6 - at) for at, name in enumerate("abcde")} | {"f": 0.3}
    assert title(levels(five)) == "The PD is under the cutoff at 5 of 6 values of “Occupation”: e, d, c and 2 more"


def test_of_many_levels_the_most_frequent_are_drawn_and_the_applicants_own() -> None:
    pds = {f"level {i:02}": 0.3 - 0.001 * i for i in range(58)}
    figure = plot(levels(pds, current="level 57", density=tuple(range(1_000, 942, -1))))
    drawn = list(figure.layout.xaxis.ticktext)
    # The nineteen most frequent are the first ones and the riskiest; the last is the applicant's, rarest and safest.
    assert drawn == ["level 57", *(f"level {i:02}" for i in range(18, -1, -1))]
    assert figure.layout.title.subtitle.text.endswith("; the 20 most frequent of 58 values")
    assert len(plot_field_curve(levels(pds), cutoff=0.08).table["PD (%)"]) == 58


def test_a_single_level_and_a_single_number_are_drawn() -> None:
    one = plot(levels({"b": 0.1}, density=(5,)))
    np.testing.assert_allclose(one.data[0].y, [10], rtol=1e-6)
    low, high = one.layout.xaxis.range
    assert low < 0 < high
    number = plot(numbers(0.02, current=1.0, words="1"))
    assert number.data[0].mode == "lines+markers"
    low, high = number.layout.xaxis.range
    assert low < 1 < high


def test_nothing_to_draw_is_said() -> None:
    beyond = FieldCurve(CREDIT, CURVE.pds, 0.06, np.array([5]), np.array([900.0, 1_000.0]))
    for curve in (numbers(), beyond):
        assert notes(plot(curve)) == [NOTHING]
        assert plot_field_curve(curve, cutoff=0.08).alt == NOTHING


def test_description_and_table_give_the_numbers() -> None:
    assert plot_field_curve(CURVE, cutoff=0.08).alt == (
        "PD by Credit amount (currency units), all else equal, from 2.00 % (100) to 20.0 % (500). The PD is under the "
        "cutoff at the tried values of “Credit amount (currency units)” up to 300. This applicant has 300 and a PD of "
        "6.00 %."
    )
    table = plot_field_curve(CURVE, cutoff=0.1).table
    assert table["Value: Credit amount (currency units)"] == [100, 200, 300, 400, 500]
    assert table["PD (%)"] == pytest.approx([2, 4, 6, 10, 20])
    # The PD of 0.1 is a float32, which is above 0.1.
    assert table["Decision"] == ["approved", "approved", "approved", "declined", "declined"]
    assert table["Applications in the portfolio"] == [30, 10, 10, 60, 60]
    by_level = plot_field_curve(levels({"a": 0.2, "b": 0.1}, density=(7, 8)), cutoff=0.08).table
    assert by_level["Value: Occupation"] == ["a", "b"]
    assert by_level["Applications in the portfolio"] == [7, 8]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="values of Rating must be finite and rising"):
        MovedField("Rating", "", (1.0, 1.0), None, "Missing")
    with pytest.raises(ValueError, match="values of Rating must be finite and rising"):
        MovedField("Rating", "", (1.0, float("nan")), None, "Missing")
    with pytest.raises(ValueError, match="PDs or counts of Credit amount"):
        FieldCurve(CREDIT, np.array([0.1]), 0.1)
    with pytest.raises(ValueError, match="PDs or counts of Credit amount"):
        FieldCurve(CREDIT, CURVE.pds, 0.1, np.array([1, 2]), np.array([100.0, 500.0]))


def test_names_are_shown_letter_by_letter() -> None:
    curve = levels({HOSTILE: 0.2, "b": 0.1}, current=None, density=(1, 2))
    moved = MovedField(HOSTILE, "", curve.moved.values, None, HOSTILE)
    figure = plot(FieldCurve(moved, curve.pds, 0.1, curve.density))
    # The page takes the title out of the figure and writes it itself.
    figure.layout.title = None
    text = figure.to_json()
    assert "<b>%{x}" not in json.dumps(json.loads(text), ensure_ascii=False)
    shown = "&lt;b&gt;&#37;{x}&lt;/b&gt;"
    assert figure.layout.xaxis.title.text == shown
    assert list(figure.layout.xaxis.ticktext) == ["b", shown]
    assert notes(figure)[0] == f"<b>this applicant ({shown}) 10.0 %</b>"
    assert figure.data[0].hovertext[1] == figure.data[1].hovertext[1] == shown


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    values = np.linspace(45_000, 2e6, 60)
    moved = MovedField("Credit amount", "currency units", tuple(values.tolist()), 5e5, "500,000")
    curve = FieldCurve(moved, np.linspace(0.05, 0.2, 60), 0.1, np.arange(40), np.linspace(45_000, 2e6, 41))
    text = plot_field_curve(curve, cutoff=0.0909, dark=dark).figure.to_json()
    assert len(text) < 9_000
    assert {trace[side]["dtype"] for trace in json.loads(text)["data"] for side in "xy"} == {"f4"}
