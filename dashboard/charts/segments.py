"""Segments of a cohort side by side as a chart, and all their measures as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.segment_axis import Axis, make_axis
from dashboard.charts.segment_tables import DIFFERENCES, factor_of, is_share, tabulate_measure, with_unit
from dashboard.charts.segment_words import find_out, is_worded, quoted, word_measure
from dashboard.charts.template import (
    FigureTheme,
    Named,
    add_note,
    add_shape,
    figure_theme,
    new_figure,
    own_name,
    set_axis,
    translucent,
    worded_name,
)
from dashboard.metrics.comparison import COHORT
from dashboard.metrics.segments import MIN_APPLICATIONS, Lending, Measure, Order, Segment, SegmentReport, Verdict
from dashboard.words import labels

MOST_DRAWN = 24
ROW_HEIGHT = 30
# A name breaks into two lines, so that it leaves room for the figure on a phone.
_LONGEST_TICK, _TICK_LINE = 34, 24
GOES_ON = "« and » mark intervals that go on"
_SHIFT = 0.19
_SHARES_OF_DEFAULTS = (Measure.DEFAULT_RATE, Measure.BAD_RATE)


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    symbol: str
    colour: Callable[[FigureTheme], str]


_RIGHT, _LEFT = "triangle-right", "triangle-left"
_FEW = _Mark("Too few to conclude", "circle-open", lambda theme: theme.mark)
_PLAIN = _Mark("", "circle", lambda theme: theme.accent)
_OTHER = "diamond-open"
_MARKS: Mapping[Verdict | Lending, _Mark] = {
    Verdict.HIGHER: _Mark("Higher than other segments", _RIGHT, lambda theme: theme.bad),
    Verdict.LOWER: _Mark("Lower than other segments", _LEFT, lambda theme: theme.good),
    Verdict.ALIKE: _Mark("No clear difference", "circle", lambda theme: theme.mark),
    Verdict.ALONE: _PLAIN,
    Lending.LOSES: _Mark("Loses money", _RIGHT, lambda theme: theme.bad),
    Lending.PAYS: _Mark("Pays", _LEFT, lambda theme: theme.good),
    Lending.OPEN: _Mark("Too close to call", "circle", lambda theme: theme.mark),
}


def plot_segments(
    report: SegmentReport,
    *,
    measure: Measure,
    order: Order = Order.WORST,
    against: Named[SegmentReport] | None = None,
    chosen: int | None = None,
    dark: bool = False,
) -> Chart:
    """`measure` with its interval by segment, at most 24 of them; every point's customdata starts with its code.

    Lines mark the whole cohort's value and, for shares of defaults, the break-even; the row of the segment whose code
    is `chosen` stands out.
    """
    return Chart(
        "segments",
        "Segments",
        _draw(report, measure=measure, order=order, against=against, chosen=chosen, dark=dark),
        _describe(report, measure=measure, order=order, against=against),
        tabulate_measure(report, measure=measure, order=order, against=against),
    )


def _draw(
    report: SegmentReport,
    *,
    measure: Measure,
    order: Order,
    against: Named[SegmentReport] | None,
    chosen: int | None,
    dark: bool,
) -> go.Figure:
    theme = figure_theme(dark=dark)
    drawn = report.ordered(order, measure)[:MOST_DRAWN]
    beside = [] if against is None else _same_groups(against.value, drawn, measure)
    lines = _references(report, measure)
    axis = _axis([*drawn, *beside], measure, [factor_of(measure) * value for value, _, _ in lines])
    subtitle = _subtitle(report, measure, order)
    figure = new_figure(find_out(report, measure), subtitle, dark=dark)
    _add_lines(figure, lines, axis, measure, theme)
    _add_row(figure, drawn, chosen, theme)
    shift = -_SHIFT if against else 0.0
    for mark, places in _grouped(drawn, measure).items():
        group = [drawn[place] for place in places]
        rows = np.array(places, dtype=np.float32) + np.float32(shift)
        name = worded_name(own_name(against)) if mark is _PLAIN else mark.name
        figure.add_traces(_points(group, rows, axis, measure, name, (mark.symbol, mark.colour(theme))))
    if against is not None and beside:
        rows = np.array([_row_of(drawn, segment.code) + _SHIFT for segment in beside], dtype=np.float32)
        figure.add_traces(_points(beside, rows, axis, measure, worded_name(against.name), (_OTHER, theme.against)))
    if any(trace.mode == "text" for trace in figure.data):
        figure.layout.title.subtitle.text = f"{subtitle}; {GOES_ON}"
    layout, top = figure.layout, 0.5 + 0.6 * len(lines)
    layout.height, layout.showlegend = round(92 + 44 + ROW_HEIGHT * (len(drawn) + top - 0.4)), True
    layout.clickmode, layout.hovermode = "event+select", "closest"
    unit = " %" if is_share(measure) and measure not in DIFFERENCES else ""
    ends = [axis.low, axis.high]
    set_axis(figure, "x", title=with_unit(measure), ticksuffix=unit, showgrid=True, nticks=8, range=ends)
    set_axis(
        figure,
        "y",
        tickmode="array",
        tickvals=list(range(len(drawn))),
        ticktext=_ticks(drawn, chosen),
        range=[len(drawn) - 0.4, -top],
        showgrid=False,
    )
    return figure


def _axis(segments: Sequence[Segment], measure: Measure, lines: Sequence[float]) -> Axis:
    defined = [segment for segment in segments if segment.measured(measure).is_defined]
    triples = np.array([_triple(segment, measure) for segment in defined], dtype=np.float64).reshape(-1, 3)
    low, value, high = factor_of(measure) * triples.T
    return make_axis(low, value, high, lines, from_zero=measure not in DIFFERENCES)


def _row_of(drawn: Sequence[Segment], code: int) -> int:
    return next(row for row, segment in enumerate(drawn) if segment.code == code)


def _same_groups(report: SegmentReport, drawn: Sequence[Segment], measure: Measure) -> list[Segment]:
    codes = {segment.code for segment in drawn}
    return [s for s in report.segments if s.code in codes and s.measured(measure).is_defined]


def _add_row(figure: go.Figure, drawn: Sequence[Segment], chosen: int | None, theme: FigureTheme) -> None:
    if any(segment.code == chosen for segment in drawn):
        row = _row_of(drawn, chosen if chosen is not None else -1)
        band = {"type": "rect", "x0": 0, "x1": 1, "xref": "paper", "y0": row - 0.5, "y1": row + 0.5, "layer": "below"}
        add_shape(figure, {**band, "line": {"width": 0}, "fillcolor": translucent(theme.accent, 0.14)})


def _describe(
    report: SegmentReport,
    *,
    measure: Measure,
    order: Order,
    against: Named[SegmentReport] | None,
) -> str:
    word = word_measure(measure)
    first = [
        f"{quoted(segment.name)} {word(value)}"
        for segment in report.ordered(order, measure)[:3]
        if (value := segment.measured(measure).value) is not None
    ]
    text = f"{measure} by {report.column}. {find_out(report, measure)}."
    if first:
        text += f" From the top: {', '.join(first)}."
    own = report.cohort.measured(measure).value
    if own is not None and measure is not Measure.SHARE:
        called = own_name(against)
        text += f" {'All of the cohort' if called == COHORT else called}: {word(own)}."
    other = None if against is None else against.value.cohort.measured(measure).value
    return text if against is None or other is None else f"{text} {against.name}: {word(other)}."


def _subtitle(report: SegmentReport, measure: Measure, order: Order) -> str:
    n = len(report.segments)
    text = f"{measure} by {report.column}, {_SPREAD.get(measure, 'with 95 % intervals')}"
    if measure in _SHARES_OF_DEFAULTS and n > 1:
        # Each interval is a 95 % interval by itself, so a mark may conclude less than its interval suggests.
        text += f"; marks allow for {n} comparisons"
    return f"{text}; {MOST_DRAWN} of {n} segments, {_FIRST[order]}" if n > MOST_DRAWN else text


_SPREAD = {
    Measure.DIFFERENCE: "intervals hold for all segments at once (95 %)",
    Measure.MEAN_PD: "no intervals, since PDs are known",
}
_FIRST = {
    Order.WORST: "the worst",
    Order.MEASURE: "the highest",
    Order.SIZE: "the largest",
    Order.COLUMN: "the first of the column",
}


def _ticks(segments: Sequence[Segment], chosen: int | None = None) -> list[str]:
    ticks = []
    for segment in segments:
        name = labels.literal(segment.name)
        short = name if len(name) <= _LONGEST_TICK else f"{name[: _LONGEST_TICK - 1].rstrip()}…"
        lines = "<br>".join(worded_name(line) for line in wrap(short, _TICK_LINE) or [""])
        ticks.append(f"<b>{lines}</b>" if segment.code == chosen else lines)
    return ticks


def _grouped(segments: Sequence[Segment], measure: Measure) -> dict[_Mark, list[int]]:
    groups: dict[_Mark, list[int]] = {mark: [] for mark in (_PLAIN, *_MARKS.values(), _FEW)}
    for place, segment in enumerate(segments):
        if segment.measured(measure).is_defined:
            groups[_mark(segment, measure)].append(place)
    return {mark: places for mark, places in groups.items() if places}


def _mark(segment: Segment, measure: Measure) -> _Mark:
    if measure in (Measure.DEFAULT_RATE, Measure.DIFFERENCE):
        return _MARKS.get(segment.verdict, _FEW)
    if measure is Measure.BAD_RATE:
        return _MARKS.get(segment.lending, _FEW)
    return _FEW if segment.held_for(measure) < MIN_APPLICATIONS else _PLAIN


def _points(
    segments: Sequence[Segment],
    rows: npt.NDArray[np.float32],
    axis: Axis,
    measure: Measure,
    name: str,
    look: tuple[str, str],
) -> list[go.Scatter]:
    """The segments' values and intervals, and marks where an interval goes on beyond the axis."""
    symbol, colour = look
    factor = factor_of(measure)
    triples = [_triple(segment, measure) for segment in segments]
    low, value, high = (factor * np.array(triples, dtype=np.float64)).T
    facts = [(segment.code, segment.applications, segment.defaults) for segment in segments]
    start, end = axis.clipped(low, high)
    points = go.Scatter(
        name=name,
        x=value.astype(np.float32),
        y=rows,
        mode="markers",
        text=[worded_name(segment.name, _LONGEST_TICK) for segment in segments],
        customdata=np.column_stack([np.array(facts, dtype=np.float64), low, high]).astype(np.float32),
        marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 2 if "open" in symbol else 0}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (end - value).astype(np.float32),
            "arrayminus": (value - start).astype(np.float32),
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        selected={"marker": {"size": 14}},
        unselected={"marker": {"opacity": 1}},
        hovertemplate=_hover(measure, name),
        cliponaxis=False,
    )
    cut = [(axis.low, row, "«") for row, is_cut in zip(rows, low < start, strict=True) if is_cut]
    cut += [(axis.high, row, "»") for row, is_cut in zip(rows, high > end, strict=True) if is_cut]
    if not cut:
        return [points]
    x, y, text = (list(column) for column in zip(*cut, strict=True))
    marks = go.Scatter(
        name=name,
        x=np.array(x, dtype=np.float32),
        y=np.array(y, dtype=np.float32),
        mode="text",
        text=text,
        textposition=["middle right" if sign == "«" else "middle left" for sign in text],
        textfont={"color": colour, "size": 15},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    return [points, marks]


def _triple(segment: Segment, measure: Measure) -> tuple[float, float, float]:
    estimate = segment.measured(measure)
    value = estimate.value or 0.0
    return (value if estimate.low is None else estimate.low, value, value if estimate.high is None else estimate.high)


def _hover(measure: Measure, name: str) -> str:
    digits, unit = (".2f", " points" if measure in DIFFERENCES else " %") if is_share(measure) else (".3f", "")
    spread = "" if measure is Measure.MEAN_PD else f" (%{{customdata[3]:{digits}}} to %{{customdata[4]:{digits}}})"
    return (
        f"<b>%{{text}}</b><br>{measure.lower() if is_worded(measure) else measure} %{{x:{digits}}}{unit}{spread}"
        "<br>applications: %{customdata[1]:,}, defaults: %{customdata[2]:,}"
        f"<extra>{name}</extra>"
    )


def _add_lines(
    figure: go.Figure, lines: Sequence[tuple[float, str, str]], axis: Axis, measure: Measure, theme: FigureTheme
) -> None:
    factor = factor_of(measure)
    for i, (value, text, dash) in enumerate(sorted(lines, key=lambda line: line[0])):
        x = factor * value
        add_shape(
            figure,
            {
                "type": "line",
                "x0": x,
                "x1": x,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": theme.mark, "width": 1.5, "dash": dash},
            },
        )
        # Each label has a line of its own and runs towards the middle: two may be close, or close to an end.
        side = "left" if axis.is_left(x) else "right"
        place = {"xanchor": side, "xshift": 4 if side == "left" else -4, "yref": "y", "yanchor": "middle"}
        add_note(figure, text, x=x, y=-0.8 - 0.55 * (len(lines) - 1 - i), **place)


def _references(report: SegmentReport, measure: Measure) -> list[tuple[float, str, str]]:
    own = report.cohort.measured(measure).value
    if measure is Measure.DIFFERENCE:
        return [(0.0, "no difference", "dash")]
    if own is None or measure is Measure.SHARE:
        return []
    lines = [(own, f"cohort {word_measure(measure)(own)}", "dash")]
    if measure is Measure.CALIBRATION_GAP:
        lines.append((0.0, "PDs right", "dot"))
    if measure in _SHARES_OF_DEFAULTS:
        lines.append((report.break_even, f"break-even {labels.brief_percent(report.break_even)}", "dot"))
    return lines
