"""Segments of a cohort side by side as a chart, and all their measures as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.segment_words import find_out, is_worded, quoted, word_measure
from dashboard.charts.template import (
    COHORT,
    FigureTheme,
    Named,
    Table,
    add_note,
    figure_theme,
    new_figure,
    set_axis,
    worded_name,
)
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.segments import MIN_APPLICATIONS, Lending, Measure, Order, Segment, SegmentReport, Verdict
from dashboard.words import labels

MOST_DRAWN = 24
ROW_HEIGHT = 26
_LONGEST_TICK = 34
AGAINST_REST, LENDING, INTERVAL = "Against the rest", "Approved applications", "95 %"
_SHIFT = 0.19
_SHARES_OF_DEFAULTS = (Measure.DEFAULT_RATE, Measure.BAD_RATE)
_DIFFERENCES = (Measure.DIFFERENCE, Measure.CALIBRATION_GAP)
_TABLE_ORDER = (
    Measure.SHARE,
    Measure.DEFAULT_RATE,
    Measure.DIFFERENCE,
    Measure.BAD_RATE,
    Measure.APPROVAL_RATE,
    Measure.MEAN_PD,
    Measure.CALIBRATION_GAP,
    Measure.ROC_AUC,
)


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    symbol: str
    colour: Callable[[FigureTheme], str]


_RIGHT, _LEFT = "triangle-right", "triangle-left"
_FEW = _Mark("Too few to conclude", "circle-open", lambda theme: theme.mark)
_PLAIN = _Mark(COHORT, "circle", lambda theme: theme.accent)
_OTHER = "diamond-open"
_MARKS: Mapping[Verdict | Lending, _Mark] = {
    Verdict.HIGHER: _Mark("Higher than the rest", _RIGHT, lambda theme: theme.bad),
    Verdict.LOWER: _Mark("Lower than the rest", _LEFT, lambda theme: theme.good),
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
    dark: bool = False,
) -> Chart:
    """`measure` with its interval by segment, at most 24 of them; every point's customdata starts with its code.

    Lines mark the whole cohort's value and, for shares of defaults, the break-even.
    """
    return Chart(
        "segments",
        "Segments",
        _draw(report, measure=measure, order=order, against=against, dark=dark),
        _describe(report, measure=measure, order=order, against=against),
        _tabulate(report, measure=measure, order=order, against=against),
    )


def _draw(
    report: SegmentReport,
    *,
    measure: Measure,
    order: Order,
    against: Named[SegmentReport] | None,
    dark: bool,
) -> go.Figure:
    theme = figure_theme(dark=dark)
    drawn = report.ordered(order, measure)[:MOST_DRAWN]
    figure = new_figure(find_out(report, measure), _subtitle(report, measure, order), dark=dark)
    _add_lines(figure, report, measure, theme)
    shift = -_SHIFT if against else 0.0
    for mark, places in _grouped(drawn, measure).items():
        chosen = [drawn[place] for place in places]
        rows = np.array(places, dtype=np.float32) + np.float32(shift)
        figure.add_trace(_points(chosen, rows, measure, mark.name, (mark.symbol, mark.colour(theme))))
    if against is not None:
        _add_against(figure, against, drawn, measure, theme)
    layout = figure.layout
    layout.height, layout.showlegend = 92 + 44 + ROW_HEIGHT * (len(drawn) + 1), True
    layout.clickmode, layout.hovermode = "event+select", "closest"
    unit = " %" if _is_share(measure) and measure not in _DIFFERENCES else ""
    set_axis(figure, "x", title=_with_unit(measure), ticksuffix=unit, showgrid=True, nticks=8)
    set_axis(
        figure,
        "y",
        tickmode="array",
        tickvals=list(range(len(drawn))),
        ticktext=_ticks(drawn),
        range=[len(drawn) - 0.4, -1.3],
        showgrid=False,
    )
    return figure


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
        text += f" All of the cohort: {word(own)}."
    other = None if against is None else against.value.cohort.measured(measure).value
    return text if against is None or other is None else f"{text} {against.name}: {word(other)}."


def _tabulate(
    report: SegmentReport,
    *,
    measure: Measure,
    order: Order,
    against: Named[SegmentReport] | None,
) -> Table:
    segments = report.ordered(order, measure)
    table: dict[str, Sequence[object]] = {
        "Segment": [segment.name for segment in segments],
        "Applications": [segment.applications for segment in segments],
        "Defaults": [segment.defaults for segment in segments],
        **_columns(segments, measure),
        AGAINST_REST: [segment.verdict.value for segment in segments],
        LENDING: [segment.lending.value for segment in segments],
    }
    if against is not None:
        by_code = {segment.code: segment for segment in against.value.segments}
        others = [by_code.get(segment.code) for segment in segments]
        table[f"{against.name}: applications"] = [0 if segment is None else segment.applications for segment in others]
        table |= {f"{against.name}: {name}": values for name, values in _columns(others, measure).items()}
    return table


def tabulate_report(
    report: SegmentReport, *, order: Order, measure: Measure, against: Named[SegmentReport] | None = None
) -> Table:
    """Every measure of every segment beside its interval in words; shares in percent, differences in points.

    With `against`, its value of `measure` comes last.
    """
    segments = report.ordered(order, measure)
    table: dict[str, Sequence[object]] = {
        "Segment": [segment.name for segment in segments],
        "Applications": [segment.applications for segment in segments],
    }
    for each in _TABLE_ORDER:
        table[each.value] = _values(segments, each)
        if each not in (Measure.SHARE, Measure.MEAN_PD):
            table[f"{each} {INTERVAL}"] = [_interval(segment.measured(each), each) for segment in segments]
        if each is Measure.DIFFERENCE:
            table[AGAINST_REST] = [segment.verdict.value for segment in segments]
        if each is Measure.BAD_RATE:
            table[LENDING] = [segment.lending.value for segment in segments]
    if against is not None:
        by_code = {segment.code: segment for segment in against.value.segments}
        table[f"{against.name}: {measure}"] = _values([by_code.get(s.code) for s in segments], measure)
    return table


def _values(segments: Sequence[Segment | None], measure: Measure) -> list[float | None]:
    values = [None if segment is None else segment.measured(measure).value for segment in segments]
    return [None if value is None else _factor(measure) * value for value in values]


def _interval(estimate: Estimate, measure: Measure) -> str:
    if estimate.low is None or estimate.high is None:
        return labels.NOT_DEFINED
    factor, digits = _factor(measure), 2 if _is_share(measure) else 3
    return labels.interval(*(labels.decimal(factor * end, digits) for end in (estimate.low, estimate.high)))


def _columns(segments: Sequence[Segment | None], measure: Measure) -> dict[str, list[float | None]]:
    estimates = [None if segment is None else segment.measured(measure) for segment in segments]
    factor = _factor(measure)
    ends = {"": "value", " from": "low", " to": "high"} if measure is not Measure.MEAN_PD else {"": "value"}
    unit = _with_unit(measure).removeprefix(measure)
    return {
        f"{measure}{end}{unit}": [
            None if (value := getattr(estimate, name, None)) is None else factor * value for estimate in estimates
        ]
        for end, name in ends.items()
    }


def _factor(measure: Measure) -> float:
    return 100.0 if _is_share(measure) else 1.0


def _is_share(measure: Measure) -> bool:
    return measure is not Measure.ROC_AUC


def _with_unit(measure: Measure) -> str:
    if not _is_share(measure):
        return measure.value
    return f"{measure} ({'points' if measure in _DIFFERENCES else '%'})"


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


def _ticks(segments: Sequence[Segment]) -> list[str]:
    return [worded_name(segment.name, _LONGEST_TICK) for segment in segments]


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
    return _FEW if segment.applications < MIN_APPLICATIONS else _PLAIN


def _points(
    segments: Sequence[Segment], rows: npt.NDArray[np.float32], measure: Measure, name: str, look: tuple[str, str]
) -> go.Scatter:
    symbol, colour = look
    factor = _factor(measure)
    triples = [_triple(segment, measure) for segment in segments]
    low, value, high = (factor * np.array(triples, dtype=np.float64)).T
    facts = [(segment.code, segment.applications, segment.defaults) for segment in segments]
    return go.Scatter(
        name=name,
        x=value.astype(np.float32),
        y=rows,
        mode="markers",
        text=_ticks(segments),
        customdata=np.column_stack([np.array(facts, dtype=np.float64), low, high]).astype(np.float32),
        marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 2 if "open" in symbol else 0}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (high - value).astype(np.float32),
            "arrayminus": (value - low).astype(np.float32),
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        selected={"marker": {"size": 14}},
        unselected={"marker": {"opacity": 1}},
        hovertemplate=_hover(measure, name),
        cliponaxis=False,
    )


def _triple(segment: Segment, measure: Measure) -> tuple[float, float, float]:
    estimate = segment.measured(measure)
    value = estimate.value or 0.0
    return (value if estimate.low is None else estimate.low, value, value if estimate.high is None else estimate.high)


def _hover(measure: Measure, name: str) -> str:
    digits, unit = (".2f", " points" if measure in _DIFFERENCES else " %") if _is_share(measure) else (".3f", "")
    spread = "" if measure is Measure.MEAN_PD else f" (%{{customdata[3]:{digits}}} to %{{customdata[4]:{digits}}})"
    return (
        f"<b>%{{text}}</b><br>{measure.lower() if is_worded(measure) else measure} %{{x:{digits}}}{unit}{spread}"
        "<br>applications: %{customdata[1]:,}, defaults: %{customdata[2]:,}"
        f"<extra>{name}</extra>"
    )


def _add_against(
    figure: go.Figure, against: Named[SegmentReport], drawn: Sequence[Segment], measure: Measure, theme: FigureTheme
) -> None:
    rows = {segment.code: row for row, segment in enumerate(drawn)}
    others = [s for s in against.value.segments if s.code in rows and s.measured(measure).is_defined]
    if others:
        places = np.array([rows[segment.code] + _SHIFT for segment in others], dtype=np.float32)
        look = (_OTHER, theme.against)
        figure.add_trace(_points(others, places, measure, worded_name(against.name), look))


def _add_lines(figure: go.Figure, report: SegmentReport, measure: Measure, theme: FigureTheme) -> None:
    factor = _factor(measure)
    lines = sorted(_references(report, measure), key=lambda line: line[0])
    for i, (value, text, dash) in enumerate(lines):
        figure.add_shape(
            type="line",
            x0=factor * value,
            x1=factor * value,
            y0=0,
            y1=1,
            yref="paper",
            line={"color": theme.mark, "width": 1.5, "dash": dash},
        )
        # Two lines may be close: the left one's label ends at it, the right one's begins there.
        before = i == 0 and len(lines) > 1
        add_note(
            figure,
            text,
            x=factor * value,
            y=-0.75,
            yref="y",
            yanchor="middle",
            xanchor="right" if before else "left",
            xshift=-4 if before else 4,
        )


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
