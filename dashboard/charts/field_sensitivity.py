"""A chart of one applicant's PD as one field changes and all others stay.

The model is made of trees, so its PD moves in steps. It is drawn as steps around the values it was computed for, and
what a title says about the cutoff applies to those values alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.moved_field import MovedField, PdArray, decisions, own_mark, set_field_axis
from dashboard.charts.template import (
    LONGEST_HINT,
    FigureTheme,
    Table,
    add_line,
    add_note,
    empty_figure,
    figure_theme,
    new_figure,
    set_axis,
    translucent,
    worded_name,
)
from dashboard.metrics.counts import FloatArray, IntArray
from dashboard.words.labels import amount, brief_percent, cutoff_percent, plural
from inference.model.decision import is_declined

NOTHING = "None of the field's values is among those of the portfolio."
MOST_LEVELS = 20
# Number of ranges or levels that a title names.
_MOST_NAMED = 3
_HEIGHT = 440
# With up to this many values, each is marked on the line.
_MOST_MARKED = 25
# A cutoff up to this many times the highest PD is drawn; an arrow points to a higher one.
_FARTHEST = 3.0
_ROOM = 1.12
# Percent, so that an axis of PDs that are all 0 has a length.
_LOWEST_TOP = 0.1


@dataclass(frozen=True, slots=True)
class FieldCurve:
    """PDs by value of one field (as many as it has values), and the applicant's PD as it is.

    `density` counts the portfolio's applications: between two `edges` (one more than counts, in the field's unit) for a
    number, by level for levels. Without counts it is empty.
    """

    moved: MovedField
    pds: PdArray
    current_pd: float
    density: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    edges: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        counted = self.edges.size - 1 if self.moved.is_number else len(self.moved.values)
        if self.pds.shape != (len(self.moved.values),) or self.density.size not in (0, counted):
            raise ValueError(f"The PDs or counts of {self.moved.label} do not fit its values.")


def plot_field_curve(curve: FieldCurve, *, cutoff: float, dark: bool = False) -> Chart:
    """PD by value with the cutoff and the applicant's own, and under it how the portfolio's applications spread.

    Numbers outside of the portfolio's are not drawn; of many levels the most frequent are, the safest first.
    """
    return Chart(
        "field-curve",
        "Sensitivity",
        _draw(curve, cutoff=cutoff, dark=dark),
        _describe(curve, cutoff=cutoff),
        _tabulate(curve, cutoff=cutoff),
    )


def _draw(curve: FieldCurve, *, cutoff: float, dark: bool) -> go.Figure:
    shown = _drawn_part(curve)
    if not shown.pds.size:
        return empty_figure(curve.moved.label, NOTHING, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(curve_finding(curve, cutoff), _subtitle(curve, shown), dark=dark)
    figure.add_trace(_steps(shown, theme) if shown.moved.is_number else _level_bars(shown, cutoff, theme))
    if shown.moved.current_place is None:
        _mark_level(figure, shown, theme)
    else:
        figure.add_trace(own_mark(shown.moved.current_place, 100 * shown.current_pd, shown.current_pd, theme))
    if shown.density.sum():
        figure.add_trace(_density(shown, theme))
    top = _mark_cutoff(figure, cutoff, 100 * max(float(shown.pds.max()), shown.current_pd), theme)
    _lay_out(figure, shown, top, theme)
    return figure


def _describe(curve: FieldCurve, *, cutoff: float) -> str:
    used = _used_part(curve)
    if not used.pds.size:
        return NOTHING
    low, high = (
        f"{brief_percent(float(used.pds[at]))} ({used.moved.words[at]})"
        for at in (used.pds.argmin(), used.pds.argmax())
    )
    return (
        f"PD by {used.moved.title}, all else equal, from {low} to {high}. {curve_finding(curve, cutoff)}. "
        f"This applicant has {used.moved.current_words} and a PD of {brief_percent(used.current_pd)}."
    )


def _tabulate(curve: FieldCurve, *, cutoff: float) -> Table:
    table: dict[str, Sequence[object]] = {
        f"Value: {curve.moved.title}": list(curve.moved.values),
        "PD (%)": [100 * float(value) for value in curve.pds],
        "Decision": decisions(curve.pds, cutoff),
    }
    if curve.density.size:
        table["Applications in the portfolio"] = _applications(curve)
    return table


def curve_finding(curve: FieldCurve, cutoff: float) -> str:
    """Which of the values bring the PD under the cutoff, as a sentence without its full stop."""
    used = _used_part(curve)
    under = ~is_declined(used.pds, cutoff)
    name, words = f"“{used.moved.label}”", used.moved.words
    # The PD between two numbers is not computed.
    tried = "tried " if used.moved.is_number else ""
    if under.all():
        return f"The PD stays under the cutoff at every {tried}value of {name}"
    if not under.any():
        return f"No {tried}value of {name} brings the PD under the cutoff"
    if not used.moved.is_number:
        levels = [words[at] for at in np.flatnonzero(under)]
        return f"The PD is under the cutoff at {len(levels)} of {len(words)} values of {name}: {_listed(levels)}"
    ranges = [_worded_range(words, first, last) for first, last in _runs(under)]
    n_crossings = int(np.count_nonzero(np.diff(under)))
    times = "twice" if n_crossings == 2 else f"{n_crossings} times"
    lead = "is under the cutoff" if len(ranges) == 1 else f"crosses the cutoff {times}: under it"
    return f"The PD {lead} at the tried values of “{used.moved.title}” {_listed(ranges)}"


def _used_part(curve: FieldCurve) -> FieldCurve:
    """Numbers where the portfolio has applications; all levels, the safest first."""
    if not curve.moved.is_number:
        return _part(curve, np.argsort(curve.pds, kind="stable"))
    if not curve.edges.size:
        return curve
    numbers = curve.moved.numbers
    return _part(curve, np.flatnonzero((numbers >= curve.edges[0]) & (numbers <= curve.edges[-1])))


def _drawn_part(curve: FieldCurve) -> FieldCurve:
    used = _used_part(curve)
    if used.moved.is_number or used.pds.size <= MOST_LEVELS:
        return used
    weight = used.density.astype(np.float64) if used.density.size else np.zeros(used.pds.size)
    own = used.moved.current_place
    if own is not None:
        # The applicant's own level is drawn, however rare.
        weight[int(own)] = np.inf
    return _part(used, np.sort(np.argsort(-weight, kind="stable")[:MOST_LEVELS]))


def _part(curve: FieldCurve, chosen: npt.NDArray[np.intp]) -> FieldCurve:
    moved = curve.moved
    density = curve.density if moved.is_number or not curve.density.size else curve.density[chosen]
    values: tuple[float, ...] | tuple[str, ...] = tuple(moved.values[at] for at in chosen)
    return replace(curve, moved=replace(moved, values=values), pds=curve.pds[chosen], density=density)


def _subtitle(curve: FieldCurve, shown: FieldCurve) -> str:
    text = f"PD as {curve.moved.label} alone changes; this applicant has {curve.moved.current_words}"
    if shown.density.sum():
        text += "; below, the share of the portfolio's applications"
    n_left = curve.pds.size - shown.pds.size
    if not n_left:
        return text
    if shown.moved.is_number:
        return f"{text}; not drawn: {plural(n_left, 'value')} outside of the portfolio's"
    return f"{text}; the {shown.pds.size} most frequent of {curve.pds.size} values"


def _runs(under: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last place of each run of true values."""
    turns = np.flatnonzero(np.diff(np.concatenate([[False], under, [False]])))
    return [(int(first), int(end) - 1) for first, end in turns.reshape(-1, 2)]


def _worded_range(words: Sequence[str], first: int, last: int) -> str:
    if first == 0:
        return f"up to {words[last]}"
    if last == len(words) - 1:
        return f"from {words[first]} on"
    return f"at {words[first]}" if first == last else f"from {words[first]} to {words[last]}"


def _listed(parts: Sequence[str]) -> str:
    left = len(parts) - _MOST_NAMED
    named = [*parts[:_MOST_NAMED], f"{left} more"] if left > 0 else list(parts)
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _applications(curve: FieldCurve) -> list[int]:
    if not curve.moved.is_number:
        return [int(number) for number in curve.density]
    numbers, edges = curve.moved.numbers, curve.edges
    # The last bin includes its upper edge.
    bins = np.minimum(np.searchsorted(edges, numbers, side="right") - 1, curve.density.size - 1)
    inside = (numbers >= edges[0]) & (numbers <= edges[-1])
    return [int(number) for number in np.where(inside, curve.density[bins], 0)]


def _steps(curve: FieldCurve, theme: FigureTheme) -> go.Scatter:
    # Where the PD moves between two values is unknown, so the step is drawn halfway.
    marked = curve.pds.size <= _MOST_MARKED
    return go.Scatter(
        name="PD",
        x=curve.moved.numbers.astype(np.float32),
        y=(100 * curve.pds).astype(np.float32),
        mode="lines+markers" if marked else "lines",
        line={"color": theme.accent, "width": 2, "shape": "hvh"},
        marker={"size": 6, "color": theme.accent},
        hovertemplate="PD %{y:.2f} %<extra></extra>",
    )


def _level_bars(curve: FieldCurve, cutoff: float, theme: FigureTheme) -> go.Bar:
    declined = is_declined(curve.pds, cutoff)
    names = [worded_name(word, LONGEST_HINT) for word in curve.moved.words]
    return go.Bar(
        name="PD",
        x=curve.moved.places.astype(np.float32),
        y=(100 * curve.pds).astype(np.float32),
        width=0.7,
        marker={"color": [theme.bad if is_bad else theme.good for is_bad in declined]},
        showlegend=False,
        hovertext=names,
        hovertemplate="%{hovertext}<br>PD %{y:.2f} %<extra></extra>",
    )


def _mark_level(figure: go.Figure, curve: FieldCurve, theme: FigureTheme) -> None:
    """Draw a horizontal line at the PD of an applicant whose value is not on the axis."""
    add_line(figure, theme, y=100 * curve.current_pd, width=1.5, dash="solid")
    own = worded_name(curve.moved.current_words)
    add_note(
        figure,
        f"<b>this applicant ({own}) {brief_percent(curve.current_pd)}</b>",
        x=0,
        y=100 * curve.current_pd,
        xref="paper",
        xanchor="left",
        yanchor="bottom",
        font={"size": 12, "color": theme.text},
    )


def _mark_cutoff(figure: go.Figure, cutoff: float, highest: float, theme: FigureTheme) -> float:
    """Draw the cutoff, or an arrow to one far above the PDs; return where the axis ends, in percent."""
    text, top = f"cutoff {cutoff_percent(cutoff)}", max(highest, _LOWEST_TOP)
    if 100 * cutoff > _FARTHEST * top:
        add_note(figure, f"{text} ↑", x=1, y=1, xref="paper", yref="paper", xanchor="right", yanchor="top")
        return _ROOM * top
    add_line(figure, theme, y=100 * cutoff, width=1.5, dash="dash")
    add_note(figure, text, x=1, y=100 * cutoff, xref="paper", xanchor="right", yanchor="bottom")
    return _ROOM * max(top, 100 * cutoff)


def _density(curve: FieldCurve, theme: FigureTheme) -> go.Bar:
    share = (100 * curve.density / curve.density.sum()).astype(np.float32)
    if curve.moved.is_number:
        ends = [amount(float(edge)) for edge in curve.edges]
        names = [f"{low} to {high}" for low, high in itertools.pairwise(ends)]
        x, width = (curve.edges[:-1] + curve.edges[1:]) / 2, np.diff(curve.edges)
    else:
        names = [worded_name(word, LONGEST_HINT) for word in curve.moved.words]
        x, width = curve.moved.places, np.full(len(names), 0.7)
    return go.Bar(
        name="Portfolio",
        x=x.astype(np.float32),
        y=share,
        width=width.astype(np.float32),
        yaxis="y2",
        showlegend=False,
        hovertext=names,
        marker={"color": translucent(theme.mark, 0.6)},
        hovertemplate="%{hovertext}<br>%{y:.2f} % of the portfolio<extra></extra>",
    )


def _lay_out(figure: go.Figure, curve: FieldCurve, top: float, theme: FigureTheme) -> None:
    layout, small = figure.layout, {"size": 12, "color": theme.muted}
    layout.height, layout.hovermode, layout.bargap, layout.legend.entrywidth = _HEIGHT, "x", 0, 190
    layout.showlegend = curve.moved.current_place is not None
    has_density = bool(curve.density.sum())
    if has_density:
        layout.yaxis2 = {
            "title": {"text": "Portfolio", "standoff": 10, "font": small},
            "tickfont": small,
            "domain": [0, 0.2],
            "anchor": "x",
            "ticksuffix": " %",
            "nticks": 3,
            "rangemode": "tozero",
        }
    set_axis(figure, "y", title="PD", ticksuffix=" %", range=[0, top], nticks=7, domain=[0.3 * has_density, 1])
    low, high = float(curve.moved.places[0]), float(curve.moved.places[-1])
    room = _room(curve.moved)
    anchor = "y2" if has_density else "y"
    set_field_axis(figure, "x", curve.moved, range=[low - room, high + room], anchor=anchor)


def _room(moved: MovedField) -> float:
    """How far the axis runs beyond the first and last value: half a step if each value has its own bar."""
    places = moved.places
    if places.size == 1 or not moved.is_number:
        return 0.6
    is_few = places.size <= _MOST_MARKED
    return float(0.5 * np.diff(places).min() if is_few else 0.02 * (places[-1] - places[0]))
