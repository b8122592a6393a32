"""The shift of one distribution between two cohorts as a chart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.template import FigureTheme, Table, empty_figure, figure_theme, new_figure, worded_name
from dashboard.metrics.counts import FloatArray
from dashboard.metrics.stability import Shift, Stability
from dashboard.words.labels import NOT_DEFINED, brief_percent, count, percent, plural

# More rows are hard to read as a picture; the table lists all of them.
MOST_BARS = 14
_PER_BIN, _AROUND = 29, 150
_THICK = 0.38


@dataclass(frozen=True, slots=True)
class ShiftWords:
    """What a stability index is of: the subject ("PD"), the index ("PSI"), its bins and the two cohorts' names."""

    subject: str
    metric: str
    bins: tuple[str, ...]
    reference: str
    current: str


def pd_bin_labels(edges: FloatArray) -> tuple[str, ...]:
    """The groups of PD between ascending lower boundaries, of which the first is 0, in words."""
    ends = [percent(float(edge)) for edge in edges[1:]]
    if not ends:
        return ("any PD",)
    between = [f"{low.removesuffix(' %')} to {high}" for low, high in itertools.pairwise(ends)]
    return (f"below {ends[0]}", *between, f"{ends[-1]} and more")


def worded_index(value: float | None) -> str:
    """A stability index with three decimals, four where it is below 0.1 and five below 0.01."""
    if value is None:
        return NOT_DEFINED
    return f"{value:.{3 if value >= 0.1 else 4 if value >= 0.01 else 5}f}"


def plot_shift(stability: Stability, words: ShiftWords, *, dark: bool = False) -> Chart:
    """Shares per bin of reference and current cohort, and beside them what each bin adds to the index."""
    return Chart(
        words.metric.lower(),
        words.metric,
        _draw(stability, words, dark=dark),
        _describe(stability, words),
        _tabulate(stability, words),
    )


def _draw(stability: Stability, words: ShiftWords, *, dark: bool) -> go.Figure:
    if stability.index.value is None:
        return empty_figure(f"{words.subject}: shift", f"{words.metric} is {stability.index.explanation}.", dark=dark)
    theme = figure_theme(dark=dark)
    shown = drawn_bins(stability)
    figure = new_figure(_title(stability, words), _subtitle(stability, words, len(shown)), dark=dark)
    both = [_bars(stability, words, shown, is_reference=side, theme=theme) for side in (True, False)]
    figure.add_traces([*both, _contributions(stability, words, shown, theme)])
    _set_axes(figure, stability, words, shown)
    return figure


def _describe(stability: Stability, words: ShiftWords) -> str:
    if stability.index.value is None:
        return f"{words.metric} of {words.subject} is {stability.index.explanation}."
    sentence = (
        f"{words.subject}, {words.current} against {words.reference}: {stability.shift}; {words.metric} "
        f"{worded_index(stability.index.value)}, 95 % critical value {worded_index(stability.critical_95)}."
    )
    return f"{sentence} {_largest(stability, words)}." if stability.largest is not None else sentence


def _tabulate(stability: Stability, words: ShiftWords) -> Table:
    return {
        "Bin": list(words.bins),
        "Reference (%)": (100 * stability.reference_share).tolist(),
        "Current (%)": (100 * stability.current_share).tolist(),
        f"Adds to {words.metric}": stability.contribution.tolist(),
        "Reference (applications)": stability.reference.tolist(),
        "Current (applications)": stability.current.tolist(),
    }


def drawn_bins(stability: Stability) -> list[int]:
    """The bins to draw, in order: those that are not empty, or the largest contributors if there are too many."""
    used = np.flatnonzero(stability.reference + stability.current)
    if used.size <= MOST_BARS:
        return [int(i) for i in used]
    # Equal contributions (zeros, mostly) are ranked by the size of the bin.
    order = np.lexsort((-stability.reference_share[used], -stability.contribution[used]))
    return sorted(int(i) for i in used[order[:MOST_BARS]])


def _title(stability: Stability, words: ShiftWords) -> str:
    if stability.shift is Shift.TOO_FEW:
        return f"{words.subject}: too few to conclude whether it has shifted"
    return f"{words.subject}: {stability.shift}, {words.metric} {worded_index(stability.index.value)}"


def _subtitle(stability: Stability, words: ShiftWords, n_drawn: int) -> str:
    if stability.shift is Shift.NONE:
        return f"Chance alone stays below {worded_index(stability.critical_95)} in 95 of 100 cases"
    if stability.shift is Shift.TOO_FEW:
        index, critical = (worded_index(value) for value in (stability.index.value, stability.critical_99))
        return f"{words.metric} {index}. Chance alone stays below {critical} in 99 of 100 cases"
    n_left = int(np.count_nonzero(stability.reference + stability.current)) - n_drawn
    rest = f"; not drawn: the {plural(n_left, 'bin')} adding least" if n_left else ""
    return f"{_largest(stability, words)}{rest}"


def _largest(stability: Stability, words: ShiftWords) -> str:
    i = stability.largest
    if i is None:
        return "No bin differs"
    before, after = (_share(float(share[i])) for share in (stability.reference_share, stability.current_share))
    return f"Most comes from “{words.bins[i]}”: {before} of the reference, {after} of the current cohort"


def _share(share: float) -> str:
    if not share:
        return "none"
    return "under 0.01 %" if share < 0.0001 else brief_percent(share)


def _bars(
    stability: Stability, words: ShiftWords, shown: Sequence[int], *, is_reference: bool, theme: FigureTheme
) -> go.Bar:
    role, name = ("Reference", words.reference) if is_reference else ("Current", words.current)
    share = stability.reference_share if is_reference else stability.current_share
    number = stability.reference if is_reference else stability.current
    colour = theme.against if is_reference else theme.accent
    # Outlined and hatched, so that the two differ without colour.
    look = {"pattern": {"shape": "/", "size": 6, "solidity": 0.4}, "line": {"color": colour, "width": 1}}
    return go.Bar(
        name=f"{role}: {worded_name(name)} ({count(int(number.sum()))})",
        x=(100 * share[shown]).astype(np.float32),
        y=_rows(shown),
        customdata=number[shown].astype(np.float32),
        hovertext=_names(words, shown),
        orientation="h",
        width=_THICK,
        offset=-_THICK if is_reference else 0,
        marker={"color": colour, **(look if is_reference else {})},
        hovertemplate=f"%{{hovertext}}<br>%{{x:.2f}} % (%{{customdata:,.0f}}) of {role.lower()}<extra></extra>",
    )


def _contributions(stability: Stability, words: ShiftWords, shown: Sequence[int], theme: FigureTheme) -> go.Bar:
    values = stability.contribution[shown]
    return go.Bar(
        x=values.astype(np.float32),
        y=_rows(shown),
        xaxis="x2",
        hovertext=_names(words, shown),
        orientation="h",
        width=_THICK,
        offset=-_THICK / 2,
        text=[worded_index(float(value)) if value else "0" for value in values],
        textposition="outside",
        constraintext="none",
        cliponaxis=False,
        textfont={"size": 11, "color": theme.muted},
        marker={"color": theme.mark},
        showlegend=False,
        hovertemplate=f"%{{hovertext}}<br>adds %{{x:.5f}} to {words.metric}<extra></extra>",
    )


def _names(words: ShiftWords, shown: Sequence[int]) -> list[str]:
    return [worded_name(words.bins[i]) for i in shown]


def _rows(shown: Sequence[int]) -> npt.NDArray[np.float32]:
    return np.arange(len(shown), dtype=np.float32)


def _set_axes(figure: go.Figure, stability: Stability, words: ShiftWords, shown: Sequence[int]) -> None:
    highest = max(float(stability.reference_share[shown].max()), float(stability.current_share[shown].max()))
    most = float(stability.contribution[shown].max())
    layout = figure.layout
    axis = layout.xaxis.to_plotly_json()
    title = axis["title"]
    # Whole parts assigned, not `update_layout`: that walks every path of the layout, 10 ms where this takes one.
    layout.xaxis = {
        **axis,
        "domain": [0, 0.68],
        "range": [0, 106 * highest],
        "ticksuffix": " %",
        "nticks": 4,
        "tickangle": 0,
        "title": {**title, "text": "Share of applications"},
    }
    # Leaves room for the number beside the longest bar, also on a phone.
    layout.xaxis2 = {
        **axis,
        "domain": [0.74, 1],
        "anchor": "y",
        "range": [0, 2.2 * most or 1],
        "showticklabels": False,
        "ticks": "",
        "title": {**title, "text": f"Adds to {words.metric}"},
    }
    layout.yaxis = {
        **axis,
        "tickvals": _rows(shown),
        "ticktext": _names(words, shown),
        "range": [len(shown) - 0.5, -0.5],
        "showgrid": False,
    }
    layout.height = _AROUND + _PER_BIN * max(len(shown), 4)
    layout.legend.entrywidth = 0
    layout.showlegend, layout.hovermode = True, "closest"
