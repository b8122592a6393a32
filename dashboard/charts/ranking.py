"""Charts of the precision-recall curve, the KS curve and the cumulative accuracy profile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.curves import (
    axis_percent,
    curve_line,
    follow_note,
    follow_point,
    is_too_wide,
    mark_point,
    note_corner,
    note_cutoff,
    point_table,
    reference_line,
    stacked,
)
from dashboard.charts.template import (
    FigureTheme,
    Named,
    Table,
    add_line,
    add_note,
    empty_figure,
    figure_theme,
    make_square,
    new_figure,
    own_name,
    set_axis,
    worded_name,
)
from dashboard.follow.slots import Kind, Slot
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.ranking import CapCurve, KsCurve, PrecisionRecallCurve
from dashboard.metrics.rates import Confusion
from dashboard.words.labels import brief_percent, cutoff_percent, percent, points

_PR_HOVER = "cutoff %{customdata:.2f} %<br>%{y:.1f} % of the declined default,<br>%{x:.1f} % of defaults are declined"
_CAP_HOVER = "PD of %{customdata:.2f} % and more:<br>%{x:.1f} % of applications<br>with %{y:.1f} % of defaults"
# The KS curve's axis ends where this share of either outcome is below.
_DRAWN = 0.99


def plot_precision_recall(
    curve: PrecisionRecallCurve | None,
    *,
    average: Estimate,
    confusion: Confusion | None = None,
    against: Named[PrecisionRecallCurve | None] | None = None,
    dark: bool = False,
) -> Chart:
    """Share of defaults among the declined by share of defaults declined; `confusion` marks the cutoff in force."""
    return Chart(
        "disc.pr",
        "Precision-recall curve",
        _draw_precision_recall(curve, average=average, confusion=confusion, against=against, dark=dark),
        _describe_precision_recall(curve, average=average, confusion=confusion),
        _tabulate_precision_recall(curve, against=against),
    )


def follow_precision_recall() -> Iterator[Slot]:
    """What of the chart follows the cutoff."""
    yield follow_point(
        lambda e: axis_percent(e.confusion.recall.value), lambda e: axis_percent(e.confusion.precision.value)
    )
    yield follow_note(_precision_words)


def _draw_precision_recall(
    curve: PrecisionRecallCurve | None,
    *,
    average: Estimate,
    confusion: Confusion | None,
    against: Named[PrecisionRecallCurve | None] | None,
    dark: bool,
) -> go.Figure:
    if curve is None or average.value is None:
        return empty_figure("Precision and recall", f"Precision and recall are {average.explanation}.", dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_precision_title(curve, average), _precision_subtitle(curve, average), dark=dark)
    chance = f"By chance ({percent(curve.default_rate)})"
    figure.add_trace(reference_line([0, 1], [curve.default_rate] * 2, theme, chance, "dot"))
    other = None if against is None else against.value
    if against is not None and other is not None:
        figure.add_trace(_precision_line(other, theme, against.name, compared=True))
    figure.add_trace(_precision_line(curve, theme, own=own_name(against), compared=other is not None))
    if confusion is not None:
        _mark_precision(figure, confusion, theme)
    top = max(float(np.max(each.precision)) for each in (curve, other) if each is not None)
    figure.layout.showlegend, figure.layout.legend.entrywidth = True, 0
    set_axis(figure, "x", title="Defaults declined (recall)", ticksuffix=" %", range=[-0.5, 100.5])
    title = "Defaults among the declined (precision)"
    set_axis(figure, "y", title=title, ticksuffix=" %", range=[0, min(105 * top, 101)], nticks=6)
    return figure


def _describe_precision_recall(
    curve: PrecisionRecallCurve | None, *, average: Estimate, confusion: Confusion | None
) -> str:
    if curve is None or average.value is None:
        return f"Precision and recall are {average.explanation}."
    sentence = f"Precision-recall curve: {_precision_subtitle(curve, average)}."
    if confusion is None or confusion.precision.value is None or confusion.recall.value is None:
        return sentence
    return (
        f"{sentence} At the cutoff of {cutoff_percent(confusion.cutoff)}, {percent(confusion.precision.value, 1)} "
        f"of the declined default, and {percent(confusion.recall.value, 1)} of defaults are declined."
    )


def _tabulate_precision_recall(
    curve: PrecisionRecallCurve | None, *, against: Named[PrecisionRecallCurve | None] | None
) -> Table:
    def table(each: PrecisionRecallCurve | None) -> Table:
        parts = None if each is None else (each.cutoff, each.recall, each.precision)
        return point_table(("Cutoff (PD, %)", "Recall (%)", "Precision (%)"), parts)

    return stacked(table(curve), None if against is None else against.holding(table(against.value)))


def plot_ks(
    curve: KsCurve | None,
    *,
    statistic: Estimate,
    cutoff: float | None = None,
    against: Named[KsCurve | None] | None = None,
    dark: bool = False,
) -> Chart:
    """Shares of both outcomes below each PD, and where they are furthest apart; `cutoff` is the one in force."""
    return Chart(
        "disc.ks",
        "KS curve",
        _draw_ks(curve, statistic=statistic, cutoff=cutoff, against=against, dark=dark),
        _describe_ks(curve, statistic=statistic),
        _tabulate_ks(curve, against=against),
    )


def follow_ks() -> Iterator[Slot]:
    """What of the chart follows the cutoff."""
    yield Slot("", Kind.UPRIGHT, lambda e: f"cutoff {cutoff_percent(e.assumptions.cutoff)}", names_cutoff=True)


def _draw_ks(
    curve: KsCurve | None,
    *,
    statistic: Estimate,
    cutoff: float | None,
    against: Named[KsCurve | None] | None,
    dark: bool,
) -> go.Figure:
    if curve is None or statistic.value is None:
        return empty_figure("KS curve", f"The KS curve is {statistic.explanation}.", dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_ks_title(curve, statistic), _ks_subtitle(curve, statistic), dark=dark)
    if against is not None and against.value is not None:
        figure.add_traces(_ks_lines(against.value, theme, against.name, is_other=True))
    figure.add_traces(_ks_lines(curve, theme, own_name(against) if against else ""))
    right = _end_of_axis(curve, cutoff)
    _mark_gap(figure, curve, theme)
    if cutoff is not None:
        _mark_cutoff(figure, cutoff, theme, right)
    layout = figure.layout
    layout.showlegend, layout.legend.entrywidth, layout.hovermode = True, 0, "x unified"
    set_axis(
        figure,
        "x",
        title="Predicted probability of default (PD)",
        ticksuffix=" %",
        range=[0, 100 * right],
        unifiedhovertitle={"text": "PD below %{x:.2f} %"},
    )
    set_axis(figure, "y", title="Share of the outcome with a lower PD", ticksuffix=" %", range=[0, 101], nticks=6)
    return figure


def _describe_ks(curve: KsCurve | None, *, statistic: Estimate) -> str:
    if curve is None or statistic.value is None:
        return f"The KS curve is {statistic.explanation}."
    furthest = f"KS curve: the outcomes are furthest apart at a PD of {brief_percent(_best(curve)[0])}"
    return f"{furthest}; {_ks_subtitle(curve, statistic)}."


def _tabulate_ks(curve: KsCurve | None, *, against: Named[KsCurve | None] | None) -> Table:
    def table(each: KsCurve | None) -> Table:
        parts = None if each is None else (each.pd, each.good_below, each.bad_below, each.gap)
        return point_table(("PD below (%)", "Non-defaults (%)", "Defaults (%)", "Gap (points)"), parts)

    return stacked(table(curve), None if against is None else against.holding(table(against.value)))


def plot_cap(
    curve: CapCurve | None, *, ratio: Estimate, against: Named[CapCurve | None] | None = None, dark: bool = False
) -> Chart:
    """Share of the defaults among the riskiest share of the applications; `ratio` is the accuracy ratio (Gini)."""
    return Chart(
        "disc.cap",
        "CAP",
        _draw_cap(curve, ratio=ratio, against=against, dark=dark),
        _describe_cap(curve, ratio=ratio),
        _tabulate_cap(curve, against=against),
    )


def _draw_cap(
    curve: CapCurve | None, *, ratio: Estimate, against: Named[CapCurve | None] | None, dark: bool
) -> go.Figure:
    if curve is None or ratio.value is None:
        return empty_figure("Cumulative accuracy profile", f"The profile is {ratio.explanation}.", dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_cap_title(curve, ratio), _cap_subtitle(ratio), dark=dark)
    figure.add_trace(reference_line([0, curve.default_rate, 1], [0, 1, 1], theme, "Perfect ranking", "dashdot"))
    figure.add_trace(reference_line([0, 1], [0, 1], theme, "By chance", "dot"))
    other = None if against is None else against.value
    if against is not None and other is not None:
        figure.add_trace(_cap_line(other, theme, against.name, compared=True))
    figure.add_trace(_cap_line(curve, theme, own=own_name(against), compared=other is not None))
    figure.layout.showlegend, figure.layout.legend.entrywidth = True, 0
    set_axis(figure, "x", title="Applications, riskiest first", ticksuffix=" %", range=[-0.5, 100.5])
    set_axis(figure, "y", title="Defaults among them", ticksuffix=" %", range=[0, 101], nticks=6)
    make_square(figure)
    return figure


def _describe_cap(curve: CapCurve | None, *, ratio: Estimate) -> str:
    if curve is None or ratio.value is None:
        return f"The cumulative accuracy profile is {ratio.explanation}."
    shares = " and ".join(
        f"the riskiest {share} % hold {percent(curve.captured_at(share / 100), 1)}" for share in (10, 30)
    )
    return f"{_cap_subtitle(ratio)}. Of the defaults, {shares}."


def _tabulate_cap(curve: CapCurve | None, *, against: Named[CapCurve | None] | None) -> Table:
    def table(each: CapCurve | None) -> Table:
        parts = None if each is None else (each.cutoff, each.share, each.captured)
        return point_table(("PD at and above (%)", "Applications (%)", "Defaults (%)"), parts)

    return stacked(table(curve), None if against is None else against.holding(table(against.value)))


def _ends(estimate: Estimate) -> str:
    value = f"{estimate.value:.3f}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value}, 95 % interval {estimate.low:.3f} to {estimate.high:.3f}".replace("-", "−")


def _precision_title(curve: PrecisionRecallCurve, average: Estimate) -> str:
    if is_too_wide(average):
        return "Too few to conclude how many of the declined would default"
    return f"With half of the defaults declined, {percent(curve.precision_at(0.5), 1)} of those declined default"


def _precision_subtitle(curve: PrecisionRecallCurve, average: Estimate) -> str:
    return f"Average precision {_ends(average)}; by chance {curve.default_rate:.3f}"


def _precision_line(
    curve: PrecisionRecallCurve, theme: FigureTheme, against: str = "", *, own: str = "", compared: bool
) -> go.Scatter:
    # Steps: up to each recall the precision is that of the cutoff at which it is reached.
    return curve_line(
        curve.recall,
        curve.precision,
        curve.cutoff,
        theme=theme,
        hover=_PR_HOVER,
        against=against,
        own=own,
        compared=compared,
        shape="vh",
    )


def _mark_precision(figure: go.Figure, confusion: Confusion, theme: FigureTheme) -> None:
    precision, recall = confusion.precision.value, confusion.recall.value
    if precision is None or recall is None:
        return
    mark_point(figure, recall, precision, theme)
    note_cutoff(figure, confusion.cutoff, _precision_words(confusion), at_top=True)


def _precision_words(confusion: Confusion) -> list[str]:
    precision, recall = percent(confusion.precision.value, 1), percent(confusion.recall.value, 1)
    return [f"{precision} of the declined default,", f"{recall} of defaults are declined"]


def _best(curve: KsCurve) -> tuple[float, float, float]:
    return float(curve.pd[curve.best]), float(curve.good_below[curve.best]), float(curve.bad_below[curve.best])


def _ks_title(curve: KsCurve, statistic: Estimate) -> str:
    if is_too_wide(statistic):
        few = "oo few to conclude at which PD the outcomes part"
        return f"Non-defaults and defaults differ in PD, t{few}" if statistic.low else f"T{few}"
    return f"Non-defaults and defaults are furthest apart at a PD of {brief_percent(_best(curve)[0])}"


def _ks_subtitle(curve: KsCurve, statistic: Estimate) -> str:
    _, good, bad = _best(curve)
    return f"{percent(good, 1)} of non-defaults and {percent(bad, 1)} of defaults are below it: KS {_ends(statistic)}"


def _ks_lines(curve: KsCurve, theme: FigureTheme, called: str = "", *, is_other: bool = False) -> list[go.Scatter]:
    """The outcomes below each PD; where two are drawn, both say what they are `called`."""
    of = f"{worded_name(called)}: " if called else ""
    parts = (
        ("non-defaults" if called else "Non-defaults", curve.good_below, theme.good, "solid"),
        ("defaults" if called else "Defaults", curve.bad_below, theme.bad, "5px,2px"),
    )
    return [
        go.Scatter(
            name=of + name,
            x=(100 * curve.pd).astype(np.float32),
            y=(100 * share).astype(np.float32),
            mode="lines",
            line={
                "color": theme.against if is_other else colour,
                "width": 1.5 if is_other else 2.5,
                "dash": ("dot" if dash == "solid" else "dashdot") if is_other else dash,
                "simplify": False,
            },
            hovertemplate=f"%{{y:.1f}} %<extra>{of}{name}</extra>",
        )
        for name, share, colour, dash in parts
    ]


def _end_of_axis(curve: KsCurve, cutoff: float | None) -> float:
    below = np.minimum(curve.good_below, curve.bad_below)
    drawn = float(np.interp(_DRAWN, below, curve.pd))
    return max(drawn, 1.15 * float(curve.pd[curve.best]), 1.05 * (cutoff or 0.0), 0.001)


def _mark_cutoff(figure: go.Figure, cutoff: float, theme: FigureTheme, right: float) -> None:
    add_line(figure, theme, x=100 * cutoff, width=1.5, dash="dash")
    side, shift = ("right", -4) if cutoff > 0.6 * right else ("left", 4)
    text = f"cutoff {cutoff_percent(cutoff)}"
    add_note(figure, text, x=100 * cutoff, y=0.02, yref="paper", yanchor="bottom", xanchor=side, xshift=shift)


def _mark_gap(figure: go.Figure, curve: KsCurve, theme: FigureTheme) -> None:
    pd, good, bad = _best(curve)
    ends = {"size": 8, "symbol": "diamond", "color": theme.text}
    figure.add_trace(
        go.Scatter(
            x=[100 * pd] * 2,
            y=[100 * bad, 100 * good],
            mode="lines+markers",
            hoverinfo="skip",
            showlegend=False,
            line={"color": theme.text, "width": 2},
            marker=ends,
        )
    )
    # Above the row of the cutoff's label, where neither curve comes.
    note_corner(figure, [f"<b>◆ KS {points(abs(good - bad), 1)}</b>", f"at a PD of {brief_percent(pd)}"], y=0.14)


def _cap_title(curve: CapCurve, ratio: Estimate) -> str:
    # Accuracy ratios span twice the range of the AUC, whose interval decides.
    if is_too_wide(ratio.mapped(lambda value: (value + 1) / 2)):
        return "Too few to conclude how defaults gather among the riskiest"
    return f"Half of the defaults are among the riskiest {percent(curve.share_for(0.5), 1)} of applications"


def _cap_subtitle(ratio: Estimate) -> str:
    return f"Cumulative accuracy profile: accuracy ratio (Gini) {_ends(ratio)}"


def _cap_line(curve: CapCurve, theme: FigureTheme, against: str = "", *, own: str = "", compared: bool) -> go.Scatter:
    return curve_line(
        curve.share,
        curve.captured,
        curve.cutoff,
        theme=theme,
        hover=_CAP_HOVER,
        against=against,
        own=own,
        compared=compared,
    )
