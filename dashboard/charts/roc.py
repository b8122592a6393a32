"""The ROC curve, drawn and in words."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.template import FigureTheme, add_note, empty_figure, figure_theme, new_figure, translucent
from dashboard.labels import brief_percent, percent
from dashboard.metrics.discrimination import RocCurve
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import Confusion

TOO_WIDE = 0.2


def plot_roc(
    curve: RocCurve | None, *, auc: Estimate, confusion: Confusion | None = None, dark: bool = False
) -> go.Figure:
    """Defaults declined against non-defaults declined over all cutoffs; `confusion` marks the one in force."""
    if curve is None or auc.value is None:
        return empty_figure("ROC curve", f"The ROC curve is {auc.explanation}.", dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(auc), _subtitle(auc), dark=dark)
    figure.add_trace(_chance(theme))
    figure.add_trace(_curve(curve, theme))
    if confusion is not None:
        _mark_cutoff(figure, confusion, theme)
    figure.update_layout(showlegend=False, margin_t=68)
    figure.update_xaxes(title_text="Non-defaults declined (false positive rate)", ticksuffix=" %", range=[-0.5, 100.5])
    figure.update_yaxes(title_text="Defaults declined (true positive rate)", ticksuffix=" %", range=[0, 101], nticks=6)
    return figure


def describe_roc(curve: RocCurve | None, *, auc: Estimate, confusion: Confusion | None = None) -> str:
    """What `plot_roc` shows, as a sentence or two for readers who do not see it."""
    if curve is None or auc.value is None:
        return f"The ROC curve is {auc.explanation}."
    sentence = f"ROC curve: {_subtitle(auc)}."
    if confusion is None or not confusion.recall.is_defined:
        return sentence
    return f"{sentence} {_operating_point(confusion)}."


def _title(auc: Estimate) -> str:
    if auc.low is None or auc.high is None or auc.high - auc.low > TOO_WIDE:
        return "Too few to conclude how well PD ranks defaults"
    return f"A default gets a higher PD than a non-default {percent(auc.value or 0.0, 1)} of the time"


def _subtitle(auc: Estimate) -> str:
    if auc.low is None or auc.high is None:
        return f"AUC {auc.value:.3f}"
    return f"AUC {auc.value:.3f}, 95 % interval {auc.low:.3f} to {auc.high:.3f}"


def _chance(theme: FigureTheme) -> go.Scatter:
    ends = np.array([0, 100], dtype=np.float32)
    return go.Scatter(
        x=ends, y=ends, mode="lines", hoverinfo="skip", line={"color": theme.mark, "width": 1, "dash": "dot"}
    )


def _curve(curve: RocCurve, theme: FigureTheme) -> go.Scatter:
    return go.Scatter(
        x=(100 * curve.false_positive_rate).astype(np.float32),
        y=(100 * curve.true_positive_rate).astype(np.float32),
        customdata=(100 * np.minimum(curve.cutoff, 1.0)).astype(np.float32),
        mode="lines",
        line={"color": theme.accent, "width": 2.5},
        fill="tozeroy",
        fillcolor=translucent(theme.accent, 0.08),
        hovertemplate="cutoff %{customdata:.2f} %<br>declines %{y:.1f} % of defaults"
        "<br>and %{x:.1f} % of non-defaults<extra></extra>",
    )


def _mark_cutoff(figure: go.Figure, confusion: Confusion, theme: FigureTheme) -> None:
    x, y = confusion.false_positive_rate.value, confusion.recall.value
    if x is None or y is None:
        return
    figure.add_trace(
        go.Scatter(
            x=[100 * x], y=[100 * y], mode="markers", hoverinfo="skip", cliponaxis=False,
            marker={"color": theme.bad, "size": 11, "symbol": "diamond", "line": {"color": "#ffffff", "width": 1.5}},
        )
    )  # fmt: skip
    # The corner below the diagonal is free wherever the point is, as long as the model ranks better than chance.
    text = (
        f"<b>◆ cutoff {brief_percent(confusion.cutoff)}</b><br>declines {percent(y, 1)} of defaults<br>"
        f"and {percent(x, 1)} of non-defaults"
    )
    add_note(figure, text, x=1, y=0.04, xref="paper", yref="paper", xanchor="right", yanchor="bottom", align="right")


def _operating_point(confusion: Confusion) -> str:
    declined, lost = confusion.recall.value or 0.0, confusion.false_positive_rate.value or 0.0
    return (
        f"At the cutoff of {brief_percent(confusion.cutoff)}, {percent(declined, 1)} of defaults "
        f"and {percent(lost, 1)} of non-defaults are declined"
    )
