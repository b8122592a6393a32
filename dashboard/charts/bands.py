"""Default rate and mean PD of each risk band as a chart."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.band_calibration import tabulate_bands
from dashboard.charts.chart import Chart
from dashboard.charts.distribution import MIN_TO_COMPARE
from dashboard.charts.template import (
    NO_APPLICATIONS,
    FigureTheme,
    Named,
    empty_figure,
    figure_theme,
    new_figure,
    own_name,
    set_axis,
    worded_name,
)
from dashboard.metrics.calibration_tests import BandCalibration
from dashboard.words.labels import brief_percent, percent, plural

Bands = tuple[BandCalibration, ...]


# No cutoff changes the bands, so most runs ask for the chart of the run before.
@lru_cache(maxsize=16)
def plot_bands(bands: Bands, *, against: Named[Bands] | None = None, dark: bool = False) -> Chart:
    """Default rate of each risk band with its interval, over its mean PD; labels carry the band's share."""
    return Chart(
        "bands",
        "Calibration by risk band",
        _draw(bands, against=against, dark=dark),
        _describe(bands, against=against),
        tabulate_bands(bands, against=against),
    )


def _draw(bands: Bands, *, against: Named[Bands] | None, dark: bool) -> go.Figure:
    if not any(band.resolved for band in bands):
        return empty_figure("Default rate by risk band", NO_APPLICATIONS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(
        _title(bands), "Default rate with 95 % interval, and the mean PD that it should match", dark=dark
    )
    of = f"{worded_name(own_name(against))}: " if against else ""
    figure.add_trace(_mean_pds(f"{of}mean PD" if of else "Mean PD", bands, theme))
    own = f"{of}default rate" if of else "Default rate"
    figure.add_trace(_rates(own, bands, theme.bad, symbol="circle", shift=-0.08 if against else 0.0))
    if against is not None:
        other = f"{worded_name(against.name)}: default rate"
        figure.add_trace(_rates(other, against.value, theme.against, symbol="square-open", shift=0.12))
    figure.layout.legend.entrywidth = 0 if of else 72
    set_axis(
        figure,
        "x",
        title="Risk band: range of PD, share of applications",
        tickvals=list(range(len(bands))),
        ticktext=_tick_texts(bands),
        range=[-0.5, len(bands) - 0.5],
    )
    set_axis(figure, "y", title="Share that defaulted", ticksuffix=" %", rangemode="tozero", nticks=7)
    return figure


def _describe(bands: Bands, *, against: Named[Bands] | None) -> str:
    if not any(band.resolved for band in bands):
        return NO_APPLICATIONS
    parts = [f"{band.band} {percent(band.default_rate.value)}" for band in bands if band.resolved]
    text = f"Default rate by risk band: {', '.join(parts)}."
    return f"{text} Compared with {against.name}." if against else text


def _title(bands: Bands) -> str:
    used = [band for band in bands if band.resolved]
    riskiest = used[-1]
    total, defaults = sum(band.applications for band in bands), sum(band.defaults for band in used)
    if not defaults:
        return "No default in any risk band"
    if defaults < MIN_TO_COMPARE:
        return f"Too few to conclude on risk bands: {plural(defaults, 'default')}"
    share = brief_percent(riskiest.applications / total)
    caught = brief_percent(riskiest.defaults / defaults)
    return f"Band {riskiest.band} holds {share} of applications and {caught} of defaults"


def _tick_texts(bands: Bands) -> list[str]:
    total = sum(band.applications for band in bands)
    return [f"<b>{band.band}</b><br>{_range(band)}<br>{brief_percent(band.applications / total)}" for band in bands]


def _range(band: BandCalibration) -> str:
    if not band.low:
        return f"< {100 * band.high:g} %"
    return f"≥ {100 * band.low:g} %" if band.high >= 1 else f"{100 * band.low:g}–{100 * band.high:g} %"


def _mean_pds(name: str, bands: Bands, theme: FigureTheme) -> go.Bar:
    used = [(place, band) for place, band in enumerate(bands) if band.mean_pd.value is not None]
    return go.Bar(
        name=name,
        x=[place for place, _ in used],
        y=[100 * (band.mean_pd.value or 0) for _, band in used],
        width=0.62,
        marker={"color": theme.grid, "line": {"color": theme.mark, "width": 1}},
        hovertemplate="mean PD %{y:.2f} %<extra></extra>",
    )


def _rates(name: str, bands: Bands, colour: str, *, symbol: str, shift: float) -> go.Scatter:
    used = [(place, band) for place, band in enumerate(bands) if band.default_rate.value is not None]
    rate, low, high = (
        np.array([100 * (getattr(band.default_rate, end) or 0.0) for _, band in used], dtype=np.float32)
        for end in ("value", "low", "high")
    )
    return go.Scatter(
        name=name,
        x=[place + shift for place, _ in used],
        y=rate,
        mode="markers",
        marker={"color": colour, "size": 9, "symbol": symbol},
        error_y={"array": high - rate, "arrayminus": rate - low, "symmetric": False, "color": colour, "thickness": 1.5},
        customdata=[[band.defaults, band.resolved] for _, band in used],
        hovertemplate="%{y:.2f} %: %{customdata[0]:,} of %{customdata[1]:,}<extra>" + name + "</extra>",
    )
