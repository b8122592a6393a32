"""A chart of how a feature's contribution depends on its value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart, listed
from dashboard.charts.importance import NOTHING, odds, zero_line
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
    translucent,
    worded_name,
)
from dashboard.metrics.explanation import MIN_TO_CONCLUDE, Dependence
from dashboard.words.labels import plural
from dashboard.words.value_labels import boundary_labels, feature_title, value_labels
from data.definition.definition import Definition
from inference.explain.contributions import BinKind

MOST_LEVELS = 20
_LONGEST_TICK = 22
# Space between the values and the group of missing ones.
_GAP = 0.5
_HEIGHT = 480


def plot_dependence(
    dependence: Dependence, definition: Definition, *, against: Named[Dependence] | None = None, dark: bool = False
) -> Chart:
    """Mean contribution by value with the middle 80 %, and under it how many applications have each value."""
    return Chart(
        "dependence",
        "Dependence",
        _draw(dependence, definition, against=against, dark=dark),
        _describe(dependence, definition, against=against),
        _tabulate(dependence, definition, against=against),
    )


def _draw(
    dependence: Dependence, definition: Definition, *, against: Named[Dependence] | None, dark: bool
) -> go.Figure:
    label = dependence.feature.label
    if not dependence.n_applications:
        return empty_figure(label, NOTHING, dark=dark)
    theme = figure_theme(dark=dark)
    shown = drawn_bins(dependence, None if against is None else against.value)
    figure = new_figure(_title(dependence, definition), _subtitle(dependence, len(shown)), dark=dark)
    _add_curve(figure, dependence, definition, shown, worded_name(own_name(against)), theme, is_against=False)
    if against is not None and against.value.n_applications:
        _add_curve(figure, against.value, definition, shown, worded_name(against.name), theme, is_against=True)
    _lay_out_axes(figure, dependence, definition, shown, theme)
    return figure


def _describe(dependence: Dependence, definition: Definition, *, against: Named[Dependence] | None) -> str:
    if not dependence.n_applications:
        return NOTHING
    n_bins = int(np.count_nonzero(dependence.applications))
    sentence = f"Mean contribution by value in {plural(n_bins, 'group')}. {_finding(dependence, definition)}."
    if against is None or not against.value.n_applications:
        return sentence
    return f"{sentence} In {against.name}: {_finding(against.value, definition)}."


def _tabulate(dependence: Dependence, definition: Definition, *, against: Named[Dependence] | None) -> Table:
    table: dict[str, Sequence[object]] = {
        feature_title(dependence.feature, definition): value_labels(dependence.feature, definition),
        **_columns("", dependence),
    }
    return table if against is None else {**table, **_columns(f"{against.name}: ", against.value)}


def _columns(prefix: str, dependence: Dependence) -> dict[str, Sequence[object]]:
    return {
        f"{prefix}Applications": dependence.applications.tolist(),
        f"{prefix}Share (%)": (100 * dependence.share).tolist(),
        f"{prefix}Mean contribution (log-odds)": listed(dependence.mean),
        f"{prefix}10 % (log-odds)": listed(dependence.low),
        f"{prefix}90 % (log-odds)": listed(dependence.high),
    }


def drawn_bins(dependence: Dependence, against: Dependence | None = None) -> npt.NDArray[np.intp]:
    """The bins to draw, in order: a number's values or the most frequent levels, then missing values if any."""
    values = np.arange(dependence.applications.size - 1)
    if dependence.feature.bins.kind is BinKind.LEVELS:
        by_size = values[np.argsort(-dependence.applications[:-1], kind="stable")][:MOST_LEVELS]
        by_size = by_size[dependence.applications[by_size] > 0]
        values = by_size[np.argsort(-dependence.mean[by_size], kind="stable")]
    n_missing = dependence.applications[-1] + (0 if against is None else against.applications[-1])
    missing = [dependence.applications.size - 1] if n_missing else []
    return np.array([*values, *missing], dtype=np.intp)


def _places(dependence: Dependence, shown: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    is_missing = shown == dependence.applications.size - 1
    places: npt.NDArray[np.float32] = np.arange(shown.size, dtype=np.float32)
    places[is_missing] += np.float32(_GAP)
    return places


def _title(dependence: Dependence, definition: Definition) -> str:
    if dependence.n_applications < MIN_TO_CONCLUDE:
        number = plural(dependence.n_applications, "application")
        return f"Too few to conclude what {dependence.feature.label} does: {number}"
    return _finding(dependence, definition)


def _finding(dependence: Dependence, definition: Definition) -> str:
    label = dependence.feature.label
    words = value_labels(dependence.feature, definition)
    # An extreme among a handful of applications is no finding.
    known = np.flatnonzero(dependence.applications >= MIN_TO_CONCLUDE)
    n_used = int(np.count_nonzero(dependence.applications))
    if known.size < min(n_used, 2):
        return f"Too few to conclude what {label} does: {_both(dependence.n_applications, n_used)}"
    if n_used == 1:
        return f"{label} has one value here ({words[known[0]]}): {odds(float(dependence.mean[known[0]]))}"
    highest, lowest = (known[int(pick(dependence.mean[known]))] for pick in (np.argmax, np.argmin))
    high, low = (float(dependence.mean[at]) for at in (highest, lowest))
    return f"{label}: {odds(high)} ({words[highest]}) to × {np.exp(low):.2f} ({words[lowest]})"


def _both(n_applications: int, n_values: int) -> str:
    return f"{plural(n_applications, 'application')} with {plural(n_values, 'value')}"


def _subtitle(dependence: Dependence, n_shown: int) -> str:
    text = "Mean contribution and the middle 80 % of applications by value; below, the share of applications"
    n_all = int(np.count_nonzero(dependence.applications))
    return text if n_shown >= n_all else f"{text}; the {n_shown} most frequent of {n_all} values"


def _add_curve(
    figure: go.Figure,
    dependence: Dependence,
    definition: Definition,
    shown: npt.NDArray[np.intp],
    name: str,
    theme: FigureTheme,
    *,
    is_against: bool,
) -> None:
    colour = theme.against if is_against else theme.accent
    is_missing = shown == dependence.applications.size - 1
    used = dependence.applications[shown] > 0
    places = _places(dependence, shown)
    words = np.array([worded_name(word, LONGEST_HINT) for word in value_labels(dependence.feature, definition)])[shown]
    is_curve = used & ~is_missing if dependence.feature.bins.kind is not BinKind.LEVELS else np.zeros_like(used)
    if is_curve.any() and not is_against:
        figure.add_trace(_band(dependence, shown[is_curve], places[is_curve], name, colour))
    for part, legend in ((is_curve, True), (used & ~is_curve, not is_curve.any())):
        if part.any():
            is_line = part is is_curve
            figure.add_trace(
                _means(
                    dependence,
                    shown[part],
                    places[part],
                    words[part],
                    name,
                    colour,
                    theme,
                    is_line=is_line,
                    is_against=is_against,
                    legend=legend,
                )
            )
    figure.add_trace(_shares(dependence, shown, places, words, name, colour, is_against=is_against))


def _band(
    dependence: Dependence, bins: npt.NDArray[np.intp], places: npt.NDArray[np.float32], name: str, colour: str
) -> go.Scatter:
    return go.Scatter(
        name=f"{name}, middle 80 %",
        x=np.concatenate([places, places[::-1]]),
        y=np.concatenate([dependence.high[bins], dependence.low[bins][::-1]]).astype(np.float32),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=translucent(colour, 0.2),
        hoverinfo="skip",
    )


def _means(
    dependence: Dependence,
    bins: npt.NDArray[np.intp],
    places: npt.NDArray[np.float32],
    words: npt.NDArray[np.str_],
    name: str,
    colour: str,
    theme: FigureTheme,
    *,
    is_line: bool,
    is_against: bool,
    legend: bool,
) -> go.Scatter:
    mean = dependence.mean[bins].astype(np.float32)
    whiskers = {
        "type": "data",
        "symmetric": False,
        "array": (dependence.high[bins] - mean).astype(np.float32),
        "arrayminus": (mean - dependence.low[bins]).astype(np.float32),
        "thickness": 1.5,
        "width": 4,
        "color": colour,
    }
    return go.Scatter(
        name=f"{name}, mean",
        x=places + (0.16 if is_against and not is_line else 0),
        y=mean,
        customdata=np.exp(mean),
        text=words,
        showlegend=legend,
        legendgroup=name,
        mode="lines+markers" if is_line else "markers",
        line={"color": colour, "width": 2, "dash": "dash" if is_against else "solid"},
        marker={
            "color": theme.surface if is_against else colour,
            "size": 7,
            "line": {"color": colour, "width": 2},
            "symbol": "diamond" if is_against else "circle",
        },
        error_y=None if is_line else whiskers,
        hovertemplate="%{text}<br>%{y:+.3f} log-odds: odds × %{customdata:.2f}<extra>" + name + "</extra>",
    )


def _shares(
    dependence: Dependence,
    shown: npt.NDArray[np.intp],
    places: npt.NDArray[np.float32],
    words: npt.NDArray[np.str_],
    name: str,
    colour: str,
    *,
    is_against: bool,
) -> go.Bar | go.Scatter:
    share = (100 * dependence.share[shown]).astype(np.float32)
    settings = {
        "name": name,
        "x": places,
        "y": share,
        "yaxis": "y2",
        "text": words,
        "showlegend": False,
        "hovertemplate": "%{text}<br>%{y:.2f} % of applications<extra>" + name + "</extra>",
    }
    if is_against:
        marker = {"symbol": "diamond-open", "size": 8, "color": colour, "line": {"width": 2}}
        return go.Scatter(**settings, mode="markers", marker=marker)
    return go.Bar(**settings, width=0.8, textposition="none", marker={"color": translucent(colour, 0.55)})


def _lay_out_axes(
    figure: go.Figure,
    dependence: Dependence,
    definition: Definition,
    shown: npt.NDArray[np.intp],
    theme: FigureTheme,
) -> None:
    places = _places(dependence, shown)
    ticks, words = _ticks(dependence, definition, shown, places)
    layout, small = figure.layout, {"size": 12, "color": theme.muted}
    layout.height, layout.showlegend, layout.bargap, layout.hovermode = _HEIGHT, True, 0.15, "x"
    add_shape(figure, zero_line(theme, is_level=True))
    layout.yaxis2 = {
        "title": {"text": "Share", "standoff": 10, "font": small},
        "tickfont": small,
        "domain": [0, 0.22],
        "anchor": "x",
        "ticksuffix": " %",
        "nticks": 4,
        "rangemode": "tozero",
    }
    set_axis(figure, "y", title="Contribution (log-odds)", domain=[0.34, 1])
    set_axis(
        figure,
        "x",
        title=worded_name(feature_title(dependence.feature, definition), LONGEST_HINT),
        tickvals=ticks,
        ticktext=words,
        anchor="y2",
        range=[-0.7, float(places[-1]) + 0.7],
        tickangle=-40 if dependence.feature.bins.kind is BinKind.LEVELS else None,
    )


def _ticks(
    dependence: Dependence, definition: Definition, shown: npt.NDArray[np.intp], places: npt.NDArray[np.float32]
) -> tuple[list[float], list[str]]:
    """Ticks stand between ranges, and under single values, levels and the missing ones."""
    edges = boundary_labels(dependence.feature, definition)
    words = value_labels(dependence.feature, definition)
    named = [(float(place), words[at]) for place, at in zip(places, shown, strict=True)]
    if edges:
        between = [(at + 0.5, edge) for at, edge in enumerate(edges) if at % 2 == 0]
        named = between + ([named[-1]] if shown[-1] == dependence.applications.size - 1 else [])
    return [place for place, _ in named], [worded_name(word, _LONGEST_TICK) for _, word in named]
