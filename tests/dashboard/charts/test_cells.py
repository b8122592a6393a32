from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.cells import Axis, plot_cells
from dashboard.metrics.cell_counts import CellCounts
from dashboard.metrics.cells import CellGrid, CellMeasure, cell_grid

DOWN, ACROSS = Axis("Age", ("young", "<b>old</b>")), Axis("Score", ("low", "high"))
CELLS = CellCounts(
    applications=np.array([[2_000, 1_000], [4_000, 20]]),
    defaults=np.array([[400, 100], [200, 1]]),
    approved=np.array([[500, 800], [3_600, 20]]),
    approved_defaults=np.array([[50, 40], [180, 1]]),
    pd_sum=np.array([[380.0, 100.0], [240.0, 1.0]]),
)


def grid_of(measure: CellMeasure, cells: CellCounts = CELLS) -> CellGrid:
    return cell_grid(cells, measure)


def plot(measure: CellMeasure, *, dark: bool = False) -> go.Figure:
    return plot_cells(grid_of(measure), down=DOWN, across=ACROSS, dark=dark).figure


def test_cells_hold_the_rates_in_percent_and_in_words() -> None:
    values, few = plot(CellMeasure.DEFAULT_RATE).data
    np.testing.assert_allclose(values.z, np.array([[20, 10], [5, np.nan]]))
    assert [list(row) for row in values.text] == [["20.0", "10.0"], ["5.0", ""]]
    np.testing.assert_array_equal(few.z, np.array([[np.nan, np.nan], [np.nan, 20.0]]))
    assert few.text[1][1] == "n 20"
    assert values.customdata[0, 0, 0] == 2_000


def test_title_and_subtitle_say_what_is_there() -> None:
    layout = plot(CellMeasure.DEFAULT_RATE).layout
    assert layout.title.text == "Default rate runs from 5.00 % (“<b>old</b>”, “low”) to 20.0 % (“young”, “low”)"
    assert layout.title.subtitle.text == (
        "Default rate by Age and Score; all of the cohort 9.99 %; "
        "grey, with their number n: 1 cell with too few to conclude"
    )
    assert layout.yaxis.ticktext == ("young", "&lt;b&gt;old&lt;/b&gt;")


def test_calibration_gap_counts_what_chance_does_not_explain() -> None:
    assert plot(CellMeasure.CALIBRATION_GAP).layout.title.text == (
        "In 1 of 3 cells the calibration gap's interval excludes 0; chance alone would do so in about 0.15"
    )
    values = plot(CellMeasure.CALIBRATION_GAP).data[0]
    assert (values.zmin, values.zmax) == (pytest.approx(-1.0), pytest.approx(1.0))
    assert values.text[0][0] == "−1.0"


def test_small_values_are_told_apart() -> None:
    # Mean PDs of 0.036, 0.043, 0.0361 and 0.1 %, the last of too few.
    small = replace(CELLS, pd_sum=np.array([[0.72, 0.43], [1.444, 0.02]]))
    figure = plot_cells(grid_of(CellMeasure.MEAN_PD, small), down=DOWN, across=ACROSS).figure
    values = figure.data[0]
    assert [list(row) for row in values.text] == [["0.036", "0.043"], ["0.036", ""]]
    assert values.zmax == pytest.approx(0.043)
    assert figure.layout.title.text.startswith("Mean PD runs from 0.036 % (“young”, “low”) to 0.043 %")


def test_scale_starts_at_nothing_and_ends_at_the_highest_cell() -> None:
    values = plot(CellMeasure.DEFAULT_RATE).data[0]
    assert (values.zmin, values.zmax) == (0, pytest.approx(20))


def test_nothing_sure_is_said() -> None:
    five = np.array([[5, 5]])
    small = CellCounts(five, five, five, five, np.array([[1.0, 1.0]]))
    figure = plot_cells(grid_of(CellMeasure.DEFAULT_RATE, small), down=Axis("a", ("x",)), across=ACROSS).figure
    assert figure.layout.title.text == "Too few to conclude how default rate differs between cells"


def test_empty_table_says_so() -> None:
    zeros = np.zeros((2, 2), dtype=np.int64)
    empty = grid_of(CellMeasure.BAD_RATE, CellCounts(zeros, zeros, zeros, zeros, np.zeros((2, 2))))
    figure = plot_cells(empty, down=DOWN, across=ACROSS).figure
    assert [note.text for note in figure.layout.annotations] == ["There are no applications to show."]
    assert plot_cells(empty, down=DOWN, across=ACROSS).alt == "There are no applications to show."


def test_table_has_a_row_for_each_cell() -> None:
    table = plot_cells(grid_of(CellMeasure.BAD_RATE), down=DOWN, across=ACROSS).table
    assert table["Down: Age"] == ["young", "young", "<b>old</b>", "<b>old</b>"]
    assert table["Across: Score"] == ["low", "high", "low", "high"]
    assert table["Bad rate (%)"] == [pytest.approx(value) for value in (10, 5, 5, 5)]
    assert table["Approved applications"] == [500, 800, 3_600, 20]
    assert table["Too few to conclude"] == [False, False, False, True]
    assert "From (%)" not in plot_cells(grid_of(CellMeasure.MEAN_PD), down=DOWN, across=ACROSS).table


def test_columns_titled_like_the_tables_own_overwrite_none() -> None:
    table = plot_cells(grid_of(CellMeasure.DEFAULT_RATE), down=Axis("Applications", DOWN.names), across=ACROSS).table
    assert table["Down: Applications"] == ["young", "young", "<b>old</b>", "<b>old</b>"]
    assert table["Applications"] == [2_000, 1_000, 4_000, 20]
    same = plot_cells(grid_of(CellMeasure.DEFAULT_RATE), down=DOWN, across=Axis("Age", ACROSS.names)).table
    assert same["Down: Age"] != same["Across: Age"]


def test_many_cells_are_drawn_without_words() -> None:
    names = tuple(str(i) for i in range(30))
    size = np.full((30, 30), 500)
    many = CellCounts(size, size // 10, size, size // 10, size * 0.1)
    figure = plot_cells(grid_of(CellMeasure.DEFAULT_RATE, many), down=Axis("a", names), across=Axis("b", names)).figure
    assert figure.data[0].text is None


@pytest.mark.parametrize("measure", CellMeasure)
@pytest.mark.parametrize("dark", [False, True])
def test_payload_is_small_and_packed(measure: CellMeasure, dark: bool) -> None:
    text = plot(measure, dark=dark).to_json()
    assert len(text) < 8_000
    assert {trace["z"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}
    assert "<b>old" not in json.dumps(json.loads(text)["layout"]["yaxis"])
    assert plot_cells(grid_of(measure), down=DOWN, across=ACROSS).alt.startswith("Heat map. ")
