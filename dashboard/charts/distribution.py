"""The PD distribution by outcome as a chart."""

from __future__ import annotations

from collections.abc import Iterator

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
from dashboard.words.labels import brief_percent, cutoff_percent, plural, told_apart

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
    if not distribution.n_good + distribution.n_bad:
        return empty_figure("PD by outcome", NO_APPLICATIONS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(distribution, auc), _subtitle(distribution), dark=dark)
    whose = "outcome" if distribution.has_outcomes else "applications"
    if distribution.n_good:
        figure.add_trace(_area(distribution, _good_side(distribution), theme))
    if distribution.n_bad:
        figure.add_trace(_area(distribution, "Defaults", theme))
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
    top = 115 * max(float(distribution.good_share.max()), float(distribution.bad_share.max()))
    set_axis(figure, "y", title=f"Share of the {whose} per bar", ticksuffix=" %", range=[0, top], nticks=6)
    return figure


def _describe(distribution: PdDistribution, *, cutoff: float | None) -> str:
    if not distribution.n_good + distribution.n_bad:
        return NO_APPLICATIONS
    parts = [
        f"{plural(number, noun)} with a median PD of {brief_percent(median)}"
        for number, noun, median in (
            (distribution.n_good, _good_side(distribution)[:-1].lower(), distribution.good_median),
            (distribution.n_bad, "default", distribution.bad_median),
        )
        if median is not None
    ]
    sentence = f"Distribution of predicted PD: {' and '.join(parts)}."
    return sentence if cutoff is None else f"{sentence} The cutoff is marked at {cutoff_percent(cutoff)}."


def _tabulate(distribution: PdDistribution) -> Table:
    edges = 100 * distribution.edges
    return {
        "PD from (%)": [round(float(edge), 4) for edge in edges],
        "PD below (%)": [*(round(float(edge), 4) for edge in edges[1:]), None],
        _good_side(distribution): [*distribution.good.tolist(), distribution.good_beyond],
        **({"Defaults": [*distribution.bad.tolist(), distribution.bad_beyond]} if distribution.has_outcomes else {}),
    }


def _good_side(distribution: PdDistribution) -> str:
    return "Non-defaults" if distribution.has_outcomes else "Applications"


def _title(distribution: PdDistribution, auc: Estimate | None) -> str:
    good, bad = distribution.good_median, distribution.bad_median
    if good is None or bad is None:
        noun, median = ("defaults", bad) if good is None else (_good_side(distribution).lower(), good)
        return f"PD of {noun}: median {brief_percent(median or 0.0)}"
    if min(distribution.n_good, distribution.n_bad) < MIN_TO_COMPARE:
        return "Too few to conclude how defaults and non-defaults differ in PD"
    if good == bad:
        return f"Defaults and non-defaults share a median PD of {brief_percent(good)}"
    medians = " against ".join(told_apart(bad, good))
    if auc is not None and (auc.low or 0.0) <= 0.5 <= (1.0 if auc.high is None else auc.high):
        return f"Defaults and non-defaults do not differ clearly in PD: median {medians}"
    return f"Defaults got {'higher' if bad > good else 'lower'} PDs: median {medians}"


def _subtitle(distribution: PdDistribution) -> str:
    # Stated, not drawn: one bar for everything beyond would look like a spike.
    beyond = [
        f"{brief_percent(number / total)} of {noun}"
        for number, total, noun in (
            (distribution.bad_beyond, distribution.n_bad, "defaults"),
            (distribution.good_beyond, distribution.n_good, _good_side(distribution).lower()),
        )
        if number
    ]
    whose = "each outcome's applications" if distribution.has_outcomes else "applications"
    spread = f"How {whose} spread over PD, in bars of {_width(distribution)}"
    return f"{spread}; not drawn, above {_whole(distribution)}: {' and '.join(beyond)}" if beyond else spread


def _width(distribution: PdDistribution) -> str:
    text = f"{100 * float(distribution.edges[1] - distribution.edges[0]):g}"
    return f"{text} {'point' if text == '1' else 'points'}"


def _whole(distribution: PdDistribution) -> str:
    return f"{100 * float(distribution.edges[-1]):g} %"


def _area(distribution: PdDistribution, name: str, theme: FigureTheme) -> go.Scatter:
    is_bad = name == "Defaults"
    share = distribution.bad_share if is_bad else distribution.good_share
    number = distribution.bad if is_bad else distribution.good
    colour = theme.bad if is_bad else theme.good
    total = distribution.n_bad if is_bad else distribution.n_good
    return go.Scatter(
        name=f"{name} ({total:,})",
        x=(100 * distribution.edges).astype(np.float32),
        y=_held(100 * share),
        customdata=_held(number),
        mode="lines",
        line={"color": colour, "width": 2, "shape": "hv", "dash": "5px,2px" if is_bad else "solid"},
        fill="tozeroy",
        fillcolor=translucent(colour, 0.08 if is_bad else 0.22),
        hovertemplate="%{y:.2f} % (%{customdata:,})<extra>" + name + "</extra>",
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
