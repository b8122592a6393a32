"""Defaults observed per default expected in each risk band as a chart."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.template import (
    NO_APPLICATIONS,
    FigureTheme,
    Named,
    Table,
    add_line,
    add_notes,
    add_shape,
    empty_figure,
    figure_theme,
    new_figure,
    own_name,
    set_axis,
    translucent,
    worded_name,
)
from dashboard.metrics.calibration import MAX_RELATIVE_GAP
from dashboard.metrics.calibration_tests import BandCalibration, BandVerdict
from dashboard.metrics.estimate import Estimate
from dashboard.words.labels import OPEN, decimal, percent, plural

MOST_SHOWN = 2.5
BESIDE = 0.12
_SUBTITLE = "Default rate divided by mean PD, with 95 % intervals; above 1 the PD is too low; shaded: within a quarter"
_WRONG = (BandVerdict.LOW, BandVerdict.HIGH)
_SLIGHTLY = (BandVerdict.SLIGHTLY_LOW, BandVerdict.SLIGHTLY_HIGH)

Bands = tuple[BandCalibration, ...]


def plot_band_calibration(bands: Bands, *, against: Named[Bands] | None = None, dark: bool = False) -> Chart:
    """Default rate divided by mean PD of each risk band, with its interval; at 1 the PD is right."""
    return Chart(
        "calibration-by-band",
        "Calibration by risk band",
        _draw(bands, against=against, dark=dark),
        _describe(bands, against=against),
        tabulate_bands(bands, against=against),
    )


def _draw(bands: Bands, *, against: Named[Bands] | None, dark: bool) -> go.Figure:
    if not any(band.resolved for band in bands):
        return empty_figure("Calibration by risk band", NO_APPLICATIONS, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(bands), _SUBTITLE, dark=dark)
    add_shape(figure, _corridor(theme))
    add_line(figure, theme, y=1, width=1.5)
    if against is not None:
        figure.add_trace(_points(worded_name(against.name), against.value, theme.against, is_other=True))
    figure.add_trace(_points(worded_name(own_name(against)), bands, theme.accent, is_other=False))
    figure.layout.showlegend = against is not None
    set_axis(
        figure,
        "x",
        title="Risk band (range of PD)",
        range=[-0.5, len(bands) - 0.5],
        tickvals=list(range(len(bands))),
        ticktext=[_name(band) for band in bands],
    )
    low, high = _ends((*bands, *(against.value if against else ())))
    _write_values(figure, bands, high)
    set_axis(figure, "y", title="Observed / expected defaults", range=[low, high], nticks=7)
    return figure


def _describe(bands: Bands, *, against: Named[Bands] | None) -> str:
    if not any(band.resolved for band in bands):
        return NO_APPLICATIONS
    parts = [
        f"{band.band} {percent(band.default_rate.value)} against a PD of {percent(band.mean_pd.value)}"
        for band in bands
        if band.resolved
    ]
    text = f"Default rate by risk band: {'; '.join(parts)}. {_title(bands)}."
    return f"{text} Compared with {against.name}." if against else text


def tabulate_bands(bands: Bands, *, against: Named[Bands] | None = None) -> Table:
    """The risk bands, one row each; undefined values are None."""
    rows = [(own_name(against), band) for band in bands]
    if against is not None:
        rows += [(against.name, band) for band in against.value]
    of = [band for _, band in rows]
    table: dict[str, list[object]] = {
        "Band": [band.band for band in of],
        "PD range": [_range(band) for band in of],
        "Applications": [band.applications for band in of],
        **({OPEN: [band.applications - band.resolved for band in of]} if _has_open(of) else {}),
        "Defaults": [band.defaults for band in of],
        "Mean PD (%)": [_percentage(band.mean_pd.value) for band in of],
        "Default rate (%)": [_percentage(band.default_rate.value) for band in of],
        "Lower end, 95 % (%)": [_percentage(band.default_rate.low) for band in of],
        "Upper end, 95 % (%)": [_percentage(band.default_rate.high) for band in of],
        "Observed / expected": [band.ratio.value for band in of],
        "PD is": [str(band.verdict) for band in of],
        "Jeffreys p": [band.jeffreys.value for band in of],
    }
    return table if against is None else {"Of": [name for name, _ in rows], **table}


def _has_open(bands: Sequence[BandCalibration]) -> bool:
    return any(band.applications > band.resolved for band in bands)


def _corridor(theme: FigureTheme) -> dict[str, object]:
    return {
        "type": "rect",
        "x0": 0,
        "x1": 1,
        "xref": "x domain",
        "y0": 1 - MAX_RELATIVE_GAP,
        "y1": 1 + MAX_RELATIVE_GAP,
        "yref": "y",
        "layer": "below",
        "line": {"width": 0},
        "fillcolor": translucent(theme.mark, 0.1),
    }


def _title(bands: Bands) -> str:
    used = [band for band in bands if band.resolved]
    wrong = [band for band in used if band.verdict in _WRONG]
    if wrong:
        worst = max(wrong, key=_misplaced)
        if not worst.defaults:
            return f"Band {worst.band} has no default where its PD expects {_expected(worst):,.0f}"
        return f"Band {worst.band} defaults {decimal(worst.ratio.value, 2)} times as often as its PD says"
    few = sum(band.verdict is BandVerdict.TOO_FEW for band in used)
    if few == len(used):
        return "Too few to conclude whether risk bands default as their PDs say"
    slightly = sum(band.verdict in _SLIGHTLY for band in used)
    of = plural(len(used), "band")
    text = f"Default rates are within a quarter of PD in {len(used) - few} of {of}"
    if slightly:
        text = f"{slightly} of {of} {'is' if slightly == 1 else 'are'} off by more than chance, by less than a quarter"
    return f"{text}; {few} too few to conclude" if few else text


def _misplaced(band: BandCalibration) -> float:
    # Counted in defaults, so that a band of a handful of applications does not rank as the worst.
    return abs(band.defaults - _expected(band))


def _expected(band: BandCalibration) -> float:
    return band.resolved * (band.mean_pd.value or 0.0)


def _points(name: str, bands: Bands, colour: str, *, is_other: bool) -> go.Scatter:
    used = [(i, band, band.ratio) for i, band in enumerate(bands) if band.ratio.is_defined]
    return go.Scatter(
        name=name,
        x=[i + BESIDE * is_other for i, _, _ in used],
        y=[ratio.value for _, _, ratio in used],
        error_y={
            "array": [_reach(ratio, ratio.high) for _, _, ratio in used],
            "arrayminus": [_reach(ratio, ratio.low) for _, _, ratio in used],
            "color": colour,
            "thickness": 1.5,
            "width": 5,
        },
        customdata=[
            [
                percent(band.default_rate.value),
                percent(band.mean_pd.value),
                plural(band.resolved, "application"),
                str(band.verdict),
            ]
            for _, band, _ in used
        ],
        mode="markers",
        marker={"color": colour, "size": 9, "symbol": "diamond-open" if is_other else "circle"},
        hovertemplate="default rate %{customdata[0]}, PD %{customdata[1]}<br>%{customdata[2]}"
        "<br>PD is %{customdata[3]}<extra>" + name + "</extra>",
    )


def _write_values(figure: go.Figure, bands: Bands, top: float) -> None:
    # Above the interval, so that the line at 1 does not cross the number.
    notes = [
        {
            "text": f"<b>{decimal(ratio.value, 2)}</b>",
            "x": i,
            "y": min(ratio.high or ratio.value, 0.92 * top),
            "yanchor": "bottom",
            "yshift": 4,
        }
        for i, ratio in enumerate(band.ratio for band in bands)
        if ratio.value is not None
    ]
    add_notes(figure, notes)


def _reach(ratio: Estimate, end: float | None) -> float:
    return 0.0 if end is None or ratio.value is None else abs(end - ratio.value)


def _ends(bands: Bands) -> tuple[float, float]:
    ratios = [band.ratio for band in bands if band.ratio.value is not None]
    values = [ratio.value or 0.0 for ratio in ratios]
    low = min([0.5, *(0.9 * (ratio.low or 0.0) for ratio in ratios)])
    # The interval of a nearly empty band may exceed the axis; its point never does.
    highest = min(max((ratio.high or 0.0 for ratio in ratios), default=0.0), MOST_SHOWN)
    return low, max(1.5, 1.15 * highest, 1.15 * max(values, default=0.0))


def _name(band: BandCalibration) -> str:
    return f"{band.band}<br>{_range(band)}"


def _range(band: BandCalibration) -> str:
    return f"{100 * band.low:g}–{100 * band.high:g} %"


def _percentage(share: float | None) -> float | None:
    return None if share is None else 100 * share
