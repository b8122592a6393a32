"""The PD distribution by outcome as a chart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.template import (
    NO_APPLICATIONS,
    FigureTheme,
    Table,
    add_line,
    add_note,
    empty_figure,
    figure_theme,
    new_figure,
    set_axis,
    translucent,
)
from dashboard.follow.slots import Kind, Slot
from dashboard.metrics.counts import FloatArray, IntArray
from dashboard.metrics.distribution import PdDistribution
from dashboard.metrics.estimate import Estimate
from dashboard.words.labels import brief_percent, count, cutoff_percent, plural, told_apart

# With fewer of either outcome, medians are not compared.
MIN_TO_COMPARE = 10


def plot_pd_distribution(
    distribution: PdDistribution, *, auc: Estimate | None = None, cutoff: float | None = None, dark: bool = False
) -> Chart:
    """Share of each outcome's applications by PD, with the cutoff where one is given; the two areas are equal.

    The title concludes how the outcomes differ where the interval of `auc` leaves out 0.5.
    """
    return Chart(
        "pd-distribution",
        "PD distribution",
        _draw(distribution, auc=auc, cutoff=cutoff, dark=dark),
        _describe(distribution, cutoff=cutoff),
        _tabulate(distribution),
    )


def follow_pd_distribution(distribution: PdDistribution) -> Iterator[Slot]:
    """What of the chart follows the cutoff."""
    top = float(distribution.edges[-1])
    yield Slot("", Kind.UPRIGHT, lambda e: _cutoff_words(e.assumptions.cutoff, top), names_cutoff=True)


def _draw(distribution: PdDistribution, *, auc: Estimate | None, cutoff: float | None, dark: bool) -> go.Figure:
    sides = _sides(distribution)
    if not any(side.total for side in sides):
        return empty_figure("PD by outcome", NO_APPLICATIONS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(distribution, auc), _subtitle(distribution), dark=dark)
    whose = "outcome" if len(sides) > 1 else "applications"
    for side in sides:
        if side.total:
            figure.add_trace(_area(distribution, side, theme))
    if cutoff is not None:
        _mark_cutoff(figure, cutoff, float(distribution.edges[-1]), theme)
    layout = figure.layout
    layout.hovermode, layout.showlegend, layout.legend.entrywidth = "x unified", True, 130
    set_axis(
        figure,
        "x",
        title="Predicted probability of default (PD)",
        ticksuffix=" %",
        range=[0, 100 * float(distribution.edges[-1])],
        unifiedhovertitle={"text": f"PD from %{{x:.4~g}} %, {_width(distribution)}"},
    )
    # Room above the highest bar for the cutoff's label.
    top = 115 * max(float(side.share.max()) for side in sides)
    set_axis(figure, "y", title=f"Share of the {whose} per bar", ticksuffix=" %", range=[0, top], nticks=6)
    return figure


def _describe(distribution: PdDistribution, *, cutoff: float | None) -> str:
    sides = _sides(distribution)
    if not any(side.total for side in sides):
        return NO_APPLICATIONS
    parts = [
        f"{plural(side.total, side.noun)} with a median PD of {brief_percent(side.median)}"
        for side in sides
        if side.median is not None
    ]
    sentence = f"Distribution of predicted PD: {' and '.join(parts)}."
    return sentence if cutoff is None else f"{sentence} The cutoff is marked at {cutoff_percent(cutoff)}."


def _tabulate(distribution: PdDistribution) -> Table:
    edges = 100 * distribution.edges
    return {
        "PD from (%)": [round(float(edge), 4) for edge in edges],
        "PD below (%)": [*(round(float(edge), 4) for edge in edges[1:]), None],
        **{side.name: [*side.number.tolist(), side.beyond] for side in _sides(distribution)},
    }


class _Side(NamedTuple):
    """The applications of one outcome, or those whose outcome is not known."""

    name: str
    noun: str
    number: IntArray
    share: FloatArray
    total: int
    beyond: int
    median: float | None


def _sides(distribution: PdDistribution) -> list[_Side]:
    """Both outcomes, and where there are any the open applications; these alone where no outcome is known."""
    found = distribution
    is_open = bool(found.n_open) and not found.n_good + found.n_bad
    name, noun = ("Applications", "application") if is_open else ("Open", "open application")
    opens = _Side(name, noun, found.open, found.open_share, found.n_open, found.open_beyond, found.open_median)
    if is_open:
        return [opens]
    sides = [
        _Side(
            "Non-defaults",
            "non-default",
            found.good,
            found.good_share,
            found.n_good,
            found.good_beyond,
            found.good_median,
        ),
        _Side("Defaults", "default", found.bad, found.bad_share, found.n_bad, found.bad_beyond, found.bad_median),
    ]
    return [*sides, opens] if found.n_open else sides


def _title(distribution: PdDistribution, auc: Estimate | None) -> str:
    good, bad = distribution.good_median, distribution.bad_median
    if good is None or bad is None:
        side = next((side for side in _sides(distribution) if side.median is not None), None)
        if side is None:
            return NO_APPLICATIONS
        return f"PD of {side.name.lower()}: median {brief_percent(side.median or 0.0)}"
    if min(distribution.n_good, distribution.n_bad) < MIN_TO_COMPARE:
        return "Too few to conclude how defaults and non-defaults differ in PD"
    if good == bad:
        return f"Defaults and non-defaults share a median PD of {brief_percent(good)}"
    medians = " against ".join(told_apart(bad, good))
    if auc is not None and (auc.low or 0.0) <= 0.5 <= (1.0 if auc.high is None else auc.high):
        return f"Defaults and non-defaults do not differ clearly in PD: median {medians}"
    return f"Defaults got {'higher' if bad > good else 'lower'} PDs: median {medians}"


def _subtitle(distribution: PdDistribution) -> str:
    sides = _sides(distribution)
    # Stated, not drawn: one bar for everything beyond would look like a spike.
    beyond = [
        f"{brief_percent(side.beyond / side.total)} of {side.noun}s"
        for side in sorted(sides, key=lambda side: side.name)
        if side.beyond
    ]
    whose = "each outcome's applications" if len(sides) > 1 else "applications"
    spread = f"How {whose} spread over PD, in bars of {_width(distribution)}"
    return f"{spread}; not drawn, above {_whole(distribution)}: {' and '.join(beyond)}" if beyond else spread


def _width(distribution: PdDistribution) -> str:
    text = f"{100 * float(distribution.edges[1] - distribution.edges[0]):g}"
    return f"{text} {'point' if text == '1' else 'points'}"


def _whole(distribution: PdDistribution) -> str:
    return f"{100 * float(distribution.edges[-1]):g} %"


def _area(distribution: PdDistribution, side: _Side, theme: FigureTheme) -> go.Scatter:
    colour, dash, opacity = {
        "Defaults": (theme.bad, "5px,2px", 0.08),
        "Open": (theme.mark, "2px,2px", 0.0),
    }.get(side.name, (theme.good, "solid", 0.22))
    return go.Scatter(
        name=f"{side.name} ({count(side.total)})",
        x=(100 * distribution.edges).astype(np.float32),
        y=_held(100 * side.share),
        customdata=_held(side.number),
        mode="lines",
        line={"color": colour, "width": 2, "shape": "hv", "dash": dash},
        fill="tozeroy",
        fillcolor=translucent(colour, opacity),
        hovertemplate="%{y:.2f} % (%{customdata:,.0f})<extra>" + side.name + "</extra>",
    )


def _held(values: FloatArray | IntArray) -> npt.NDArray[np.float32]:
    # A step is drawn from its own boundary to the next: the last needs one more.
    return np.append(values, values[-1]).astype(np.float32)


def _mark_cutoff(figure: go.Figure, cutoff: float, top: float, theme: FigureTheme) -> None:
    text, place = _cutoff_words(cutoff, top), min(cutoff, top)
    if cutoff <= top:
        add_line(figure, theme, x=100 * cutoff, width=1.5, dash="dash")
    left_of_line = place > 0.6 * top
    side, shift = ("right", -4) if left_of_line else ("left", 4)
    add_note(figure, text, x=100 * place, y=1, yref="paper", yanchor="top", xanchor=side, xshift=shift, yshift=-6)


def _cutoff_words(cutoff: float, top: float) -> str:
    return f"cutoff {cutoff_percent(cutoff)}{' →' if cutoff > top else ''}"
