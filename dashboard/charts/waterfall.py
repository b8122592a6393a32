"""A chart of how one application's PD comes about: from the average application to this one, field by field.

Contributions add up in log-odds, so the axis is one of log-odds; its ticks say which PDs they are.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.importance import odds, signed
from dashboard.charts.template import (
    LONGEST_HINT,
    FigureTheme,
    Table,
    add_line,
    add_note,
    add_notes,
    empty_figure,
    figure_theme,
    new_figure,
    set_axis,
    worded_name,
)
from dashboard.metrics.counts import FloatArray
from dashboard.words.labels import brief_percent, cutoff_percent, decimal, percent, plural
from inference.model.decision import declines

AVERAGE = "Average application"
MOST_STEPS = 12
NO_STEPS = "No field moves this score away from that of the average application."
# A smaller step is shown as 0.00 and counts as none.
_LEAST = 0.005
_LONGEST_LINE, _MOST_LINES = 30, 2
_PER_BAR, _AROUND = 34, 200
_BAR_WIDTH = 0.66
# Beyond the steps on either side: room for the bars' own numbers, and an axis that is never without length.
_ROOM, _SHORTEST = 0.14, 0.4
# A cutoff that is further away than this many lengths of the steps is pointed at, not drawn.
_FARTHEST = 1.5
_ENDS = 1e-6
_FEWEST_TICKS, _MOST_TICKS = 3, 8
_LADDER = tuple(digit * 10.0**-power for power in range(6, 0, -1) for digit in (1, 2, 5))
_FINER = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005, 0.00002, 0.00001)


@dataclass(frozen=True, slots=True)
class Step:
    """What one field adds to the log-odds: its name and the applicant's value in words, and the contribution."""

    label: str
    value: str
    contribution: float

    @property
    def words(self) -> str:
        """The field and its value; a step without a value is its name alone."""
        return f"{self.label} = {self.value}" if self.value else self.label


def log_odds_of(default_probability: float) -> float:
    """The log-odds of a PD; PDs of 0 and 1 are moved inward by a millionth."""
    inside = min(max(default_probability, _ENDS), 1 - _ENDS)
    return math.log(inside / (1 - inside))


def pd_of(log_odds: float) -> float:
    """The PD with those log-odds."""
    return 0.5 * (1 + math.tanh(log_odds / 2))


def pd_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Round PDs between two log-odds, at most eight of them: where they stand in log-odds, and their words."""
    first, last = pd_of(low), pd_of(high)
    values: list[float] = []
    for candidates in itertools.chain([_ladder()], (_multiples(step, first, last) for step in _FINER)):
        values = [value for value in candidates if first <= value <= last]
        if len(values) >= _FEWEST_TICKS:
            break
    places: list[float] = []
    words: list[str] = []
    for value in values:
        place = log_odds_of(value)
        if not places or place - places[-1] >= (high - low) / _MOST_TICKS:
            places.append(place)
            words.append(f"{100 * value:.6g} %")
    return places, words


def plot_waterfall(
    steps: Sequence[Step],
    base: float,
    *,
    cutoff: float,
    dark: bool = False,
    most: int = MOST_STEPS,
    noun: str = "field",
) -> Chart:
    """The steps from `base` (log-odds of the average application) down to the applicant's PD, the `most` largest first.

    `noun` is what a step is of. `base` and all contributions add up to the applicant's log-odds; what is not drawn by
    itself is one last bar.
    """
    return Chart(
        "waterfall",
        "One application's contributions",
        _draw(steps, base, cutoff=cutoff, dark=dark, most=most, noun=noun),
        _describe(steps, base, cutoff=cutoff),
        _tabulate(steps, base),
    )


def _draw(
    steps: Sequence[Step],
    base: float,
    *,
    cutoff: float,
    dark: bool,
    most: int,
    noun: str,
) -> go.Figure:
    title = _title(steps, base)
    if not steps:
        return empty_figure(title, NO_STEPS, dark=dark)
    theme = figure_theme(dark=dark)
    drawn = _drawn(steps, most, noun)
    reached = _reached(drawn, base)
    low, high = _range(reached, log_odds_of(cutoff))
    figure = new_figure(title, _subtitle(steps, drawn, most, noun), dark=dark)
    figure.add_traces([_connectors(reached, theme), _bars(drawn, reached, theme)])
    figure.layout.height, figure.layout.showlegend = _AROUND + _PER_BAR * len(drawn), False
    _mark_ends(figure, reached, low, high, theme)
    mark_cutoff(figure, cutoff, low, high, theme)
    ticks, words = pd_ticks(low, high)
    set_axis(figure, "x", title="PD (log-odds scale)", range=[low, high], tickvals=ticks, ticktext=words, showgrid=True)
    set_axis(
        figure,
        "y",
        showgrid=False,
        range=[len(drawn) + 0.4, -1.4],
        tickvals=list(range(len(drawn))),
        ticktext=[_lines(step) for step in drawn],
    )
    return figure


def _describe(steps: Sequence[Step], base: float, *, cutoff: float) -> str:
    reached = pd_of(_total(steps, base))
    side = "at or above" if declines(reached, cutoff) else "below"
    sentence = (
        f"Waterfall from the average application's PD of {brief_percent(pd_of(base))} to this applicant's "
        f"{brief_percent(reached)}, which is {side} the cutoff of {cutoff_percent(cutoff)}."
    )
    if not steps:
        return f"{sentence} {NO_STEPS}"
    largest = ", ".join(f"{step.words} {signed(step.contribution)}" for step in _ordered(steps)[:3])
    return f"{sentence} The largest steps in log-odds: {largest}."


def _tabulate(steps: Sequence[Step], base: float) -> Table:
    ordered = _ordered(steps)
    reached = _reached(ordered, base)
    return {
        "Field": [AVERAGE, *(step.label for step in ordered)],
        "Value": [None, *(step.value for step in ordered)],
        "Contribution (log-odds)": [None, *(step.contribution for step in ordered)],
        "Odds ×": [None, *(math.exp(step.contribution) for step in ordered)],
        "Log-odds so far": reached.tolist(),
        "PD so far (%)": [100 * pd_of(value) for value in reached.tolist()],
    }


def mark_cutoff(figure: go.Figure, cutoff: float, low: float, high: float, theme: FigureTheme, *, row: int = 0) -> None:
    """Draw the cutoff into a figure whose x axis runs from `low` to `high` log-odds; beyond them it is pointed at.

    Its text stands above the plot, or, where that is taken, beside the line in the given `row` of texts in the plot.
    """
    place, text = log_odds_of(cutoff), f"cutoff {cutoff_percent(cutoff)}"
    if place < low:
        text, place = f"← {text}", low
    elif place > high:
        text, place = f"{text} →", high
    else:
        add_line(figure, theme, x=place, width=1.5, dash="dash")
    if row:
        note_beside(figure, text, place, low, high, row=row)
    else:
        add_note(figure, text, x=place, y=1, yref="paper", yanchor="bottom", xanchor=_anchor(place, low, high))


def note_beside(
    figure: go.Figure, text: str, place: float, low: float, high: float, *, row: int = 1, **settings: object
) -> None:
    """Write a text at the top of the plot beside the upright line at `place`, on the side that has more room."""
    on_left = place > (low + high) / 2
    add_note(
        figure,
        text,
        x=place,
        y=1,
        yref="paper",
        yanchor="top",
        yshift=-18 * (row - 1),
        xanchor="right" if on_left else "left",
        xshift=-4 if on_left else 4,
        **settings,
    )


def _ladder() -> list[float]:
    return [*_LADDER, *(1 - value for value in reversed(_LADDER[:-1]))]


def _multiples(step: float, first: float, last: float) -> list[float]:
    return [step * times for times in range(max(1, math.ceil(first / step)), math.floor(last / step) + 1)]


def _total(steps: Sequence[Step], base: float) -> float:
    return base + math.fsum(step.contribution for step in steps)


def _ordered(steps: Sequence[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: -abs(step.contribution))


def _drawn(steps: Sequence[Step], most: int, noun: str) -> list[Step]:
    ordered = _ordered(steps)
    # A bar for one other field would take the room of that field.
    if len(ordered) <= most + 1:
        return ordered
    rest = ordered[most:]
    others = Step(f"{len(rest)} other {noun}s", "", math.fsum(step.contribution for step in rest))
    return [*ordered[:most], others]


def _reached(steps: Sequence[Step], base: float) -> FloatArray:
    """Log-odds before the first step and after each."""
    return np.cumsum([base, *(step.contribution for step in steps)])


def _range(reached: FloatArray, cutoff: float) -> tuple[float, float]:
    low, high = float(reached.min()), float(reached.max())
    length = max(high - low, _SHORTEST)
    if low - _FARTHEST * length <= cutoff <= high + _FARTHEST * length:
        low, high = min(low, cutoff), max(high, cutoff)
    length = max(high - low, _SHORTEST)
    middle, half = (low + high) / 2, (0.5 + _ROOM) * length
    return middle - half, middle + half


def _worded(contribution: float) -> str:
    sign = "" if abs(contribution) < _LEAST else "+" if contribution > 0 else "−"
    return f"{sign}{decimal(abs(contribution), 2)}"


def _lines(step: Step) -> str:
    lines = textwrap.wrap(step.words, _LONGEST_LINE, max_lines=_MOST_LINES, placeholder="…")
    return "<br>".join(worded_name(line, _LONGEST_LINE) for line in lines)


def _title(steps: Sequence[Step], base: float) -> str:
    ordered = _ordered(steps)
    raising = next((step.label for step in ordered if step.contribution >= _LEAST), None)
    lowering = next((step.label for step in ordered if step.contribution <= -_LEAST), None)
    score = f"PD {percent(pd_of(_total(steps, base)))}"
    if raising is None and lowering is None:
        return f"{score}: no field moves it away from the average application"
    if lowering is None:
        return f"{score}: {raising} raises it most, nothing lowers it"
    if raising is None:
        return f"{score}: {lowering} lowers it most, nothing raises it"
    return f"{score}: {raising} raises it most, {lowering} lowers it most"


def _subtitle(steps: Sequence[Step], drawn: Sequence[Step], most: int, noun: str) -> str:
    text = f"From the average application to this one in log-odds, {noun} by {noun}; + raises the PD, − lowers it"
    return text if len(drawn) == len(steps) else f"{text}; the {most} largest of {plural(len(steps), noun)}"


def _bars(steps: Sequence[Step], reached: FloatArray, theme: FigureTheme) -> go.Bar:
    pds = [[100 * pd_of(before), 100 * pd_of(after)] for before, after in itertools.pairwise(reached.tolist())]
    contributions = np.array([step.contribution for step in steps])
    names = [worded_name(step.words, LONGEST_HINT) for step in steps]
    return go.Bar(
        x=contributions.astype(np.float32),
        base=reached[:-1].astype(np.float32),
        y=np.arange(len(steps), dtype=np.float32),
        orientation="h",
        width=_BAR_WIDTH,
        marker={"color": [theme.bad if step.contribution > 0 else theme.good for step in steps]},
        text=[_worded(step.contribution) for step in steps],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": 12, "color": theme.text},
        customdata=np.array(pds, dtype=np.float32),
        hovertext=[
            f"{name}<br>{signed(step.contribution)} log-odds: {odds(step.contribution)}"
            for name, step in zip(names, steps, strict=True)
        ],
        hovertemplate="%{hovertext}<br>PD %{customdata[0]:.2f} % → %{customdata[1]:.2f} %<extra></extra>",
    )


def _connectors(reached: FloatArray, theme: FigureTheme) -> go.Scatter:
    """Upright lines from each bar's end to the next bar's beginning; the ends of all are one trace with gaps."""
    at = np.arange(reached.size)
    gap = np.full(reached.size, np.nan)
    half = _BAR_WIDTH / 2
    # Before the first bar and after the last they lead to the texts that name the two ends.
    y = np.stack([at - 1 + half, at - half, gap], axis=1)
    return go.Scatter(
        x=np.stack([reached, reached, gap], axis=1).ravel().astype(np.float32),
        y=y.ravel().astype(np.float32),
        mode="lines",
        line={"color": theme.mark, "width": 1},
        hoverinfo="skip",
    )


def _mark_ends(figure: go.Figure, reached: FloatArray, low: float, high: float, theme: FigureTheme) -> None:
    last = reached.size - 1
    ends = (
        ("mean log-odds,", float(reached[0]), -1 + _BAR_WIDTH / 2, "bottom"),
        ("this applicant", float(reached[-1]), last - _BAR_WIDTH / 2, "top"),
    )
    add_notes(
        figure,
        [
            {
                "text": f"<b>{name} {brief_percent(pd_of(place))}</b>",
                "x": place,
                "y": y,
                "yanchor": anchor,
                "xanchor": _anchor(place, low, high),
                "font": {"size": 12, "color": theme.text},
            }
            for name, place, y, anchor in ends
        ],
    )


def _anchor(place: float, low: float, high: float) -> str:
    """On which side of `place` a text has room."""
    share = (place - low) / (high - low)
    return "left" if share < 0.2 else "right" if share > 0.8 else "center"
