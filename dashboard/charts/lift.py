"""Charts of lift and gain by groups of equally many applications."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.curves import TOO_WIDE, reference_line, set_legend
from dashboard.charts.template import (
    FigureTheme,
    Named,
    Table,
    add_line,
    empty_figure,
    figure_theme,
    new_figure,
    own_name,
    set_axis,
    worded_name,
)
from dashboard.metrics.counts import FloatArray
from dashboard.metrics.ranking import LiftTable
from dashboard.words.labels import interval, percent

UNDEFINED = "Lift and gain are not defined because none of the cohort's applications defaulted."
Against = Named[LiftTable | None] | None


def plot_lift(table: LiftTable | None, *, against: Against = None, dark: bool = False) -> Chart:
    """Default rate of each group over that of the cohort, with 95 % intervals; riskiest first."""
    return Chart(
        "disc.lift",
        "Lift and gain",
        _draw_lift(table, against=against, dark=dark),
        _describe_lift(table),
        _tabulate_lift(table, against=against),
    )


def _draw_lift(table: LiftTable | None, *, against: Against, dark: bool) -> go.Figure:
    if table is None:
        return empty_figure("Lift", UNDEFINED, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_lift_title(table), _lift_subtitle(table), dark=dark)
    figure.add_trace(_bars(table, theme, worded_name(own_name(against))))
    other = None if against is None else against.value
    if against is not None and other is not None:
        figure.add_trace(_markers(other, theme, against.name))
    add_line(figure, theme, y=1)
    set_legend(figure, shown=other is not None)
    figure.layout.bargap, figure.layout.legend.entrywidth = 0.25, 0
    set_axis(figure, "x", title=f"{_group_noun(table).capitalize()} of applications, riskiest first", dtick=1)
    set_axis(figure, "y", title="Lift (times the cohort's default rate)", rangemode="tozero", nticks=6)
    return figure


def _describe_lift(table: LiftTable | None) -> str:
    if table is None:
        return UNDEFINED
    first, last = (_times(float(table.lift[i])) for i in (0, -1))
    return f"{_lift_subtitle(table)}. Lift falls from {first} in the riskiest group to {last} in the safest."


def _tabulate_lift(table: LiftTable | None, *, against: Against) -> Table:
    if table is None:
        return {}
    columns: dict[str, list[float]] = {
        "Group": list(range(1, table.lift.size + 1)),
        "Applications": table.applications.tolist(),
        "Defaults": table.defaults.tolist(),
        "Lowest PD (%)": (100 * table.lowest_pd).tolist(),
        "Mean PD (%)": (100 * table.mean_pd).tolist(),
        "Default rate (%)": (100 * table.default_rate).tolist(),
        "Default rate, low (%)": (100 * table.default_rate_low).tolist(),
        "Default rate, high (%)": (100 * table.default_rate_high).tolist(),
        "Lift": table.lift.tolist(),
        "Lift, low": table.lift_low.tolist(),
        "Lift, high": table.lift_high.tolist(),
        "Cumulative lift": table.cumulative_lift.tolist(),
        "Gain (%)": (100 * table.captured).tolist(),
        "Gain, low (%)": (100 * table.captured_low).tolist(),
        "Gain, high (%)": (100 * table.captured_high).tolist(),
    }
    if against is not None and against.value is not None:
        columns[f"{against.name}: lift"] = against.value.lift.tolist()
        columns[f"{against.name}: gain (%)"] = (100 * against.value.captured).tolist()
    return columns


def plot_gain(table: LiftTable | None, *, against: Against = None, dark: bool = False) -> Chart:
    """Share of all defaults among the riskiest groups, cumulated, with 95 % intervals."""
    return Chart(
        "disc.gain",
        "Lift and gain",
        _draw_gain(table, against=against, dark=dark),
        _describe_gain(table),
        _tabulate_gain(table, against=against),
    )


def _draw_gain(table: LiftTable | None, *, against: Against, dark: bool) -> go.Figure:
    if table is None:
        return empty_figure("Gain", UNDEFINED, dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_gain_title(table), _gain_subtitle(), dark=dark)
    figure.add_trace(reference_line([0, 1], [0, 1], theme, "By chance", "dot"))
    other = None if against is None else against.value
    if against is not None and other is not None:
        figure.add_trace(_gain_line(other, theme, worded_name(against.name), is_other=True))
    figure.add_trace(_gain_line(table, theme, worded_name(own_name(against))))
    set_legend(figure, shown=other is not None)
    figure.layout.legend.entrywidth = 0
    set_axis(figure, "x", title="Applications, riskiest first", ticksuffix=" %", range=[-0.5, 101], dtick=20)
    set_axis(figure, "y", title="Gain (share of all defaults)", ticksuffix=" %", range=[0, 102], nticks=6)
    return figure


def _describe_gain(table: LiftTable | None) -> str:
    return (
        UNDEFINED
        if table is None
        else f"Gain: {_gain_subtitle().lower()}. {_held(table, 0)}, {_held(table, 2).lower()}."
    )


def _tabulate_gain(table: LiftTable | None, *, against: Against) -> Table:
    if table is None:
        return {}
    columns = {
        "Applications, riskiest first (%)": (100 * table.share).tolist(),
        "Gain (%)": (100 * table.captured).tolist(),
        "Gain, low (%)": (100 * table.captured_low).tolist(),
        "Gain, high (%)": (100 * table.captured_high).tolist(),
    }
    if against is not None and against.value is not None:
        columns[f"{against.name}: gain (%)"] = (100 * against.value.captured).tolist()
    return columns


def _group_noun(table: LiftTable) -> str:
    return "tenth" if table.lift.size == 10 else "group"


def _times(lift: float, digits: int = 2) -> str:
    return f"{lift:.{digits}f} times"


def _concludes(table: LiftTable, group: int) -> bool:
    return bool(table.captured_high[group] - table.captured_low[group] <= TOO_WIDE)


def _lift_title(table: LiftTable) -> str:
    noun = _group_noun(table)
    low, high = float(table.lift_low[0]), float(table.lift_high[0])
    if not _concludes(table, 0):
        if low <= 1 <= high:
            return f"Too few to conclude how often the riskiest {noun} defaults"
        return f"The riskiest {noun} defaults {low:.1f} to {_times(high, 1)} as often as the cohort"
    return f"The riskiest {noun} defaults {_times(float(table.lift[0]))} as often as the cohort"


def _lift_subtitle(table: LiftTable) -> str:
    return (
        f"Lift by {_group_noun(table)} of applications, 95 % intervals; 1 is the cohort's {percent(table.overall_rate)}"
    )


def _gain_title(table: LiftTable) -> str:
    group = min(2, table.lift.size - 1)
    if _concludes(table, group):
        return _held(table, group)
    share, low, high = float(table.share[group]), float(table.captured_low[group]), float(table.captured_high[group])
    if low <= share <= high:
        return "Too few to conclude what the riskiest groups hold"
    ends = interval(percent(low, 0), percent(high, 0))
    return f"The riskiest {percent(share, 0)} hold {ends} of defaults"


def _gain_subtitle() -> str:
    return "Share of all defaults among the riskiest applications, 95 % intervals"


def _held(table: LiftTable, group: int) -> str:
    share, captured = float(table.share[group]), float(table.captured[group])
    return f"The riskiest {percent(share, 0)} hold {percent(captured, 1)} of defaults"


def _errors(value: FloatArray, low: FloatArray, high: FloatArray, colour: str) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": (high - value).astype(np.float32),
        "arrayminus": (value - low).astype(np.float32),
        "color": colour,
        "thickness": 1.5,
        "width": 4,
    }


def _detail(table: LiftTable) -> FloatArray:
    parts = (table.lift_low, table.lift_high, 100 * table.default_rate, 100 * table.lowest_pd)
    return np.stack(parts, axis=1).astype(np.float32)


_LIFT_HOVER = (
    "group %{x}: lift %{y:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})<br>"
    "default rate %{customdata[2]:.2f} %<br>PD of %{customdata[3]:.2f} % and more"
)


def _bars(table: LiftTable, theme: FigureTheme, name: str) -> go.Bar:
    return go.Bar(
        name=name,
        x=np.arange(1, table.lift.size + 1, dtype=np.float32),
        y=table.lift.astype(np.float32),
        customdata=_detail(table),
        marker={"color": theme.accent},
        error_y=_errors(table.lift, table.lift_low, table.lift_high, theme.text),
        hovertemplate=f"{_LIFT_HOVER}<extra></extra>",
    )


def _markers(table: LiftTable, theme: FigureTheme, name: str) -> go.Scatter:
    return go.Scatter(
        name=worded_name(name),
        x=np.arange(1, table.lift.size + 1, dtype=np.float32),
        y=table.lift.astype(np.float32),
        customdata=_detail(table),
        mode="lines+markers",
        line={"color": theme.against, "width": 1.5, "dash": "dash"},
        marker={"symbol": "diamond-open", "size": 9, "line": {"width": 2}},
        hovertemplate=f"{_LIFT_HOVER}<extra>{worded_name(name)}</extra>",
    )


def _gain_line(table: LiftTable, theme: FigureTheme, name: str, *, is_other: bool = False) -> go.Scatter:
    start = np.zeros(1)
    share, captured = (np.concatenate([start, values]) for values in (table.share, table.captured))
    low, high = (np.concatenate([start, values]) for values in (table.captured_low, table.captured_high))
    colour = theme.against if is_other else theme.accent
    return go.Scatter(
        name=name,
        x=(100 * share).astype(np.float32),
        y=(100 * captured).astype(np.float32),
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": "dash" if is_other else "solid"},
        marker={"size": 8 if is_other else 7, "symbol": "diamond" if is_other else "circle"},
        error_y=None if is_other else _errors(100 * captured, 100 * low, 100 * high, colour),
        hovertemplate="riskiest %{x:.0f} %: %{y:.1f} % of defaults<extra></extra>",
    )
