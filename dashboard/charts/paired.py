"""Charts of two models: their ranks against each other, where their AUCs differ, and AUC against speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.template import (
    LONGEST_HINT,
    FigureTheme,
    Table,
    add_line,
    empty_figure,
    figure_theme,
    make_square,
    new_figure,
    set_axis,
    worded_name,
)
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired_agreement import RankGrid
from dashboard.metrics.paired_segments import SegmentDifference, SegmentDifferences
from dashboard.words import labels

MOST_SEGMENTS = 15
_ROW_HEIGHT, _AROUND = 27, 150
# Ranks that are further apart than this share of the applications are told in the title.
_FAR = 0.2
_LONGEST_TICK = 34
NOT_TIMED = "No model's speed is known: none of them can score."


def plot_ranks(grid: RankGrid, names: tuple[str, str], correlation: Estimate, *, dark: bool = False) -> Chart:
    """How many applications have which ranks in both models, as a heat map; the safest are at the lower left."""
    title, subtitle = _rank_title(grid, correlation), f"Applications by rank in {names[0]} and {names[1]}, safest first"
    return Chart(
        "compare.ranks",
        "Agreement of two models",
        _draw_ranks(grid, names, (title, subtitle), dark=dark),
        f"Heat map. {title}. {subtitle}.",
        _tabulate_ranks(grid, names),
    )


def far_apart(grid: RankGrid) -> float:
    """The share of applications whose ranks in the two models are more than a fifth of all applications apart."""
    one, two = np.indices(grid.applications.shape)
    total = float(grid.applications.sum())
    far = np.abs(one - two) > _FAR * grid.n_groups
    return float(grid.applications[far].sum()) / total if total else 0.0


def _rank_title(grid: RankGrid, correlation: Estimate) -> str:
    told = labels.brief_percent(far_apart(grid))
    if correlation.value is None:
        return f"{told} of applications are more than a fifth of all ranks apart"
    return (
        f"Ranks correlate by {labels.decimal(correlation.value)}; {told} of applications are more than a fifth of all "
        "ranks apart"
    )


def _draw_ranks(grid: RankGrid, names: tuple[str, str], titles: tuple[str, str], *, dark: bool) -> go.Figure:
    theme = figure_theme(dark=dark)
    figure = new_figure(*titles, dark=dark)
    total, step = max(float(grid.applications.sum()), 1.0), 100 / grid.n_groups
    share = 100 * grid.applications.T / total
    rate = np.divide(
        100 * grid.defaults, grid.resolved, out=np.full(grid.resolved.shape, np.nan), where=grid.resolved > 0
    ).T
    middle = (step * (np.arange(grid.n_groups) + 0.5)).astype(np.float32)
    hints = [["no outcome known" if np.isnan(cell) else f"{cell:.1f} % defaulted" for cell in row] for row in rate]
    figure.add_trace(
        go.Heatmap(
            x=middle,
            y=middle,
            # The root shows cells of few applications too.
            z=np.where(share > 0, np.sqrt(share), np.nan).astype(np.float32),
            customdata=np.dstack([share.round(3).astype(object), np.array(hints, dtype=object)]),
            colorscale=[[0, theme.surface], [1, theme.accent]],
            zmin=0,
            showscale=False,
            hoverongaps=False,
            hovertemplate="%{customdata[0]} % of applications,<br>%{customdata[1]}<extra></extra>",
        )
    )
    make_square(figure)
    figure.layout.showlegend, figure.layout.margin.t = False, 68
    for side, name in zip(("x", "y"), names, strict=True):
        title = f"Rank in {worded_name(name, LONGEST_HINT)}: share of applications that are safer"
        set_axis(figure, side, title=title, range=[0, 100], ticksuffix=" %", showgrid=False)
    return figure


def _tabulate_ranks(grid: RankGrid, names: tuple[str, str]) -> Table:
    step = 100 / grid.n_groups
    places = [(int(one), int(two)) for one, two in zip(*np.nonzero(grid.applications), strict=True)]
    return {
        f"Rank in {names[0]} from (%)": [step * one for one, _ in places],
        f"Rank in {names[1]} from (%) ": [step * two for _, two in places],
        "Applications": [float(grid.applications[place]) for place in places],
        "With an outcome": [float(grid.resolved[place]) for place in places],
        "Defaults": [float(grid.defaults[place]) for place in places],
    }


def plot_segment_differences(
    found: SegmentDifferences,
    names: tuple[str, str],
    title_of: Callable[[str], str],
    sentence: str,
    *,
    dark: bool = False,
) -> Chart:
    """The segments in which the models differ most surely, with intervals that hold for all segments at once."""
    drawn = [each for each in found.segments if each.difference.is_defined][:MOST_SEGMENTS]
    subtitle = (
        f"AUC of {names[1]} less AUC of {names[0]}; intervals hold for all {found.compared} segments at once; "
        f"the {len(drawn)} clearest"
    )
    return Chart(
        "compare.segments",
        "Segments of two models",
        _draw_segments(drawn, title_of, (sentence.rstrip("."), subtitle), dark=dark),
        f"{sentence} {subtitle}.",
        tabulate_segments(found.segments, names, title_of),
    )


def _draw_segments(
    drawn: Sequence[SegmentDifference], title_of: Callable[[str], str], titles: tuple[str, str], *, dark: bool
) -> go.Figure:
    if not drawn:
        return empty_figure("Segments", worded_name(titles[0], 200), dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(*titles, dark=dark)
    places = np.arange(len(drawn), dtype=np.float32)
    values, lows, highs = (
        np.array([getattr(each.difference, end) or 0.0 for each in drawn], dtype=np.float32)
        for end in ("value", "low", "high")
    )
    figure.add_trace(
        go.Scatter(
            x=values,
            y=places,
            mode="markers",
            marker={"color": _colours(drawn, theme), "size": 9},
            error_x={
                "type": "data",
                "array": highs - values,
                "arrayminus": values - lows,
                "color": theme.mark,
                "thickness": 1.5,
                "width": 0,
            },
            customdata=[
                [worded_name(_named(each, title_of), LONGEST_HINT), f"{each.resolved:,}", f"{each.defaults:,}"]
                for each in drawn
            ],
            hovertemplate="%{customdata[0]}<br><b>%{x:+.4f}</b><br>%{customdata[1]} applications, %{customdata[2]} "
            "defaults<extra></extra>",
        )
    )
    add_line(figure, theme, x=0)
    figure.layout.height, figure.layout.showlegend = _AROUND + _ROW_HEIGHT * len(drawn), False
    set_axis(figure, "x", title="Difference of the AUCs", showgrid=True, nticks=8)
    set_axis(
        figure,
        "y",
        tickmode="array",
        tickvals=places,
        ticktext=[worded_name(_named(each, title_of), _LONGEST_TICK) for each in drawn],
        range=[len(drawn) - 0.4, -0.6],
        showgrid=False,
    )
    return figure


def _colours(drawn: Sequence[SegmentDifference], theme: FigureTheme) -> list[str]:
    sure = [
        each.difference.low is not None
        and each.difference.high is not None
        and (each.difference.low > 0 or each.difference.high < 0)
        for each in drawn
    ]
    return [theme.accent if each else theme.mark for each in sure]


def _named(segment: SegmentDifference, title_of: Callable[[str], str]) -> str:
    return f"{title_of(segment.column)}: {segment.name}"


def tabulate_segments(
    segments: Sequence[SegmentDifference], names: tuple[str, str], title_of: Callable[[str], str]
) -> Table:
    """The segments as a table, in their order."""
    aucs = [(None, None) if each.aucs is None else each.aucs for each in segments]
    return {
        "Column": [title_of(each.column) for each in segments],
        "Segment": [each.name for each in segments],
        "With an outcome": [each.resolved for each in segments],
        "Defaults": [each.defaults for each in segments],
        f"AUC of {names[0]}": [one for one, _ in aucs],
        f"AUC of {names[1]} ": [two for _, two in aucs],
        "Difference": [each.difference.value for each in segments],
        "From, all at once": [each.difference.low for each in segments],
        "To, all at once": [each.difference.high for each in segments],
    }


def plot_trade_off(rows: Sequence[Mapping[str, Any]], *, dark: bool = False) -> Chart:
    """AUC against the time that one application takes, a point for each model whose speed is known."""
    drawn = [row for row in rows if row.get("auc") is not None and row.get("microseconds_a_row") is not None]
    title = _trade_off_title(drawn)
    return Chart(
        "compare.trade-off",
        "Table of models",
        _draw_trade_off(drawn, title, dark=dark),
        f"AUC against the time that scoring one application takes. {title}.",
        {
            "Model": [row["name"] for row in drawn],
            "Microseconds an application": [row["microseconds_a_row"] for row in drawn],
            "ROC AUC": [row["auc"] for row in drawn],
        },
    )


def _trade_off_title(drawn: Sequence[Mapping[str, Any]]) -> str:
    if not drawn:
        return NOT_TIMED
    best = max(drawn, key=lambda row: row["auc"])
    fastest = min(drawn, key=lambda row: row["microseconds_a_row"])
    if len(drawn) == 1:
        return f"Only of {best['name']} is the speed known"
    if best is fastest:
        return f"By AUC, {best['name']} ranks best; it is also the fastest"
    return (
        f"By AUC, {best['name']} ranks best ({labels.decimal(best['auc'])}); {fastest['name']} is the fastest "
        f"({fastest['microseconds_a_row']:,.0f} µs an application)"
    )


def _draw_trade_off(drawn: Sequence[Mapping[str, Any]], title: str, *, dark: bool) -> go.Figure:
    if not drawn:
        return empty_figure("AUC against speed", title, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(title, "Each point is a model; up is better, left is faster", dark=dark)
    times = [float(row["microseconds_a_row"]) for row in drawn]
    middle = (min(times) * max(times)) ** 0.5
    figure.add_trace(
        go.Scatter(
            x=times,
            y=[row["auc"] for row in drawn],
            mode="markers+text",
            text=[worded_name(row["name"]) for row in drawn],
            # Beside the point, where its interval is not, and towards the middle, where there is room.
            textposition=["middle right" if time <= middle else "middle left" for time in times],
            marker={"color": theme.accent, "size": 11},
            error_y={
                "type": "data",
                "array": [(row["auc_high"] or row["auc"]) - row["auc"] for row in drawn],
                "arrayminus": [row["auc"] - (row["auc_low"] or row["auc"]) for row in drawn],
                "color": theme.mark,
                "thickness": 1.5,
                "width": 0,
            },
            hovertemplate="%{text}<br><b>AUC %{y:.4f}</b><br>%{x:,.0f} µs an application<extra></extra>",
        )
    )
    figure.layout.showlegend = False
    ends = [np.log10(min(times) / 2), np.log10(max(times) * 2)]
    set_axis(figure, "x", title="Microseconds an application (log scale)", type="log", range=ends, showgrid=True)
    set_axis(figure, "y", title="ROC AUC", nticks=6)
    return figure
