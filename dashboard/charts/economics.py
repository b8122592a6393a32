"""Charts of cost and profit over all cutoffs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.template import (
    LONGEST_HINT,
    TRANSPARENT,
    FigureTheme,
    Named,
    Table,
    add_note,
    empty_figure,
    figure_theme,
    new_figure,
    own_name,
    set_axis,
    translucent,
    worded_name,
)
from dashboard.follow.slots import Kind, Slot
from dashboard.metrics.counts import FloatArray
from dashboard.metrics.economics import CutoffCurve
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.visit.assumptions import COST_UNIT
from dashboard.words.labels import brief_percent, interval, percent
from dashboard.words.money import precise_money, unit

# No conclusion is drawn about a best cutoff if its range ends above this many times its start.
TOO_WIDE = 3.0
HEIGHT = 420


@dataclass(frozen=True, slots=True)
class _Measure:
    """What a curve is of: its noun, the adjective of its best value, its unit on the axis, and how many share it.

    `currency` stands behind its amounts; cost has units of its own and none.
    """

    noun: str
    best: str
    unit: str
    factor: float
    currency: str = ""

    def word(self, value: float) -> str:
        """One of its values, per application, as an amount."""
        return precise_money(self.factor * value, self.currency)


_COST = _Measure("cost", "lowest", "Cost per 1,000 applications (your cost units)", COST_UNIT)


def plot_cost_curve(
    curve: CutoffCurve | None, *, against: Named[CutoffCurve | None] | None = None, dark: bool = False
) -> Chart:
    """Cost per 1,000 applications over all cutoffs, with the cutoff in force and the cheapest one."""
    return _plot("cost-curve", "Cost curve", curve, _COST, against, dark=dark)


def plot_profit_curve(
    curve: CutoffCurve | None,
    *,
    currency: str,
    against: Named[CutoffCurve | None] | None = None,
    dark: bool = False,
) -> Chart:
    """Profit per application, in `currency`, over all cutoffs, with the one in force and the most profitable one."""
    return _plot("profit-curve", "Profit curve", curve, _profit(currency), against, dark=dark)


def _profit(currency: str) -> _Measure:
    return _Measure("profit", "highest", f"Profit per application ({unit(currency)})", 1.0, currency)


def follow_cost_curve() -> Iterator[Slot]:
    """What of the chart of cost follows the cutoff."""
    return _follow(_COST, lambda e: e.costs)


def follow_profit_curve(*, currency: str) -> Iterator[Slot]:
    """What of the chart of profit, in `currency`, follows the cutoff."""
    return _follow(_profit(currency), lambda e: e.profit)


def _follow(measure: _Measure, of: Callable[[Evaluation], CutoffCurve | None]) -> Iterator[Slot]:
    def word(said: Callable[[CutoffCurve], str], evaluation: Evaluation) -> str:
        curve = of(evaluation)
        return "" if curve is None else said(curve)

    yield Slot(".chart-title b", Kind.TEXT, partial(word, lambda curve: _title(curve, measure)), names_cutoff=True)
    yield Slot(".legendtext", Kind.TEXT, partial(word, _now_words), -1, names_cutoff=True)
    # The number of digits follows the size, so that a marker is set to a fraction of a pixel.
    place = partial(word, lambda curve: f"{100 * curve.applied:.4g} {measure.factor * (curve.now.value or 0.0):.5g}")
    yield Slot(".scatterlayer .points path", Kind.POINT, place, -1, names_cutoff=True)


def _now_words(curve: CutoffCurve) -> str:
    return f"Cutoff: {brief_percent(curve.applied)}"


def worded_range(cutoff: Estimate) -> str:
    """The 95 % range of a best cutoff in words; empty if it has none."""
    if cutoff.low is None or cutoff.high is None:
        return ""
    return interval(brief_percent(cutoff.low), brief_percent(cutoff.high))


def is_range_wide(cutoff: Estimate) -> bool:
    """Whether the range of a best cutoff is missing or too wide for a conclusion."""
    return cutoff.low is None or cutoff.high is None or cutoff.high > TOO_WIDE * cutoff.low


def _plot(
    name: str,
    method: str,
    curve: CutoffCurve | None,
    measure: _Measure,
    against: Named[CutoffCurve | None] | None,
    *,
    dark: bool,
) -> Chart:
    figure = _draw(curve, measure, against, dark=dark)
    return Chart(name, method, figure, _describe(curve, measure, against), _tabulate(curve, measure, against))


def _draw(
    curve: CutoffCurve | None, measure: _Measure, against: Named[CutoffCurve | None] | None, *, dark: bool
) -> go.Figure:
    if curve is None:
        return empty_figure(f"{measure.noun.capitalize()} by cutoff", f"{_nothing(measure)}", dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(curve, measure), _subtitle(curve, measure), dark=dark)
    other = against.value if against else None
    names = worded_name(own_name(against)), worded_name(against.name) if against else ""
    figure.add_traces(_traces(curve, measure, other, names, theme))
    layout = figure.layout
    layout.showlegend, layout.legend.entrywidth, layout.height = True, 92, HEIGHT
    layout.shapes = _marks(curve, theme)
    set_axis(figure, "x", title="Cutoff (PD)", ticksuffix=" %", range=[0, 100 * float(curve.cutoff[-1])])
    set_axis(figure, "y", title=worded_name(measure.unit, LONGEST_HINT), range=_span(curve, other, measure), nticks=6)
    if _theory_fits(curve):
        # The space to the bottom right of the best point is free on both curves.
        x = 100 * (curve.theory or 0.0)
        place = {"y": 0.02, "yref": "paper", "yanchor": "bottom", "xanchor": "left", "xshift": 4}
        add_note(figure, f"break-even PD {brief_percent(curve.theory or 0.0)}", x=x, **place)
    return figure


def _traces(
    curve: CutoffCurve, measure: _Measure, other: CutoffCurve | None, names: tuple[str, str], theme: FigureTheme
) -> list[go.Scatter]:
    best = _best(curve, measure, theme.accent, name=f"Best: {_worded(curve.optimum)}")
    if other is None:
        lines = [_line(curve, measure, "Observed", theme.accent, "solid"), _expected(curve, measure, theme)]
        return [*lines, *best, _now(curve, measure, theme)]
    lines = [
        _line(curve, measure, names[0], theme.accent, "solid"),
        _line(other, measure, names[1], theme.against, "dash"),
    ]
    return [*lines, *_best(other, measure, theme.against, name=""), *best, _now(curve, measure, theme)]


def _nothing(measure: _Measure) -> str:
    return f"There is no {measure.noun} to show: {NO_APPLICATIONS}."


def _describe(curve: CutoffCurve | None, measure: _Measure, against: Named[CutoffCurve | None] | None) -> str:
    if curve is None:
        return _nothing(measure)
    now = f"{measure.word(curve.now.value or 0.0)} at the cutoff of {brief_percent(curve.applied)}"
    sentence = f"{measure.unit}: {now}"
    if curve.best is not None:
        best = f"{measure.best} at {_worded(curve.optimum)} with {measure.word(curve.best)}"
        sentence = f"{sentence}, {best} (95 % range of the best cutoff {worded_range(curve.optimum)})"
    if against is None or against.value is None or against.value.best is None:
        return f"{sentence}."
    return f"{sentence}. For {against.name}, the best cutoff is {_worded(against.value.optimum)}."


def _tabulate(curve: CutoffCurve | None, measure: _Measure, against: Named[CutoffCurve | None] | None) -> Table:
    named = [(own_name(against), curve), *([(against.name, against.value)] if against else [])]
    curves = [(name, one) for name, one in named if one is not None]
    return {
        "Of": [name for name, one in curves for _ in one.cutoff],
        "Cutoff (%)": _joined([100 * one.cutoff for _, one in curves]),
        f"{measure.unit}, observed": _joined([measure.factor * one.realised for _, one in curves]),
        f"{measure.unit}, expected by PD": _joined([measure.factor * one.expected for _, one in curves]),
    }


def _joined(parts: Sequence[FloatArray]) -> list[object]:
    return [float(value) for part in parts for value in part]


def _title(curve: CutoffCurve, measure: _Measure) -> str:
    noun, best = f"{measure.best.capitalize()} {measure.noun}", _worded(curve.optimum)
    if curve.best is None:
        return f"{noun}: the best cutoff is {curve.optimum.explanation}"
    if is_range_wide(curve.optimum):
        return f"Too few to conclude which cutoff has the {noun.lower()}"
    if curve.optimum.value is not None and math.isclose(curve.applied, curve.optimum.value, abs_tol=1e-9):
        return f"The cutoff in force, {best}, has the {noun.lower()}"
    if _is_flat(curve):
        return f"{noun} at a cutoff of {best}; at {brief_percent(curve.applied)} it is the same"
    low, high = curve.optimum.low or 0.0, curve.optimum.high or 0.0
    if low <= curve.applied <= high:
        return f"You are at the best cutoff: {brief_percent(curve.applied)} is as good as {best}, but for chance"
    return f"{noun} at a cutoff of {best}; at {brief_percent(curve.applied)} it is {_gap(curve, measure)}"


def _is_flat(curve: CutoffCurve) -> bool:
    """Whether the cutoff in force costs or earns as much as the best one."""
    return curve.best is not None and math.isclose(curve.now.value or 0.0, curve.best, rel_tol=1e-9, abs_tol=1e-12)


def _gap(curve: CutoffCurve, measure: _Measure) -> str:
    now, best = curve.now.value or 0.0, curve.best or 0.0
    word = "higher" if now > best else "lower"
    if best <= 0 or now < 0:
        return f"{measure.word(abs(now - best))} {word}"
    share = abs(now / best - 1)
    return f"{percent(share, 1) if share >= 0.0005 else percent(share)} {word}"


def _subtitle(curve: CutoffCurve, measure: _Measure) -> str:
    shaded = f"; shaded, the 95 % range of the best one: {worded_range(curve.optimum)}" if curve.optimum.value else ""
    return f"{measure.noun.capitalize()} of each cutoff on this cohort{shaded}"


def _worded(cutoff: Estimate) -> str:
    return "not defined" if cutoff.value is None else brief_percent(cutoff.value)


def _line(curve: CutoffCurve, measure: _Measure, name: str, colour: str, dash: str) -> go.Scatter:
    return go.Scatter(
        name=name,
        x=(100 * curve.cutoff).astype(np.float32),
        y=(measure.factor * curve.realised).astype(np.float32),
        mode="lines",
        line={"color": colour, "width": 2.5, "dash": dash},
        hovertemplate=f"cutoff %{{x:.2f}} %<br>{measure.noun} %{{y:,.4~g}}{_suffix(measure)}<extra>{name}</extra>",
    )


def _expected(curve: CutoffCurve, measure: _Measure, theme: FigureTheme) -> go.Scatter:
    return go.Scatter(
        name="Expected by PD",
        x=(100 * curve.cutoff).astype(np.float32),
        y=(measure.factor * curve.expected).astype(np.float32),
        mode="lines",
        line={"color": theme.mark, "width": 1.5, "dash": "dot"},
        hovertemplate=f"cutoff %{{x:.2f}} %<br>expected %{{y:,.4~g}}{_suffix(measure)}<extra></extra>",
    )


def _suffix(measure: _Measure) -> str:
    return f" {worded_name(measure.currency)}" if measure.currency else ""


def _marks(curve: CutoffCurve, theme: FigureTheme) -> list[dict[str, object]]:
    """The shaded range of the best cutoff and the line at the break-even PD."""
    shapes: list[dict[str, object]] = []
    low, high = curve.optimum.low, curve.optimum.high
    if low is not None and high is not None:
        fill = {"fillcolor": translucent(theme.accent, 0.14), "line": {"width": 0}, "layer": "below"}
        shapes.append({"type": "rect", "x0": 100 * low, "x1": 100 * high, "y0": 0, "y1": 1, "yref": "paper", **fill})
    if _theory_fits(curve):
        x = 100 * (curve.theory or 0.0)
        line = {"color": theme.mark, "width": 1, "dash": "dot"}
        shapes.append({"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line})
    return shapes


def _theory_fits(curve: CutoffCurve) -> bool:
    return curve.theory is not None and curve.theory <= curve.cutoff[-1]


def _best(curve: CutoffCurve, measure: _Measure, colour: str, *, name: str) -> list[go.Scatter]:
    if curve.best is None:
        return []
    return [
        go.Scatter(
            name=name or None,
            showlegend=bool(name),
            x=[100 * (curve.optimum.value or 0.0)],
            y=[measure.factor * curve.best],
            mode="markers",
            hoverinfo="skip",
            cliponaxis=False,
            marker={"color": TRANSPARENT, "size": 15, "symbol": "circle", "line": {"color": colour, "width": 2.5}},
        )
    ]


def _now(curve: CutoffCurve, measure: _Measure, theme: FigureTheme) -> go.Scatter:
    return go.Scatter(
        name=_now_words(curve),
        x=[100 * curve.applied],
        y=[measure.factor * (curve.now.value or 0.0)],
        mode="markers",
        hoverinfo="skip",
        cliponaxis=False,
        marker={"color": theme.bad, "size": 10, "symbol": "diamond", "line": {"color": "#ffffff", "width": 1.5}},
    )


def _span(curve: CutoffCurve, other: CutoffCurve | None, measure: _Measure) -> list[float]:
    """Ends of the y axis: from 0, or below it, to a little above the highest point."""
    drawn = [curve.realised, curve.expected if other is None else other.realised]
    low = min(0.0, *(float(part.min()) for part in drawn))
    high = max(0.0, *(float(part.max()) for part in drawn))
    room = 0.06 * (high - low) or 1.0
    return [measure.factor * (low - (room if low < 0 else 0)), measure.factor * (high + room)]
