"""How the contributions of the most important features are spread, and with which values: the summary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.importance import NOTHING, odds, signed, wrapped, zero_line
from dashboard.charts.template import (
    LONGEST_HINT,
    FigureTheme,
    Named,
    Table,
    add_shape,
    empty_figure,
    figure_theme,
    new_figure,
    own_name,
    set_axis,
    worded_name,
)
from dashboard.metrics.explanation import MIN_TO_CONCLUDE, Strip
from dashboard.words.labels import plural

_PER_STRIP, _PER_COMPARED, _AROUND = 42, 52, 160
_HEIGHT = 0.62
# Where the lines of the middle 80 % run, under a strip's own middle.
_COHORT_LINE, _AGAINST_LINE = 0.36, 0.46


def plot_strips(strips: Sequence[Strip], *, against: Named[Sequence[Strip]] | None = None, dark: bool = False) -> Chart:
    """One strip a feature, as high as applications are many, coloured by their values; triangles say the same."""
    return Chart(
        "contribution-strips",
        "Summary of contributions",
        _draw(strips, against=against, dark=dark),
        _describe(strips, against=against),
        _tabulate(strips, against=against),
    )


def _draw(strips: Sequence[Strip], *, against: Named[Sequence[Strip]] | None, dark: bool) -> go.Figure:
    if not strips:
        return empty_figure("Contributions by value", NOTHING, dark=dark)
    theme = figure_theme(dark=dark)
    subtitle = (
        "How each feature's contributions are spread; blue: low values, orange: high ones, grey: middling or unordered"
    )
    figure = new_figure(_title(strips), subtitle, dark=dark)
    figure.add_trace(_bars(strips, theme))
    figure.add_trace(_medians(strips, theme, high=False))
    figure.add_trace(_medians(strips, theme, high=True))
    if against is not None and against.value:
        own = worded_name(own_name(against))
        figure.add_trace(_lines(f"{own}, middle 80 %", strips, strips, _COHORT_LINE, theme.accent, "solid"))
        name = f"{worded_name(against.name)}, middle 80 %"
        figure.add_trace(_lines(name, strips, against.value, _AGAINST_LINE, theme.against, "dash"))
    per_strip = _PER_STRIP if against is None else _PER_COMPARED
    layout = figure.layout
    layout.height, layout.bargap = _AROUND + per_strip * len(strips), 0
    layout.showlegend, layout.legend.entrywidth = True, 210
    add_shape(figure, zero_line(theme))
    title = "Contribution (log-odds): left of 0 lowers the PD, right of it raises it"
    set_axis(figure, "x", title=title, showgrid=True)
    set_axis(
        figure,
        "y",
        showgrid=False,
        range=[len(strips) - 0.3, -0.6],
        tickvals=list(range(len(strips))),
        ticktext=[wrapped(strip.feature.label) for strip in strips],
    )
    return figure


def _describe(strips: Sequence[Strip], *, against: Named[Sequence[Strip]] | None) -> str:
    if not strips:
        return NOTHING
    first = strips[0]
    sentence = (
        f"Spread of the contributions of {plural(len(strips), 'feature')}. {first.feature.label}: the middle 80 % run "
        f"from {signed(first.low)} to {signed(first.high)} log-odds"
    )
    other = _of(first, against.value) if against is not None else None
    if against is None or other is None:
        return f"{sentence}."
    return f"{sentence}, those of {against.name} from {signed(other.low)} to {signed(other.high)}."


def _tabulate(strips: Sequence[Strip], *, against: Named[Sequence[Strip]] | None) -> Table:
    table: dict[str, Sequence[object]] = {"Feature": [strip.feature.label for strip in strips]}
    table |= _quantiles("", strips)
    table["Median with low values (log-odds)"] = [strip.with_low for strip in strips]
    table["Median with high values (log-odds)"] = [strip.with_high for strip in strips]
    if against is not None:
        others = [_of(strip, against.value) for strip in strips]
        table |= _quantiles(f"{against.name}: ", others)
    return table


def _quantiles(prefix: str, strips: Sequence[Strip | None]) -> dict[str, Sequence[object]]:
    return {
        f"{prefix}10 % (log-odds)": [strip.low if strip else None for strip in strips],
        f"{prefix}Median (log-odds)": [strip.median if strip else None for strip in strips],
        f"{prefix}90 % (log-odds)": [strip.high if strip else None for strip in strips],
    }


def _of(strip: Strip, others: Sequence[Strip]) -> Strip | None:
    return next((other for other in others if other.feature == strip.feature), None)


def _title(strips: Sequence[Strip]) -> str:
    first = strips[0]
    if first.n_applications < MIN_TO_CONCLUDE:
        return f"Too few to conclude how contributions are spread: {plural(first.n_applications, 'application')}"
    label = first.feature.label
    if first.with_low is None or first.with_high is None:
        return f"{label}: {odds(first.low)} to × {np.exp(first.high):.2f} for the middle 80 %"
    return f"{label}: {odds(first.with_low)} with low values, × {np.exp(first.with_high):.2f} with high ones"


def _bars(strips: Sequence[Strip], theme: FigureTheme) -> go.Bar:
    """All strips in one trace; a bar is centred on its strip's line."""
    width = np.concatenate([np.diff(strip.edges) for strip in strips])
    middle = np.concatenate([(strip.edges[:-1] + strip.edges[1:]) / 2 for strip in strips])
    share = np.concatenate([strip.share for strip in strips])
    height = np.concatenate([_HEIGHT * strip.share / strip.share.max() for strip in strips])
    place = np.repeat(np.arange(len(strips)), [strip.share.size for strip in strips])
    value = np.concatenate([strip.value for strip in strips])
    drawn = share > 0
    names = [worded_name(strip.feature.label, LONGEST_HINT) for strip in strips]
    return go.Bar(
        x=_packed(middle[drawn]),
        y=_packed(height[drawn]),
        base=_packed((place - height / 2)[drawn]),
        width=_packed(width[drawn]),
        customdata=_packed(100 * share[drawn]),
        showlegend=False,
        hovertext=[names[at] for at in place[drawn]],
        marker={
            "color": _packed(np.nan_to_num(value, nan=0.5)[drawn]),
            "cmin": 0,
            "cmax": 1,
            "line": {"width": 0},
            "colorscale": [[0, theme.good], [0.5, theme.mark], [1, theme.bad]],
            "showscale": False,
        },
        hovertemplate="%{hovertext}<br>%{x:+.3f} log-odds: %{customdata:.1f} % of applications<extra></extra>",
    )


def _medians(strips: Sequence[Strip], theme: FigureTheme, *, high: bool) -> go.Scatter:
    medians = [strip.with_high if high else strip.with_low for strip in strips]
    shown = [(median, at) for at, median in enumerate(medians) if median is not None]
    name = "Highest third of values" if high else "Lowest third of values"
    return go.Scatter(
        name=f"{name}, median",
        x=_packed([median for median, _ in shown]),
        y=_packed([at for _, at in shown]),
        mode="markers",
        marker={
            "symbol": "triangle-up" if high else "triangle-down",
            "size": 11,
            "color": theme.bad if high else theme.good,
            "line": {"color": theme.surface, "width": 1.5},
        },
        hovertemplate="%{x:+.3f} log-odds<extra>" + name + "</extra>",
    )


def _lines(
    name: str, order: Sequence[Strip], strips: Sequence[Strip], offset: float, colour: str, dash: str
) -> go.Scatter:
    x: list[float | None] = []
    y: list[float | None] = []
    for at, wanted in enumerate(order):
        strip = _of(wanted, strips)
        if strip is not None:
            x += [strip.low, strip.high, None]
            y += [at + offset, at + offset, None]
    return go.Scatter(
        name=name,
        x=_packed(x),
        y=_packed(y),
        mode="lines",
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate="%{x:+.3f} log-odds<extra>" + name + "</extra>",
    )


def _packed(values: npt.ArrayLike | Sequence[float | None]) -> npt.NDArray[np.float32]:
    return np.array(values, dtype=np.float32)
