"""How the best cutoff moves with one assumption, and what keeping the cutoff in force would give away."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart, listed
from dashboard.charts.economics import TOO_WIDE
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
    translucent,
    worded_name,
)
from dashboard.metrics.counts import FloatArray
from dashboard.metrics.economics import Sensitivity
from dashboard.words.labels import brief_percent, cutoff_percent
from dashboard.words.money import unit

# Giving away less than this is called close to the best.
CLOSE = 0.05
HIGHEST_SHOWN = 0.5


@dataclass(frozen=True, slots=True)
class Assumption:
    """An assumption as the figures name it: its values times `factor`, then `suffix`; `stake` is cost or profit.

    `lead` goes before a value in a sentence.
    """

    name: str
    factor: float
    suffix: str
    stake: str
    lead: str

    def word(self, value: float) -> str:
        """One of its values."""
        return f"{self.factor * value:.4g}{self.suffix}"


COST_RATIO = Assumption("Cost ratio FN : FP", 1.0, ":1", "cost", "a ratio of")
LGD = Assumption("LGD", 100.0, " %", "profit", "an LGD of")
MARGIN = Assumption("Margin", 100.0, " %", "profit", "a margin of")

_SUBTITLE = "All else as it is; shaded, the 95 % range of the best cutoff"

Against = Named[Sensitivity | None]


def plot_sensitivity(
    result: Sensitivity | None, assumption: Assumption, *, against: Against | None = None, dark: bool = False
) -> Chart:
    """The best cutoff with its 95 % range by the value of one assumption, and the one in force."""
    return Chart(
        "sensitivity",
        "Sensitivity of the best cutoff",
        _draw_sensitivity(result, assumption, against=against, dark=dark),
        _describe_sensitivity(result, assumption, against=against),
        _tabulate_sensitivity(result, assumption, against=against),
    )


def _draw_sensitivity(
    result: Sensitivity | None, assumption: Assumption, *, against: Against | None, dark: bool
) -> go.Figure:
    if result is None:
        return empty_figure(f"Best cutoff by {assumption.name}", _nothing(assumption), dark=dark)
    theme = figure_theme(dark=dark)
    subtitle = f"{_SUBTITLE}{_left_out(result, assumption)}"
    figure = new_figure(_title(result, assumption), subtitle, dark=dark)
    drawn, other = _on_axis(result, assumption), _other_on_axis(against, assumption)
    second = other.optimum if other else drawn.theory
    if against is not None and other is not None:
        beside = _line(other, second, assumption, worded_name(against.name), theme.against, "dash")
    else:
        beside = _line(drawn, second, assumption, "Break-even", theme.mark, "dot")
    name = worded_name(own_name(against)) if other else "Best cutoff"
    figure.add_traces(
        [
            _range(drawn, assumption, theme),
            beside,
            _line(drawn, drawn.optimum, assumption, name, theme.accent, "solid"),
            *_now(drawn, assumption, result.applied, f"Now: {cutoff_percent(result.applied)}", theme),
        ]
    )
    top = max(float(drawn.high.max()), result.applied, float(second.max()))
    _lay_out(figure, assumption, "Best cutoff (PD)", min(105 * top, 101))
    return figure


def _describe_sensitivity(result: Sensitivity | None, assumption: Assumption, *, against: Against | None) -> str:
    if result is None:
        return _nothing(assumption)
    sentence = f"Best cutoff: {_moves(result, assumption)}."
    if against is None or against.value is None:
        return sentence
    return f"{sentence} For {against.name}: {_moves(against.value, assumption)}."


def _tabulate_sensitivity(result: Sensitivity | None, assumption: Assumption, *, against: Against | None) -> Table:
    if result is None:
        return {}
    table = {
        _header(assumption): listed(assumption.factor * result.values),
        "Best cutoff (%)": listed(100 * result.optimum),
        "95 % range from (%)": listed(100 * result.low),
        "95 % range to (%)": listed(100 * result.high),
        "Break-even PD (%)": listed(100 * result.theory),
    }
    if against is not None and against.value is not None:
        table[f"{against.name}: best cutoff (%)"] = listed(100 * against.value.optimum)
    return table


def plot_excess(
    result: Sensitivity | None,
    assumption: Assumption,
    *,
    currency: str,
    against: Against | None = None,
    dark: bool = False,
) -> Chart:
    """What the cutoff in force gives away against the best one, by the value of one assumption.

    Profits in the table are in `currency`, costs in units of their own.
    """
    return Chart(
        "excess",
        "Sensitivity of the best cutoff",
        _draw_excess(result, assumption, against=against, dark=dark),
        _describe_excess(result, assumption, against=against),
        _tabulate_excess(result, assumption, currency, against=against),
    )


def _draw_excess(
    result: Sensitivity | None, assumption: Assumption, *, against: Against | None, dark: bool
) -> go.Figure:
    if result is None:
        return empty_figure("Extra cost of the cutoff", _nothing(assumption), dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_excess_title(result, assumption), _excess_subtitle(result, assumption), dark=dark)
    shown, other = _on_axis(result, assumption), _other_on_axis(against, assumption)
    name = worded_name(own_name(against)) if other else "Extra cost"
    at = float(result.relative_excess[_place(result)])
    traces = [
        _line(shown, shown.relative_excess, assumption, name, theme.accent, "solid"),
        *_now(shown, assumption, at, f"Now: {assumption.word(result.current)}", theme),
    ]
    if against is not None and other is not None:
        compared = worded_name(against.name)
        traces.insert(0, _line(other, other.relative_excess, assumption, compared, theme.against, "dash"))
    figure.add_traces(traces)
    drawn = np.concatenate([shown.relative_excess, other.relative_excess if other else []])
    top = min(float(np.nanmax(drawn, initial=2 * CLOSE)), HIGHEST_SHOWN)
    top = top if np.isnan(at) else max(top, at)
    add_line(figure, theme, y=100 * CLOSE)
    _lay_out(figure, assumption, _share_of(assumption), 105 * top)
    return figure


def _describe_excess(result: Sensitivity | None, assumption: Assumption, *, against: Against | None) -> str:
    if result is None:
        return _nothing(assumption)
    sentence = f"{_excess_title(result, assumption)}."
    if against is None or against.value is None:
        return sentence
    return f"{sentence} {against.name}: {_excess_title(against.value, assumption)}."


def _tabulate_excess(
    result: Sensitivity | None, assumption: Assumption, currency: str, *, against: Against | None
) -> Table:
    if result is None:
        return {}
    stake = "cost units" if assumption.stake == "cost" else unit(currency)
    table = {
        _header(assumption): listed(assumption.factor * result.values),
        f"Extra cost per application ({stake})": listed(result.excess),
        f"{_share_of(assumption)} (%)": listed(100 * result.relative_excess),
    }
    if against is not None and against.value is not None:
        table[f"{against.name}: {_share_of(assumption).lower()} (%)"] = listed(100 * against.value.relative_excess)
    return table


def _nothing(assumption: Assumption) -> str:
    return (
        f"How the best cutoff moves with the {assumption.name} takes defaults and non-defaults, "
        f"and assumptions under which both kinds of error cost something."
    )


def _header(assumption: Assumption) -> str:
    return f"{assumption.name} (%)" if assumption.suffix == " %" else f"{assumption.name} (FP = 1)"


def _place(result: Sensitivity) -> int:
    return int(np.searchsorted(result.values, result.current))


def _is_range_wide(result: Sensitivity) -> bool:
    place = _place(result)
    return bool(result.high[place] > TOO_WIDE * result.low[place])


def _on_axis(result: Sensitivity, assumption: Assumption) -> Sensitivity:
    """`result` without the value that its axis has no place for: 0 on a logarithmic one."""
    if not _left_out(result, assumption):
        return result
    columns = ("values", "optimum", "low", "high", "theory", "excess", "relative_excess")
    return replace(result, **{name: getattr(result, name)[1:] for name in columns})


def _other_on_axis(against: Against | None, assumption: Assumption) -> Sensitivity | None:
    return None if against is None or against.value is None else _on_axis(against.value, assumption)


def _left_out(result: Sensitivity, assumption: Assumption) -> str:
    if assumption is not COST_RATIO or result.values[0] > 0:
        return ""
    return f"; not drawn: {assumption.lead} {assumption.word(0.0)}"


def _around(result: Sensitivity) -> tuple[int, int]:
    """The first and last value from half to twice the current one."""
    inside = np.flatnonzero((result.values >= result.current / 2) & (result.values <= 2 * result.current))
    return int(inside[0]), int(inside[-1])


def _moves(result: Sensitivity, assumption: Assumption) -> str:
    first, last = _around(result)
    low, high = (f"{brief_percent(result.optimum[i])} at" for i in (first, last))
    values = assumption.word(result.values[first]), assumption.word(result.values[last])
    begin = f"{low} {assumption.lead} {values[0]}"
    return begin if first == last else f"{begin}, {high} {values[1]}"


def _title(result: Sensitivity, assumption: Assumption) -> str:
    if _is_range_wide(result):
        return "Too few to conclude where the best cutoff is"
    return f"Best cutoff: {_moves(result, assumption)}"


def _share_of(assumption: Assumption) -> str:
    return "Extra cost over the lowest" if assumption.stake == "cost" else "Profit lost, share of the highest"


def _excess_title(result: Sensitivity, assumption: Assumption) -> str:
    cutoff, place = cutoff_percent(result.applied), _place(result)
    if _is_range_wide(result):
        return "Too few to conclude what the cutoff costs against the best one"
    at = float(result.relative_excess[place])
    if np.isnan(at) or at > CLOSE:
        return f"The cutoff of {cutoff} {_given_away(at, assumption)}"
    first, last = _close_around(result.relative_excess <= CLOSE, place)
    ends = f"{assumption.word(result.values[first])} to {assumption.word(result.values[last])}"
    return f"{cutoff} is close to the best cutoff from {assumption.lead} {ends}"


def _given_away(share: float, assumption: Assumption) -> str:
    if np.isnan(share):
        return "costs something where the best one costs nothing"
    if assumption.stake == "cost":
        return f"costs {brief_percent(share)} more than the best one"
    if share > 1:
        return "makes a loss where the best one makes a profit"
    return f"earns {brief_percent(share)} less than the highest profit"


def _close_around(close: npt.NDArray[np.bool_], place: int) -> tuple[int, int]:
    """The first and last of the values next to each other, around `place`, at which the cutoff is close to the best."""
    far = np.flatnonzero(~close)
    before, after = far[far < place], far[far > place]
    return int(before[-1] + 1 if before.size else 0), int(after[0] - 1 if after.size else close.size - 1)


def _excess_subtitle(result: Sensitivity, assumption: Assumption) -> str:
    word = "Extra cost" if assumption.stake == "cost" else "Forgone profit"
    left_out = _left_out(result, assumption)
    return f"{word} of {cutoff_percent(result.applied)} against the best cutoff; dotted, {100 * CLOSE:g} %{left_out}"


def _lay_out(figure: go.Figure, assumption: Assumption, title: str, top: float) -> None:
    layout = figure.layout
    layout.showlegend, layout.legend.entrywidth = True, 76
    set_axis(figure, "x", title=assumption.name, ticksuffix=assumption.suffix)
    set_axis(figure, "y", title=title, ticksuffix=" %", range=[0, top], nticks=6)
    if assumption is COST_RATIO:
        # Ratios differ by factors: from 1 to 2 is as much as from 10 to 20.
        set_axis(figure, "x", type="log", tickvals=[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000])


def _range(result: Sensitivity, assumption: Assumption, theme: FigureTheme) -> go.Scatter:
    values = assumption.factor * result.values
    return go.Scatter(
        x=np.concatenate([values, values[::-1]]).astype(np.float32),
        y=(100 * np.concatenate([result.low, result.high[::-1]])).astype(np.float32),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=translucent(theme.accent, 0.16),
        hoverinfo="skip",
        showlegend=False,
    )


def _line(
    result: Sensitivity, shares: FloatArray, assumption: Assumption, name: str, colour: str, dash: str
) -> go.Scatter:
    return go.Scatter(
        name=name,
        x=(assumption.factor * result.values).astype(np.float32),
        y=(100 * shares).astype(np.float32),
        mode="lines",
        line={"color": colour, "width": 1.5 if dash == "dot" else 2.5, "dash": dash},
        hovertemplate=f"{assumption.name} %{{x:.4~g}}{assumption.suffix}<br>%{{y:.2f}} %<extra>{name}</extra>",
    )


def _now(result: Sensitivity, assumption: Assumption, share: float, name: str, theme: FigureTheme) -> list[go.Scatter]:
    if result.current not in result.values:
        return []
    return [
        go.Scatter(
            name=name,
            x=[assumption.factor * result.current],
            y=[100 * share],
            mode="markers",
            hoverinfo="skip",
            cliponaxis=False,
            marker={"color": theme.bad, "size": 10, "symbol": "diamond", "line": {"color": "#ffffff", "width": 1.5}},
        )
    ]
