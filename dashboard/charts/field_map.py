"""A chart of one applicant's PD as two fields change together and all others stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.moved_field import MovedField, PdArray, decisions, own_mark, set_field_axis
from dashboard.charts.template import (
    LONGEST_HINT,
    FigureTheme,
    Table,
    empty_figure,
    figure_theme,
    new_figure,
    worded_name,
)
from dashboard.metrics.counts import FloatArray
from dashboard.words.labels import brief_percent, cutoff_percent
from inference.model.decision import is_declined

NOTHING = "One of the fields has no values."
_HEIGHT, _PER_LEVEL, _AROUND = 460, 22, 200


@dataclass(frozen=True, slots=True)
class FieldMap:
    """PDs by value of two fields, of shape (values down, values across), and the applicant's PD as it is."""

    across: MovedField
    down: MovedField
    pds: PdArray
    current_pd: float

    def __post_init__(self) -> None:
        if self.pds.shape != (len(self.down.values), len(self.across.values)):
            raise ValueError(f"The PDs by {self.across.label} and {self.down.label} do not fit their values.")

    @property
    def own_place(self) -> tuple[float, float] | None:
        """The applicant's place, across and down; None if either value is not on its axis."""
        x, y = self.across.current_place, self.down.current_place
        return None if x is None or y is None else (x, y)


def plot_field_map(result: FieldMap, *, cutoff: float, dark: bool = False) -> Chart:
    """PD by value of two fields as a heat map, with a line between approved and declined and the applicant's place."""
    return Chart(
        "field-map",
        "Sensitivity",
        _draw(result, cutoff=cutoff, dark=dark),
        _describe(result, cutoff=cutoff),
        _tabulate(result, cutoff=cutoff),
    )


def _draw(result: FieldMap, *, cutoff: float, dark: bool) -> go.Figure:
    if not result.pds.size:
        return empty_figure(f"{result.across.label} and {result.down.label}", NOTHING, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(map_finding(result, cutoff), _subtitle(result), dark=dark)
    figure.add_trace(_heat(result, theme))
    x, y = _borders(result, cutoff)
    if x.size:
        figure.add_trace(_border_line(x, y, cutoff, theme))
    if result.own_place is not None:
        figure.add_trace(own_mark(*result.own_place, result.current_pd, theme))
    layout, n_levels = figure.layout, 0 if result.down.is_number else len(result.down.values)
    layout.height = max(_HEIGHT, _AROUND + _PER_LEVEL * n_levels)
    layout.showlegend, layout.legend.entrywidth = True, 190
    for side, moved in (("x", result.across), ("y", result.down)):
        ends = _bounds(moved.places)
        set_field_axis(figure, side, moved, showgrid=False, range=[float(ends[0]), float(ends[-1])])
    return figure


def _describe(result: FieldMap, *, cutoff: float) -> str:
    if not result.pds.size:
        return NOTHING
    ends = f"{brief_percent(float(result.pds.min()))} to {brief_percent(float(result.pds.max()))}"
    return (
        f"Heat map of the PD by {result.across.title} and {result.down.title}, all else equal, from {ends}. "
        f"{map_finding(result, cutoff)}. This applicant has {result.across.current_words} and "
        f"{result.down.current_words}, and a PD of {brief_percent(result.current_pd)}."
    )


def _tabulate(result: FieldMap, *, cutoff: float) -> Table:
    n_down, n_across = result.pds.shape
    return {
        f"Across: {result.across.title}": [value for _ in range(n_down) for value in result.across.values],
        f"Down: {result.down.title}": [value for value in result.down.values for _ in range(n_across)],
        "PD (%)": [100 * float(value) for value in result.pds.ravel()],
        "Decision": decisions(result.pds.ravel(), cutoff),
    }


def map_finding(result: FieldMap, cutoff: float) -> str:
    """How many combinations bring the PD under the cutoff, as a sentence without its full stop."""
    n_under = int(np.count_nonzero(~is_declined(result.pds, cutoff)))
    names = f"“{result.across.label}” and “{result.down.label}”"
    if n_under == result.pds.size:
        return f"The PD stays under the cutoff at every combination of {names}"
    if not n_under:
        return f"No combination of {names} brings the PD under the cutoff"
    return f"The PD is under the cutoff at {n_under:,} of {result.pds.size:,} combinations of {names}"


def _subtitle(result: FieldMap) -> str:
    text = f"PD as {result.across.label} and {result.down.label} change, all else equal; the stronger, the higher"
    if result.own_place is not None:
        return text
    own = f"{result.across.current_words}, {result.down.current_words}"
    return f"{text}; this applicant ({own}) has no place on the map"


def _heat(result: FieldMap, theme: FigureTheme) -> go.Heatmap:
    x, y = (worded_name(moved.label, LONGEST_HINT) for moved in (result.across, result.down))
    return go.Heatmap(
        x=result.across.places.astype(np.float32),
        y=result.down.places.astype(np.float32),
        z=(100 * result.pds).astype(np.float32),
        colorscale=[[0, theme.surface], [1, theme.bad]],
        zmin=0.0,
        zmax=max(100 * float(result.pds.max()), 0.1),
        colorbar={
            "ticksuffix": " %",
            "thickness": 10,
            "outlinewidth": 0,
            "len": 0.9,
            "title": {"text": "PD"},
            "nticks": 6,
        },
        hovertemplate=f"{x}: %{{x}}<br>{y}: %{{y}}<br><b>PD %{{z:.2f}} %</b><extra></extra>",
    )


def _bounds(places: FloatArray) -> FloatArray:
    """The borders of the cells around `places`, as a heat map draws them: halfway, and as far at the ends."""
    if places.size == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    between = (places[:-1] + places[1:]) / 2
    return np.concatenate([[2 * places[0] - between[0]], between, [2 * places[-1] - between[-1]]])


def _borders(result: FieldMap, cutoff: float) -> tuple[FloatArray, FloatArray]:
    """The sides that an approved and a declined cell share: three places each, two ends and a gap.

    Exact where a contour would run through cells, and between levels, where there is nothing to run through.
    """
    declined = is_declined(result.pds, cutoff)
    across, down = _bounds(result.across.places), _bounds(result.down.places)
    i, j = np.nonzero(declined[:, 1:] != declined[:, :-1])
    k, m = np.nonzero(declined[1:] != declined[:-1])
    gap = np.full(i.size + k.size, np.nan)
    x = [np.concatenate(ends) for ends in ((across[j + 1], across[m]), (across[j + 1], across[m + 1]))]
    y = [np.concatenate(ends) for ends in ((down[i], down[k + 1]), (down[i + 1], down[k + 1]))]
    return np.stack([*x, gap], axis=1).ravel(), np.stack([*y, gap], axis=1).ravel()


def _border_line(x: FloatArray, y: FloatArray, cutoff: float, theme: FigureTheme) -> go.Scatter:
    return go.Scatter(
        name=f"Cutoff {cutoff_percent(cutoff)}",
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        mode="lines",
        line={"color": theme.text, "width": 2},
        hoverinfo="skip",
    )
