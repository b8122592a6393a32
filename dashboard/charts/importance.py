"""Charts of which features move predictions most, and of what sets a cohort's risk apart."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
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
from dashboard.metrics.estimate import NO_APPLICATIONS
from dashboard.metrics.explanation import MIN_TO_CONCLUDE, Effect, Effects
from dashboard.words.labels import plural

MOST_FEATURES, MOST_DIFFERENCES = 15, 10
# The mean over the training rows, which contributions are counted from.
AVERAGE = "the average application"
NOTHING = f"Not defined because {NO_APPLICATIONS}."
_LONGEST_LINE = 32
_SHORTEST_WHISKER = 0.03
_PER_BAR, _AROUND = 25, 150


def signed(value: float) -> str:
    """A contribution in log-odds, with its sign."""
    return f"{'−' if value < 0 else '+'}{abs(value):.3f}"


def odds(value: float) -> str:
    """What a contribution does to the odds of default."""
    return f"odds × {math.exp(value):.2f}"


def wrapped(label: str) -> str:
    """`label` in lines that leave room for the figure."""
    return "<br>".join(worded_name(line, _LONGEST_LINE) for line in textwrap.wrap(label, _LONGEST_LINE))


def zero_line(theme: FigureTheme, *, dash: str = "dot", is_level: bool = False) -> dict[str, object]:
    """The line at a contribution of 0, upright or level; as a shape, which Plotly adds faster than a line."""
    along, across = ("x", "y") if is_level else ("y", "x")
    ends = {
        f"{along}0": 0,
        f"{along}1": 1,
        f"{along}ref": "paper",
        f"{across}0": 0,
        f"{across}1": 0,
        f"{across}ref": across,
    }
    return {"type": "line", **ends, "line": {"color": theme.mark, "width": 1, "dash": dash}}


def plot_importance(importance: Effects, *, against: Named[Effects] | None = None, dark: bool = False) -> Chart:
    """Mean size of the largest contributions as bars, those of `against` as diamonds."""
    return Chart(
        "importance",
        "Importance",
        _draw_importance(importance, against=against, dark=dark),
        _describe_importance(importance, against=against),
        _tabulate_importance(importance, against=against),
    )


def _draw_importance(importance: Effects, *, against: Named[Effects] | None, dark: bool) -> go.Figure:
    shown = importance.ordered[:MOST_FEATURES]
    if not importance.n_applications:
        return empty_figure("Importance", NOTHING, dark=dark)
    theme = figure_theme(dark=dark)
    subtitle = f"Mean size of each feature's contribution, the {len(shown)} largest of {len(importance.ordered)}"
    figure = new_figure(_importance_title(importance), subtitle, dark=dark)
    figure.add_trace(_bars(worded_name(own_name(against)), shown, [theme.accent] * len(shown), theme, two_sided=True))
    if against is not None and against.value.n_applications:
        figure.add_trace(_diamonds(against, shown, theme))
    _lay_out(figure, shown, "Mean size (log-odds)")
    figure.layout.xaxis.rangemode, figure.layout.showlegend = "tozero", against is not None
    return figure


def _describe_importance(importance: Effects, *, against: Named[Effects] | None) -> str:
    if not importance.n_applications:
        return NOTHING
    first = ", ".join(f"{effect.label} {effect.size:.3f}" for effect in importance.ordered[:3])
    sentence = f"Mean size of the contributions to the log-odds, the three largest: {first}."
    if against is None or not against.value.n_applications:
        return sentence
    own = importance.ordered[0]
    return f"{sentence} {against.name} has {against.value.of(own.name).value:.3f} for {own.label}."


def _tabulate_importance(importance: Effects, *, against: Named[Effects] | None) -> Table:
    table = _columns(importance.ordered, "Mean size")
    if against is not None:
        table[f"{against.name}: mean size (log-odds)"] = [
            against.value.of(effect.name).value for effect in importance.ordered
        ]
    return table


def plot_difference(difference: Effects, *, reference: str = AVERAGE, dark: bool = False) -> Chart:
    """The features by which the cohort's mean log-odds differ from those of `reference`."""
    return Chart(
        "risk-difference",
        "Difference of contributions",
        _draw_difference(difference, reference=reference, dark=dark),
        _describe_difference(difference, reference=reference),
        _tabulate_difference(difference),
    )


def _draw_difference(difference: Effects, *, reference: str, dark: bool) -> go.Figure:
    if not difference.n_applications:
        return empty_figure("What sets the cohort apart", NOTHING, dark=dark)
    theme = figure_theme(dark=dark)
    shown = difference.ordered[:MOST_DIFFERENCES]
    figure = new_figure(_difference_title(difference, reference), _difference_subtitle(difference), dark=dark)
    colours = [theme.bad if (effect.estimate.value or 0) > 0 else theme.good for effect in shown]
    figure.add_trace(_bars("Difference", shown, colours, theme, two_sided=False))
    _lay_out(figure, shown, "Difference (log-odds)<br>← lowers the PD, raises the PD →")
    figure.layout.showlegend, figure.layout.margin.t = False, 68
    add_shape(figure, zero_line(theme, dash="solid"))
    return figure


def _describe_difference(difference: Effects, *, reference: str) -> str:
    if not difference.n_applications:
        return NOTHING
    parts = ", ".join(f"{effect.label} {signed(effect.estimate.value or 0.0)}" for effect in difference.ordered[:3])
    total = difference.total
    return (
        f"Against {reference}, the cohort's mean log-odds differ by {signed(total)} ({odds(total)}); most by {parts}."
    )


def _tabulate_difference(difference: Effects) -> Table:
    return _columns(difference.ordered, "Difference")


def _columns(effects: Sequence[Effect], what: str) -> dict[str, Sequence[object]]:
    return {
        "Feature": [effect.label for effect in effects],
        f"{what} (log-odds)": [effect.estimate.value for effect in effects],
        "95 % from": [effect.estimate.low for effect in effects],
        "95 % to": [effect.estimate.high for effect in effects],
        "Odds ×": [math.exp(effect.estimate.value or 0.0) for effect in effects],
    }


def _importance_title(importance: Effects) -> str:
    if importance.n_applications < MIN_TO_CONCLUDE:
        return f"Too few to conclude which features matter: {plural(importance.n_applications, 'application')}"
    top = importance.ordered[0]
    return f"{top.label} moves predictions most: odds × or ÷ {math.exp(top.size):.2f} on average"


def _difference_title(difference: Effects, reference: str) -> str:
    if difference.n_applications < MIN_TO_CONCLUDE:
        return f"Too few to conclude what sets the cohort apart: {plural(difference.n_applications, 'application')}"
    total = difference.total
    return f"Odds × {math.exp(total):.2f} against {reference}, most by {difference.ordered[0].label}"


def _difference_subtitle(difference: Effects) -> str:
    count = min(MOST_DIFFERENCES, len(difference.ordered))
    all_of_them = f"all {len(difference.ordered)} add up to {signed(difference.total)} log-odds"
    return f"Mean contributions compared, the {count} largest differences; {all_of_them}"


def _bars(name: str, effects: Sequence[Effect], colours: list[str], theme: FigureTheme, *, two_sided: bool) -> go.Bar:
    values = _values(effects)
    ends = np.array(
        [(e.estimate.high or 0.0) - (e.estimate.value or 0.0) if e.estimate.high is not None else 0.0 for e in effects]
    )
    either = " or ÷ " if two_sided else " "
    return go.Bar(
        name=name,
        x=values,
        y=np.arange(len(effects), dtype=np.float32),
        orientation="h",
        width=0.7,
        customdata=np.exp(values),
        marker={"color": colours},
        error_x={
            "type": "data",
            "array": ends.astype(np.float32),
            "color": theme.text,
            "thickness": 1,
            "width": 3,
            # Whiskers too short to be read as such would only look like the bars' edge.
            "visible": bool(np.any(ends > _SHORTEST_WHISKER * np.abs(values))),
        },
        hovertext=[worded_name(effect.label, LONGEST_HINT) for effect in effects],
        hovertemplate="%{hovertext}<br>%{x:.3f} log-odds: odds ×" + either + "%{customdata:.2f}<extra></extra>",
    )


def _diamonds(against: Named[Effects], shown: Sequence[Effect], theme: FigureTheme) -> go.Scatter:
    values = np.array([against.value.of(effect.name).value or 0.0 for effect in shown], dtype=np.float32)
    name = worded_name(against.name)
    return go.Scatter(
        name=name,
        x=values,
        y=np.arange(len(shown), dtype=np.float32),
        mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": theme.surface, "line": {"color": theme.against, "width": 2}},
        hovertemplate="%{x:.3f} log-odds<extra>" + name + "</extra>",
    )


def _values(effects: Sequence[Effect]) -> npt.NDArray[np.float32]:
    return np.array([effect.estimate.value or 0.0 for effect in effects], dtype=np.float32)


def _lay_out(figure: go.Figure, effects: Sequence[Effect], title: str) -> None:
    figure.layout.height, figure.layout.bargap = _AROUND + _PER_BAR * len(effects), 0.3
    set_axis(figure, "x", title=title, showgrid=True)
    set_axis(
        figure,
        "y",
        showgrid=False,
        range=[len(effects) - 0.4, -0.6],
        tickvals=list(range(len(effects))),
        ticktext=[wrapped(effect.label) for effect in effects],
    )
