"""Predicted against observed by group of PD: the reliability curve, and the gaps from its diagonal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.template import (
    NO_APPLICATIONS,
    FigureTheme,
    Named,
    Table,
    add_line,
    empty_figure,
    figure_theme,
    make_square,
    new_figure,
    own_name,
    set_axis,
    translucent,
    worded_name,
)
from dashboard.metrics.calibration import Reliability
from dashboard.metrics.counts import FloatArray
from dashboard.words.labels import brief_percent, percent, plural, points, signed_points

# With fewer of either outcome, in all or a group, most groups have hardly any of it.
MIN_TO_CONCLUDE, MIN_PER_GROUP = 10, 2
MOSTLY = 0.75
_ROOM = 1.1
_ENTRY = 120
_LOG_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

# What stands above it on its page leaves no more on a small screen.
_HEIGHT = 390


class Axes(StrEnum):
    """How PD and default rate are drawn."""

    LINEAR = "Linear"
    LOG = "Logarithmic"


def plot_reliability(
    result: Reliability,
    *,
    against: Named[Reliability] | None = None,
    axes: Axes = Axes.LINEAR,
    dark: bool = False,
) -> Chart:
    """Default rate against mean PD by group, with Wilson's band; on the diagonal PDs are right."""
    return Chart(
        "reliability",
        "Reliability curve",
        _draw_reliability(result, against=against, axes=axes, dark=dark),
        _describe_reliability(result, against=against),
        _tabulate(result, against=against),
    )


def _draw_reliability(result: Reliability, *, against: Named[Reliability] | None, axes: Axes, dark: bool) -> go.Figure:
    if not result.applications.size:
        return empty_figure("Reliability curve", NO_APPLICATIONS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(result), _subtitle(result), dark=dark)
    low, high = _ends(_drawn(result, against), axes)
    figure.add_trace(_diagonal(low, high, theme))
    for called, groups, is_other in _parts(result, against):
        colour = theme.against if is_other else theme.accent
        figure.add_trace(_band(groups, low, colour, faint=is_other))
        figure.add_trace(_curve(worded_name(called), groups, low, colour, is_other=is_other))
    figure.layout.showlegend, figure.layout.legend.entrywidth = against is not None, _ENTRY
    set_axis(figure, "x", title="Mean PD of the group", **_axis(low, high, axes))
    set_axis(figure, "y", title="Default rate of the group", **_axis(low, high, axes))
    make_square(figure, _HEIGHT)
    return figure


def _describe_reliability(result: Reliability, *, against: Named[Reliability] | None) -> str:
    if not result.applications.size:
        return NO_APPLICATIONS
    text = (
        f"Reliability curve: {_title(result)}. Mean PDs run from {brief_percent(float(result.mean_pd[0]))} to "
        f"{brief_percent(float(result.mean_pd[-1]))}, default rates from "
        f"{brief_percent(float(result.default_rate.min()))} to {brief_percent(float(result.default_rate.max()))}."
    )
    return f"{text} Compared with {against.name}." if against else text


def _tabulate(result: Reliability, *, against: Named[Reliability] | None) -> Table:
    parts = [(called, _columns(groups)) for called, groups, _ in reversed(_parts(result, against))]
    table = {header: [value for _, part in parts for value in part[header]] for header in parts[0][1]}
    if against is None:
        return table
    names = [called for called, part in parts for _ in part["Group"]]
    return {"Of": names, **table}


def plot_calibration_gap(
    result: Reliability, *, against: Named[Reliability] | None = None, axes: Axes = Axes.LINEAR, dark: bool = False
) -> Chart:
    """Default rate less mean PD by group, in percentage points with Wilson's interval; above 0 the PD is too low."""
    return Chart(
        "calibration-gap",
        "Expected calibration error",
        _draw_calibration_gap(result, against=against, axes=axes, dark=dark),
        _describe_calibration_gap(result, against=against),
        _tabulate(result, against=against),
    )


def _draw_calibration_gap(
    result: Reliability, *, against: Named[Reliability] | None, axes: Axes, dark: bool
) -> go.Figure:
    if not result.applications.size:
        return empty_figure("Calibration gap", NO_APPLICATIONS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(
        _gap_title(result), "Default rate less mean PD, with 95 % intervals; above 0 the PD is too low", dark=dark
    )
    add_line(figure, theme, y=0)
    for name, groups, is_other in _parts(result, against):
        figure.add_trace(
            _gaps(worded_name(name), groups, theme.against if is_other else theme.accent, is_other=is_other)
        )
    figure.layout.showlegend, figure.layout.legend.entrywidth = against is not None, _ENTRY
    set_axis(figure, "x", title="Mean PD of the group", **_axis(*_ends(_drawn(result, against), axes), axes))
    set_axis(figure, "y", title="Default rate − PD (percentage points)", tickformat="~g", nticks=6)
    # As high as the curve that it stands beside.
    figure.layout.height = _HEIGHT
    return figure


def _describe_calibration_gap(result: Reliability, *, against: Named[Reliability] | None) -> str:
    if not result.applications.size:
        return NO_APPLICATIONS
    text = f"Default rate less mean PD of {_groups(result)}: {_gap_title(result)}."
    return f"{text} Compared with {against.name}." if against else text


def _title(result: Reliability) -> str:
    if _is_few(result):
        return "Too few to conclude whether PDs match default rates"
    n = result.applications.size
    too_high, too_low = int((result.high < result.mean_pd).sum()), int((result.low > result.mean_pd).sum())
    gaps = np.abs(result.mean_pd - result.default_rate)
    off = points(float((gaps * result.applications).sum() / result.applications.sum()))
    fitting = n - too_high - too_low
    if fitting >= MOSTLY * n:
        return f"PD and default rate differ by {off} on average, and {fitting} of {plural(n, 'group')} fit"
    words = [f"too {word} in {k} of {n}" for word, k in (("high", too_high), ("low", too_low)) if k]
    noun = "group" if n == 1 else "groups"
    return f"PD and default rate differ by {off} on average: PD is {', '.join(words)} {noun}"


def _gap_title(result: Reliability) -> str:
    if _is_few(result):
        return "Too few to conclude where PDs are off"
    gap = result.default_rate - result.mean_pd
    worst = int(np.abs(gap).argmax())
    within = "within" if result.low[worst] <= result.mean_pd[worst] <= result.high[worst] else "beyond"
    at = percent(float(result.mean_pd[worst]), 1)
    return f"The largest gap is {signed_points(float(gap[worst]))} at a PD of {at}, {within} its interval"


def _subtitle(result: Reliability) -> str:
    return f"{_groups(result)}; one fits when its PD lies inside its 95 % interval"


def _groups(result: Reliability) -> str:
    n = result.applications.size
    about = "" if n == 1 else "about "
    return f"{plural(n, 'group')} of {about}{plural(round(result.applications.sum() / n), 'application')}"


def _is_few(result: Reliability) -> bool:
    # Of either outcome, seen or expected: that nobody of 10,000 defaults where 3,000 should is conclusive.
    n, bad = int(result.applications.sum()), int(result.defaults.sum())
    expected = float((result.mean_pd * result.applications).sum())
    enough = max(MIN_TO_CONCLUDE, MIN_PER_GROUP * result.applications.size)
    return max(bad, expected) < enough or max(n - bad, n - expected) < enough


def _drawn(result: Reliability, against: Named[Reliability] | None) -> list[Reliability]:
    return [groups for _, groups, _ in _parts(result, against)]


def _parts(result: Reliability, against: Named[Reliability] | None) -> list[tuple[str, Reliability, bool]]:
    # The other cohort first, so that the one in question is drawn over it.
    other = [(against.name, against.value, True)] if against and against.value.applications.size else []
    return [*other, (own_name(against), result, False)]


def _ends(drawn: list[Reliability], axes: Axes) -> tuple[float, float]:
    values = 100 * np.concatenate([part for groups in drawn for part in (groups.mean_pd, groups.default_rate)])
    # Wide intervals of small groups may leave the picture; the points never do.
    reach = 100 * max(float(groups.high.max()) for groups in drawn)
    high = min(max(_ROOM * float(values.max()), min(reach, 1.5 * float(values.max())), 0.01), 101.0)
    if axes is Axes.LINEAR:
        return 0.0, high
    positive = values[values > 0]
    # A rate of 0 has no place on a logarithmic axis: it is drawn at the lower edge.
    return float(positive.min(initial=high) / 1.5), min(1.3 * high, 101.0)


def _axis(low: float, high: float, axes: Axes) -> dict[str, object]:
    if axes is Axes.LINEAR:
        return {"range": [low, high], "nticks": 6, "ticksuffix": " %"}
    words = [f"{tick:g} %" for tick in _LOG_TICKS]
    return {"type": "log", "range": [math.log10(low), math.log10(high)], "tickvals": _LOG_TICKS, "ticktext": words}


def _diagonal(low: float, high: float, theme: FigureTheme) -> go.Scatter:
    ends = np.array([low, high], dtype=np.float32)
    return go.Scatter(
        name="PD is right",
        x=ends,
        y=ends,
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": theme.mark, "width": 1.5, "dash": "dot"},
    )


def _band(groups: Reliability, floor: float, colour: str, *, faint: bool) -> go.Scatter:
    x = np.concatenate([groups.mean_pd, groups.mean_pd[::-1]])
    y = np.concatenate([groups.low, groups.high[::-1]])
    return go.Scatter(
        x=_shown(x, floor),
        y=_shown(y, floor),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=translucent(colour, 0.1 if faint else 0.2),
        hoverinfo="skip",
        showlegend=False,
    )


def _curve(name: str, groups: Reliability, floor: float, colour: str, *, is_other: bool) -> go.Scatter:
    return go.Scatter(
        name=name,
        x=_shown(groups.mean_pd, floor),
        y=_shown(groups.default_rate, floor),
        customdata=_hover(groups),
        mode="lines+markers",
        line={"color": colour, "width": 1.5 if is_other else 2, "dash": "dash" if is_other else "solid"},
        marker={"size": 6 if is_other else 7, "symbol": "diamond-open" if is_other else "circle"},
        hovertemplate="PD %{customdata[0]:.2f} %, default rate %{customdata[1]:.2f} %<br>95 %: %{customdata[2]:.2f} "
        "to %{customdata[3]:.2f} %<br>%{customdata[5]:,} of %{customdata[4]:,} defaulted<extra>" + name + "</extra>",
    )


def _gaps(name: str, groups: Reliability, colour: str, *, is_other: bool) -> go.Scatter:
    gap, rate = groups.default_rate - groups.mean_pd, groups.default_rate
    return go.Scatter(
        name=name,
        x=(100 * groups.mean_pd).astype(np.float32),
        y=(100 * gap).astype(np.float32),
        error_y={
            "array": (100 * (groups.high - rate)).astype(np.float32),
            "arrayminus": (100 * (rate - groups.low)).astype(np.float32),
            "color": translucent(colour, 0.6),
            "thickness": 1.5,
            "width": 3,
        },
        customdata=_hover(groups),
        mode="markers",
        marker={"color": colour, "size": 7, "symbol": "diamond-open" if is_other else "circle"},
        hovertemplate="PD %{customdata[0]:.2f} %, default rate %{customdata[1]:.2f} %<br>gap %{y:+.2f} points"
        "<br>%{customdata[5]:,} of %{customdata[4]:,} defaulted<extra>" + name + "</extra>",
    )


def _shown(shares: FloatArray, floor: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.maximum(100 * shares, floor).astype(np.float32)


def _hover(groups: Reliability) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    shares = (groups.mean_pd, groups.default_rate, groups.low, groups.high)
    return np.column_stack([*(100 * share for share in shares), groups.applications, groups.defaults]).astype(
        np.float32
    )


def _columns(groups: Reliability) -> Mapping[str, list[object]]:
    shares = {
        "Mean PD (%)": groups.mean_pd,
        "Default rate (%)": groups.default_rate,
        "Lower end, 95 % (%)": groups.low,
        "Upper end, 95 % (%)": groups.high,
        "Default rate − PD (points)": groups.default_rate - groups.mean_pd,
    }
    return {
        "Group": list(range(1, groups.applications.size + 1)),
        "Applications": groups.applications.tolist(),
        "Defaults": groups.defaults.tolist(),
        **{header: (100 * values).tolist() for header, values in shares.items()},
    }
