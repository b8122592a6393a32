"""How the most similar applicants fared: a chart of their PDs by outcome, with where this applicant stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.moved_field import PdArray
from dashboard.charts.template import (
    FigureTheme,
    Table,
    add_line,
    empty_figure,
    figure_theme,
    new_figure,
    set_axis,
)
from dashboard.charts.waterfall import log_odds_of, mark_cutoff, note_beside, pd_of, pd_ticks
from dashboard.metrics.counts import FloatArray, IntArray
from dashboard.metrics.estimate import Estimate
from dashboard.words.labels import brief_percent, cutoff_percent, interval, percent

NO_NEIGHBOURS = "There are no similar applicants to show."
N_BINS = 20
# Neighbours with one and the same PD are one bar of a histogram that is this wide, in log-odds.
_SHORTEST = 0.5
_ROOM = 0.06
# Room above the highest bar for the applicant's label.
_HEADROOM = 1.25


@dataclass(frozen=True, slots=True)
class NeighbourGroup:
    """The most similar applicants: PDs (n,) and outcomes (n,), this applicant's own PD, and their default rate."""

    pds: PdArray
    defaulted: npt.NDArray[np.bool_]
    own_pd: float
    rate: Estimate

    def __post_init__(self) -> None:
        if self.pds.shape != self.defaulted.shape:
            raise ValueError(f"Each neighbour has a PD and an outcome; found {self.pds.size}, {self.defaulted.size}.")

    @property
    def share_below(self) -> float:
        """Share of the neighbours whose PD is below the applicant's own."""
        # A PD is a float32 wherever it is kept.
        return float(np.mean(self.pds.astype(np.float32) < np.float32(self.own_pd)))


def plot_neighbours(group: NeighbourGroup, *, cutoff: float, dark: bool = False) -> Chart:
    """The neighbours' PDs as a histogram on the log-odds scale, defaults under non-defaults, with both marks."""
    return Chart(
        "neighbours",
        "Similar applicants",
        _draw(group, cutoff=cutoff, dark=dark),
        _describe(group, cutoff=cutoff),
        _tabulate(group),
    )


def _draw(group: NeighbourGroup, *, cutoff: float, dark: bool) -> go.Figure:
    if not group.pds.size:
        return empty_figure("The most similar applicants", NO_NEIGHBOURS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(group), _subtitle(group), dark=dark)
    edges, bad, good = _histogram(group)
    figure.add_trace(_bars("Defaults", edges, bad, theme.bad, theme))
    figure.add_trace(_bars("Non-defaults", edges, good, theme.good, theme))
    low, high = _range(edges, group.own_pd, cutoff)
    _mark_own(figure, group.own_pd, low, high, theme)
    mark_cutoff(figure, cutoff, low, high, theme, row=2)
    ticks, words = pd_ticks(low, high)
    figure.layout.barmode, figure.layout.showlegend, figure.layout.legend.entrywidth = "stack", True, 140
    set_axis(figure, "x", title="PD (log-odds scale)", range=[low, high], tickvals=ticks, ticktext=words)
    set_axis(figure, "y", title="Similar applicants", range=[0, _HEADROOM * int((bad + good).max())], nticks=6)
    return figure


def _describe(group: NeighbourGroup, *, cutoff: float) -> str:
    if not group.pds.size:
        return NO_NEIGHBOURS
    ends = [brief_percent(float(end)) for end in (group.pds.min(), group.pds.max())]
    return (
        f"Histogram of the PDs of similar applicants by outcome, from {ends[0]} to {ends[1]}. {_title(group)}; "
        f"{_standing(group)}. The cutoff is {cutoff_percent(cutoff)}."
    )


def _tabulate(group: NeighbourGroup) -> Table:
    edges, bad, good = _histogram(group)
    ends = [100 * pd_of(edge) for edge in edges.tolist()]
    return {
        "PD from (%)": ends[:-1],
        "PD to (%)": ends[1:],
        "Non-defaults": good.tolist(),
        "Defaults": bad.tolist(),
    }


def _title(group: NeighbourGroup) -> str:
    n, n_bad = group.pds.size, int(np.count_nonzero(group.defaulted))
    mean = percent(float(group.pds.mean()), 1)
    if n == 1:
        fared = "defaulted" if n_bad else "did not default"
        return f"The most similar applicant {fared}, with a PD of {mean}"
    text = f"{n_bad:,} of the {n:,} most similar applicants defaulted"
    rate = group.rate
    if rate.value is not None:
        text += f": {percent(rate.value, 1)}"
    if rate.low is not None and rate.high is not None:
        text += f" (95 % {interval(percent(rate.low, 1), percent(rate.high, 1))})"
    return f"{text}, their mean PD is {mean}"


def _subtitle(group: NeighbourGroup) -> str:
    return f"PDs of the most similar applicants by outcome; {_standing(group)}"


def _standing(group: NeighbourGroup) -> str:
    share = group.share_below
    # A share that is not quite all of them is not rounded to all of them.
    worded = percent(share, 0 if share in (0, 1) else 1)
    return f"this applicant's PD of {brief_percent(group.own_pd)} is higher than {worded} of theirs"


def _histogram(group: NeighbourGroup) -> tuple[FloatArray, IntArray, IntArray]:
    """Edges in log-odds, and by bin the defaults and the non-defaults."""
    if not group.pds.size:
        return np.zeros(1), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    places = np.array([log_odds_of(float(value)) for value in group.pds])
    low, high = float(places.min()), float(places.max())
    if high - low < _SHORTEST:
        low, high = (low + high - _SHORTEST) / 2, (low + high + _SHORTEST) / 2
    edges = np.linspace(low, high, N_BINS + 1)
    bad, good = (np.histogram(places[chosen], edges)[0] for chosen in (group.defaulted, ~group.defaulted))
    return edges, bad.astype(np.int64), good.astype(np.int64)


def _bars(name: str, edges: FloatArray, number: IntArray, colour: str, theme: FigureTheme) -> go.Bar:
    ends = np.array([100 * pd_of(edge) for edge in edges.tolist()], dtype=np.float32)
    is_bad = name == "Defaults"
    return go.Bar(
        name=f"{name} ({int(number.sum()):,})",
        x=((edges[:-1] + edges[1:]) / 2).astype(np.float32),
        y=number.astype(np.float32),
        width=0.94 * float(edges[1] - edges[0]),
        # Hatched, so that the outcomes differ without colour too.
        marker={
            "color": colour,
            "pattern": {
                "shape": "/" if is_bad else "",
                "fillmode": "overlay",
                "fgcolor": theme.surface,
                "solidity": 0.2,
                "size": 6,
            },
        },
        customdata=np.stack([ends[:-1], ends[1:]], axis=1),
        hovertemplate="PD %{customdata[0]:.2f} to %{customdata[1]:.2f} %<br>%{y:,}<extra>" + name + "</extra>",
    )


def _range(edges: FloatArray, own_pd: float, cutoff: float) -> tuple[float, float]:
    places = (float(edges[0]), float(edges[-1]), log_odds_of(own_pd))
    low, high = min(places), max(places)
    length, mark = high - low, log_odds_of(cutoff)
    if low - length <= mark <= high + length:
        low, high = min(low, mark), max(high, mark)
    room = _ROOM * (high - low)
    return low - room, high + room


def _mark_own(figure: go.Figure, own_pd: float, low: float, high: float, theme: FigureTheme) -> None:
    place = log_odds_of(own_pd)
    add_line(figure, theme, x=place, width=2, dash="solid")
    text = f"<b>this applicant {brief_percent(own_pd)}</b>"
    note_beside(figure, text, place, low, high, font={"size": 12, "color": theme.text})
