"""The ROC curve as a chart."""

from __future__ import annotations

from collections.abc import Iterator

import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.curves import (
    axis_percent,
    curve_line,
    follow_note,
    follow_point,
    is_too_wide,
    mark_point,
    note_cutoff,
    point_table,
    reference_line,
    set_legend,
    stacked,
)
from dashboard.charts.template import (
    FigureTheme,
    Named,
    Table,
    empty_figure,
    figure_theme,
    make_square,
    new_figure,
    own_name,
    set_axis,
)
from dashboard.follow.slots import Slot
from dashboard.metrics.discrimination import RocCurve
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import Confusion
from dashboard.words.labels import cutoff_percent, percent

_HOVER = "cutoff %{customdata:.2f} %<br>declines %{y:.1f} % of defaults<br>and %{x:.1f} % of non-defaults"


def plot_roc(
    curve: RocCurve | None,
    *,
    auc: Estimate,
    confusion: Confusion | None = None,
    against: Named[RocCurve | None] | None = None,
    dark: bool = False,
) -> Chart:
    """Defaults declined against non-defaults declined over all cutoffs; `confusion` marks the one in force."""
    return Chart(
        "disc.roc",
        "ROC curve",
        _draw(curve, auc=auc, confusion=confusion, against=against, dark=dark),
        _describe(curve, auc=auc, confusion=confusion),
        _tabulate(curve, against=against),
    )


def follow_roc() -> Iterator[Slot]:
    """What of the chart follows the cutoff."""
    yield follow_point(
        lambda e: axis_percent(e.confusion.false_positive_rate.value), lambda e: axis_percent(e.confusion.recall.value)
    )
    yield follow_note(_point_words)


def _draw(
    curve: RocCurve | None,
    *,
    auc: Estimate,
    confusion: Confusion | None,
    against: Named[RocCurve | None] | None,
    dark: bool,
) -> go.Figure:
    if curve is None or auc.value is None:
        return empty_figure("ROC curve", f"The ROC curve is {auc.explanation}.", dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(auc), _subtitle(auc), dark=dark)
    figure.add_trace(reference_line([0, 1], [0, 1], theme, "By chance", "dot"))
    other = None if against is None else against.value
    if against is not None and other is not None:
        figure.add_trace(_line(other, theme, against.name, compared=True))
    figure.add_trace(_line(curve, theme, own=own_name(against), compared=other is not None))
    if confusion is not None:
        _mark_cutoff(figure, confusion, theme)
    set_legend(figure, shown=other is not None)
    set_axis(figure, "x", title="Non-defaults declined (false positive rate)", ticksuffix=" %", range=[-0.5, 100.5])
    set_axis(figure, "y", title="Defaults declined (true positive rate)", ticksuffix=" %", range=[0, 101], nticks=6)
    make_square(figure)
    return figure


def _describe(curve: RocCurve | None, *, auc: Estimate, confusion: Confusion | None) -> str:
    if curve is None or auc.value is None:
        return f"The ROC curve is {auc.explanation}."
    sentence = f"ROC curve: {_subtitle(auc)}."
    if confusion is None or not confusion.recall.is_defined:
        return sentence
    return f"{sentence} {_operating_point(confusion)}."


def _tabulate(curve: RocCurve | None, *, against: Named[RocCurve | None] | None) -> Table:
    other = None if against is None else against.holding(_points(against.value))
    return stacked(_points(curve), other)


def _points(curve: RocCurve | None) -> Table:
    parts = None if curve is None else (curve.cutoff, curve.false_positive_rate, curve.true_positive_rate)
    return point_table(("Cutoff (PD, %)", "Non-defaults declined (%)", "Defaults declined (%)"), parts)


def _title(auc: Estimate) -> str:
    if is_too_wide(auc):
        return "Too few to conclude how well PD ranks defaults"
    return f"A default gets a higher PD than a non-default {percent(auc.value or 0.0, 1)} of the time"


def _subtitle(auc: Estimate) -> str:
    if auc.low is None or auc.high is None:
        return f"AUC {auc.value:.3f}"
    return f"AUC {auc.value:.3f}, 95 % interval {auc.low:.3f} to {auc.high:.3f}"


def _line(curve: RocCurve, theme: FigureTheme, against: str = "", *, own: str = "", compared: bool) -> go.Scatter:
    return curve_line(
        curve.false_positive_rate,
        curve.true_positive_rate,
        curve.cutoff,
        theme=theme,
        hover=_HOVER,
        against=against,
        own=own,
        compared=compared,
    )


def _mark_cutoff(figure: go.Figure, confusion: Confusion, theme: FigureTheme) -> None:
    x, y = confusion.false_positive_rate.value, confusion.recall.value
    if x is None or y is None:
        return
    mark_point(figure, x, y, theme)
    # The corner below the diagonal is free wherever the point is, as long as the model ranks better than chance.
    note_cutoff(figure, confusion.cutoff, _point_words(confusion))


def _point_words(confusion: Confusion) -> list[str]:
    x, y = confusion.false_positive_rate.value, confusion.recall.value
    return [f"declines {percent(y, 1)} of defaults", f"and {percent(x, 1)} of non-defaults"]


def _operating_point(confusion: Confusion) -> str:
    declined, lost = confusion.recall.value or 0.0, confusion.false_positive_rate.value or 0.0
    return (
        f"At the cutoff of {cutoff_percent(confusion.cutoff)}, {percent(declined, 1)} of defaults "
        f"and {percent(lost, 1)} of non-defaults are declined"
    )
