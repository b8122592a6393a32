"""A measure over two columns as a heat map with its numbers in the cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.segment_words import leaving_out_zero
from dashboard.charts.template import (
    LONGEST_HINT,
    NO_APPLICATIONS,
    FigureTheme,
    Table,
    empty_figure,
    figure_theme,
    new_figure,
    set_axis,
    worded_name,
)
from dashboard.metrics.cells import CellGrid, CellMeasure
from dashboard.metrics.counts import FloatArray
from dashboard.words import labels

MOST_WORDED_CELLS = 400
_LONGEST_TICK = 28
ROW_HEIGHT, LOW_ROW_HEIGHT, MANY_ROWS = 30, 24, 15


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of the table: the column's title, and its groups' names."""

    title: str
    names: tuple[str, ...]


def plot_cells(grid: CellGrid, *, down: Axis, across: Axis, dark: bool = False) -> Chart:
    """The measure by cell; cells with too few applications are grey and show how many they hold."""
    return Chart(
        "seg.map",
        "Heat map",
        _draw(grid, down=down, across=across, dark=dark),
        _describe(grid, down=down, across=across),
        _tabulate(grid, down=down, across=across),
    )


def _draw(grid: CellGrid, *, down: Axis, across: Axis, dark: bool) -> go.Figure:
    if not grid.base.any():
        return empty_figure(grid.measure.value, NO_APPLICATIONS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(grid, down, across), _subtitle(grid, down, across), dark=dark)
    few = grid.too_few & (grid.base > 0)
    figure.add_trace(_values(grid, theme))
    if few.any():
        figure.add_trace(_few(grid, theme))
    n_rows = len(down.names)
    row_height = LOW_ROW_HEIGHT if n_rows > MANY_ROWS else ROW_HEIGHT
    layout = figure.layout
    layout.height, layout.showlegend, layout.margin.t = 92 + 70 + row_height * max(n_rows, 4), False, 68
    for side, axis in (("x", across), ("y", down)):
        words = [worded_name(name, _LONGEST_TICK) for name in axis.names]
        set_axis(
            figure,
            side,
            title=worded_name(axis.title, LONGEST_HINT),
            tickmode="array",
            ticktext=words,
            tickvals=list(range(len(words))),
            showgrid=False,
            showline=False,
            ticks="",
        )
    layout.yaxis.autorange = "reversed"
    return figure


def _describe(grid: CellGrid, *, down: Axis, across: Axis) -> str:
    if not grid.base.any():
        return NO_APPLICATIONS
    return f"Heat map. {_title(grid, down, across)}. {_subtitle(grid, down, across)}."


def _tabulate(grid: CellGrid, *, down: Axis, across: Axis) -> Table:
    places = list(zip(*np.nonzero(grid.base), strict=True))
    unit = "points" if grid.measure is CellMeasure.CALIBRATION_GAP else "%"
    table: dict[str, list[object]] = {
        # A column's title may equal a header of the table, or the other column's title.
        f"Down: {down.title}": [down.names[i] for i, _ in places],
        f"Across: {across.title}": [across.names[j] for _, j in places],
        f"{grid.measure} ({unit})": [100 * float(grid.value[place]) for place in places],
    }
    if grid.measure is not CellMeasure.MEAN_PD:
        table[f"From ({unit})"] = [100 * float(grid.low[place]) for place in places]
        table[f"To ({unit})"] = [100 * float(grid.high[place]) for place in places]
    table[_base(grid)] = [int(grid.base[place]) for place in places]
    table["Too few to conclude"] = [bool(grid.too_few[place]) for place in places]
    return table


def _base(grid: CellGrid) -> str:
    return "Approved applications" if grid.measure is CellMeasure.BAD_RATE else "Applications"


def _word(grid: CellGrid, value: float) -> str:
    return labels.signed_points(value) if grid.measure is CellMeasure.CALIBRATION_GAP else labels.brief_percent(value)


def _title(grid: CellGrid, down: Axis, across: Axis) -> str:
    sure = np.where(grid.too_few, np.nan, grid.value)
    if np.count_nonzero(~np.isnan(sure)) < 2:
        return f"Too few to conclude how {_named(grid)} differs between cells"
    if grid.measure is CellMeasure.CALIBRATION_GAP:
        sure_gaps = ~grid.too_few
        n_off = int(np.count_nonzero(sure_gaps & ((grid.low > 0) | (grid.high < 0))))
        return leaving_out_zero(n_off, int(np.count_nonzero(sure_gaps)), "cells")
    places = [np.unravel_index(index, sure.shape) for index in (np.nanargmin(sure), np.nanargmax(sure))]
    values = labels.told_apart(*(float(sure[place]) for place in places))
    ends = [f"{value} (“{down.names[i]}”, “{across.names[j]}”)" for value, (i, j) in zip(values, places, strict=True)]
    sentence = f"{_named(grid)} runs from {ends[0]} to {ends[1]}"
    return sentence[0].upper() + sentence[1:]


def _named(grid: CellGrid) -> str:
    return grid.measure.value if grid.measure is CellMeasure.MEAN_PD else grid.measure.lower()


def _subtitle(grid: CellGrid, down: Axis, across: Axis) -> str:
    text = f"{grid.measure} by {down.title} and {across.title}"
    if grid.whole is not None:
        text += f"; all of the cohort {_word(grid, grid.whole)}"
    few = int(np.count_nonzero(grid.too_few & (grid.base > 0)))
    return f"{text}; grey, with their number n: {labels.plural(few, 'cell')} with too few to conclude" if few else text


def _values(grid: CellGrid, theme: FigureTheme) -> go.Heatmap:
    shown = 100 * np.where(grid.too_few, np.nan, grid.value)
    digits = _digits(shown)
    unit = "points" if grid.measure is CellMeasure.CALIBRATION_GAP else "%"
    spread = (
        ""
        if grid.measure is CellMeasure.MEAN_PD
        else f" (%{{customdata[1]:.{digits + 1}f}} to %{{customdata[2]:.{digits + 1}f}})"
    )
    return go.Heatmap(
        z=shown.astype(np.float32),
        xgap=2,
        ygap=2,
        hoverongaps=False,
        **_colours(grid, shown, theme),
        customdata=np.stack([grid.base, 100 * grid.low, 100 * grid.high], axis=-1).astype(np.float32),
        text=_texts(grid, shown, digits),
        texttemplate="%{text}",
        textfont={"size": 12},
        colorbar={
            "ticksuffix": "" if unit == "points" else " %",
            "thickness": 10,
            "outlinewidth": 0,
            "len": 0.9,
            "title": {"text": unit if unit == "points" else ""},
            "nticks": 6,
        },
        hovertemplate=f"%{{y}}<br>%{{x}}<br><b>{_named(grid)} %{{z:.{digits + 1}f}} {unit}</b>{spread}"
        f"<br>{_base(grid).lower()}: %{{customdata[0]:,}}<extra></extra>",
    )


def _few(grid: CellGrid, theme: FigureTheme) -> go.Heatmap:
    shown = np.where(grid.too_few & (grid.base > 0), grid.base, np.nan)
    return go.Heatmap(
        z=shown.astype(np.float32),
        xgap=2,
        ygap=2,
        hoverongaps=False,
        showscale=False,
        colorscale=[[0, theme.grid], [1, theme.grid]],
        text=_texts(grid, shown, 0, "n "),
        texttemplate="%{text}",
        textfont={"size": 11, "color": theme.muted},
        hovertemplate=f"%{{y}}<br>%{{x}}<br>too few to conclude; {_base(grid).lower()}: %{{z:,}}<extra></extra>",
    )


def _digits(shown: FloatArray) -> int:
    """The decimals of all cells: one, more if even the largest value is below 1."""
    largest = float(np.nanmax(np.abs(shown), initial=0.0))
    return labels.decimals(largest) if 0 < largest < 1 else 1


def _texts(grid: CellGrid, shown: FloatArray, digits: int, before: str = "") -> list[list[str]] | None:
    if grid.base.size > MOST_WORDED_CELLS:
        return None
    # Adding 0 removes the sign of a rounded zero.
    rounded = np.round(shown, digits) + 0.0
    return [
        ["" if np.isnan(value) else f"{before}{value:,.{digits}f}".replace("-", "−") for value in row]
        for row in rounded
    ]


def _colours(grid: CellGrid, shown: FloatArray, theme: FigureTheme) -> dict[str, object]:
    if grid.measure is CellMeasure.CALIBRATION_GAP:
        # Symmetric around 0, so that equal gaps look equally strong.
        reach = float(np.nanmax(np.abs(shown), initial=0.1))
        return {"colorscale": [[0, theme.bad], [0.5, theme.surface], [1, theme.good]], "zmin": -reach, "zmax": reach}
    strong = theme.accent if grid.measure is CellMeasure.APPROVAL_RATE else theme.bad
    return {
        "colorscale": [[0, theme.surface], [1, strong]],
        "zmin": 0.0,
        "zmax": float(np.nanmax(shown, initial=0.0)) or 0.1,
    }
