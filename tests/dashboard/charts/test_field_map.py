from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.field_map import NOTHING, FieldMap, plot_field_map
from dashboard.charts.moved_field import MovedField
from dashboard.charts.template import figure_theme

HOSTILE = "<b>%{x}</b>"
CREDIT = MovedField("Credit amount", "currency units", (100.0, 200.0, 400.0), 250.0, "250")
HOUSING = MovedField("Housing", "", ("Rented", "Owned"), "Owned", "Owned")
MAP = FieldMap(CREDIT, HOUSING, np.array([[0.05, 0.1, 0.2], [0.02, 0.05, 0.1]]), 0.06)


def plot(result: FieldMap = MAP, cutoff: float = 0.08, *, dark: bool = False) -> go.Figure:
    return plot_field_map(result, cutoff=cutoff, dark=dark).figure


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def segments(figure: go.Figure) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    line = figure.data[1]
    x, y = line.x.reshape(-1, 3), line.y.reshape(-1, 3)
    assert np.isnan(x[:, 2]).all()
    return {((float(a[0]), float(b[0])), (float(a[1]), float(b[1]))) for a, b in zip(x, y, strict=True)}


def test_cells_hold_the_pds_in_percent_from_nothing_to_the_highest() -> None:
    heat, theme = plot().data[0], figure_theme(dark=False)
    np.testing.assert_allclose(heat.z, [[5, 10, 20], [2, 5, 10]], rtol=1e-6)
    np.testing.assert_allclose(heat.x, [100, 200, 400])
    np.testing.assert_allclose(heat.y, [0, 1])
    assert (heat.zmin, heat.zmax) == (0, pytest.approx(20))
    assert heat.colorscale == ((0, theme.surface), (1, theme.bad))


def test_the_cutoff_runs_between_approved_and_declined_cells() -> None:
    figure = plot()
    # Cells end halfway: across at 50, 150, 300, 500, down at -0.5, 0.5, 1.5. Declined: the upper two of the first row
    # and the last of the second.
    assert segments(figure) == {
        ((150, -0.5), (150, 0.5)),
        ((300, 0.5), (300, 1.5)),
        ((150, 0.5), (300, 0.5)),
    }
    assert figure.data[1].name == "Cutoff 8.00 %"
    assert tuple(figure.layout.xaxis.range) == (50, 500)
    assert tuple(figure.layout.yaxis.range) == (-0.5, 1.5)


def test_the_line_separates_just_the_cells_that_differ() -> None:
    random = np.random.default_rng(3)
    pds = random.random((7, 9))
    sides = [MovedField(name, "", tuple(map(float, range(n))), 0.0, "0") for name, n in (("a", 9), ("b", 7))]
    found = segments(plot(FieldMap(sides[0], sides[1], pds, 0.5), cutoff=0.5))
    expected = set()
    for row in range(7):
        for column in range(9):
            declined = pds[row, column] >= 0.5
            if column < 8 and declined != (pds[row, column + 1] >= 0.5):
                expected.add(((column + 0.5, row - 0.5), (column + 0.5, row + 0.5)))
            if row < 6 and declined != (pds[row + 1, column] >= 0.5):
                expected.add(((column - 0.5, row + 0.5), (column + 0.5, row + 0.5)))
    assert found == expected


def test_the_applicant_stands_at_both_own_values() -> None:
    own = plot().data[2]
    assert (own.x[0], own.y[0], own.name) == (250, 1, "This applicant: 6.00 %")


@pytest.mark.parametrize(
    "across",
    [
        MovedField("Credit amount", "", CREDIT.values, None, "Missing"),
        MovedField("Credit amount", "", CREDIT.values, 900.0, "900"),
        MovedField("Contract", "", ("x", "y", "z"), "w", "w"),
    ],
)
def test_an_applicant_without_a_place_is_said(across: MovedField) -> None:
    figure = plot(FieldMap(across, HOUSING, MAP.pds, 0.06))
    assert len(figure.data) == 2
    assert figure.layout.title.subtitle.text == (
        f"PD as {across.label} and Housing change, all else equal; the stronger, the higher; this applicant "
        f"({across.current_words}, Owned) has no place on the map"
    )


def test_titles_count_the_combinations_under_the_cutoff() -> None:
    both = "“Credit amount” and “Housing”"
    assert plot().layout.title.text == f"The PD is under the cutoff at 3 of 6 combinations of {both}"
    assert plot(cutoff=0.5).layout.title.text == f"The PD stays under the cutoff at every combination of {both}"
    declined = plot(cutoff=0.015)
    assert declined.layout.title.text == f"No combination of {both} brings the PD under the cutoff"
    assert len(declined.data) == 2  # no line to draw


def test_levels_are_ticks_and_make_the_figure_as_high_as_they_need() -> None:
    figure = plot()
    assert list(figure.layout.yaxis.ticktext) == ["Rented", "Owned"]
    assert figure.layout.xaxis.title.text == "Credit amount (currency units)"
    many = MovedField("Employer", "", tuple(f"level {i}" for i in range(58)), None, "Missing")
    assert plot(FieldMap(CREDIT, many, np.full((58, 3), 0.1), 0.1)).layout.height > 58 * 20 > figure.layout.height


def test_a_single_combination_is_drawn() -> None:
    one = MovedField("Rating", "", (2.0,), 2.0, "2")
    figure = plot(FieldMap(one, MovedField("Housing", "", ("Owned",), "Owned", "Owned"), np.array([[0.1]]), 0.1))
    assert tuple(figure.layout.xaxis.range) == (1.5, 2.5)
    assert tuple(figure.layout.yaxis.range) == (-0.5, 0.5)
    assert (figure.data[1].x[0], figure.data[1].y[0]) == (2, 0)


def test_nothing_to_draw_is_said() -> None:
    empty = FieldMap(MovedField("Rating", "", (), None, "Missing"), HOUSING, np.zeros((2, 0)), 0.1)
    assert notes(plot(empty)) == [NOTHING]
    assert plot_field_map(empty, cutoff=0.08).alt == NOTHING
    assert [len(column) for column in plot_field_map(empty, cutoff=0.08).table.values()] == [0] * 4


def test_description_and_table_give_the_numbers() -> None:
    assert plot_field_map(MAP, cutoff=0.08).alt == (
        "Heat map of the PD by Credit amount (currency units) and Housing, all else equal, from 2.00 % to 20.0 %. "
        "The PD is under the cutoff at 3 of 6 combinations of “Credit amount” and “Housing”. This applicant has 250 "
        "and Owned, and a PD of 6.00 %."
    )
    table = plot_field_map(MAP, cutoff=0.08).table
    assert table["Across: Credit amount (currency units)"] == [100, 200, 400, 100, 200, 400]
    assert table["Down: Housing"] == ["Rented"] * 3 + ["Owned"] * 3
    assert table["PD (%)"] == pytest.approx([5, 10, 20, 2, 5, 10])
    assert table["Decision"] == ["approved", "declined", "declined", "approved", "approved", "declined"]


def test_pds_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="PDs by Credit amount and Housing do not fit"):
        FieldMap(CREDIT, HOUSING, MAP.pds.T, 0.06)


def test_names_are_shown_letter_by_letter() -> None:
    named = MovedField(HOSTILE, "", (HOSTILE, "b"), "b", "b")
    figure = plot(FieldMap(CREDIT, named, MAP.pds, 0.06))
    # The page takes the title out of the figure and writes it itself.
    figure.layout.title = None
    assert "<b>%{x}" not in json.dumps(json.loads(figure.to_json()), ensure_ascii=False)
    shown = "&lt;b&gt;&#37;{x}&lt;/b&gt;"
    assert figure.layout.yaxis.title.text == shown
    assert figure.layout.yaxis.ticktext[0] == shown
    assert f"<br>{shown}: %{{y}}<br>" in figure.data[0].hovertemplate


@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(dark: bool) -> None:
    sides = [MovedField(name, "", tuple(np.linspace(1e5, 2e6, 25).tolist()), 5e5, "500,000") for name in "ab"]
    pds = np.add.outer(np.linspace(0.02, 0.1, 25), np.linspace(0, 0.1, 25))
    text = plot(FieldMap(sides[0], sides[1], pds, 0.07), dark=dark).to_json()
    assert len(text) < 12_000
    data = json.loads(text)["data"]
    assert {trace[side]["dtype"] for trace in data for side in "xy"} | {data[0]["z"]["dtype"]} == {"f4"}
