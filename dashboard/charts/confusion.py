"""Decisions against outcomes as a chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import plotly.graph_objects as go

from dashboard.charts.chart import Chart
from dashboard.charts.curves import is_too_wide
from dashboard.charts.template import (
    FigureTheme,
    Named,
    Table,
    empty_figure,
    figure_theme,
    new_figure,
    set_axis,
    short_name,
    translucent,
    worded_name,
)
from dashboard.follow.slots import Kind, Slot
from dashboard.metrics.estimate import NO_APPLICATIONS
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.rates import Confusion
from dashboard.words.labels import count, cutoff_percent, percent

HEIGHT = 396
_PLACES = ((0, 1), (1, 1), (0, 0), (1, 0))


class _Cell(NamedTuple):
    name: str
    number: int
    of_outcome: int
    outcome: str
    decision: str

    @property
    def is_right(self) -> bool:
        return self.name.startswith("True")


def plot_confusion(confusion: Confusion, *, against: Named[Confusion] | None = None, dark: bool = False) -> Chart:
    """The four kinds of decision with their counts and shares; the deeper a cell's colour, the larger its share."""
    return Chart(
        "confusion",
        "Confusion matrix",
        _draw(confusion, against=against, dark=dark),
        _describe(confusion, against=against),
        _tabulate(confusion, against=against),
    )


def follow_confusion(*, against: tuple[str, Callable[[float], Confusion]] | None = None) -> Iterator[Slot]:
    """What of the chart follows the cutoff; `against` is another cohort's name with its decisions by cutoff."""
    yield Slot(".chart-title b", Kind.TEXT, lambda e: _title(e.confusion))
    yield Slot(".chart-title small", Kind.TEXT, lambda e: _subtitle(e.confusion), names_cutoff=True)
    for place in range(len(_PLACES)):
        yield Slot(".textpoint", Kind.TEXT, partial(_followed, place, against), place, against is not None)
        yield Slot(".layer-subplot .shapelayer path", Kind.OPACITY, partial(_opacity_at, place), place)
    for place, word in enumerate(("Declined", "Approved")):
        yield Slot(".xtick text", Kind.TEXT, partial(_column_at, place, word), place)


def _followed(place: int, against: tuple[str, Callable[[float], Confusion]] | None, evaluation: Evaluation) -> str:
    decided = evaluation.confusion
    lines = _lines(_cells(decided)[place], decided.resolved)
    if against is not None:
        name, decide = against
        lines.append(f"{short_name(name)}: {_worded_share(_cells(decide(evaluation.assumptions.cutoff))[place])}")
    return "\n".join(lines)


def _opacity_at(place: int, evaluation: Evaluation) -> str:
    decided = evaluation.confusion
    return f"{_opacity(_cells(decided)[place], decided.resolved):.3f}"


def _column_at(place: int, word: str, evaluation: Evaluation) -> str:
    decided = evaluation.confusion
    return f"{word}\n{_of_all((decided.resolved_declined, decided.resolved_approved)[place], decided.resolved)}"


def _draw(confusion: Confusion, *, against: Named[Confusion] | None, dark: bool) -> go.Figure:
    if not confusion.resolved:
        return empty_figure("Decisions and outcomes", f"There are none: {NO_APPLICATIONS}.", dark=dark)
    theme = figure_theme(dark=dark)
    figure = new_figure(_title(confusion), _subtitle(confusion), dark=dark)
    figure.add_trace(_words(confusion, against, theme))
    shapes = [
        _frame(place, cell, confusion.resolved, theme) for place, cell in zip(_PLACES, _cells(confusion), strict=True)
    ]
    layout = figure.layout
    layout.showlegend, layout.margin.t, layout.margin.r, layout.height, layout.shapes = False, 68, 8, HEIGHT, shapes
    for side, settings in _axes(confusion).items():
        set_axis(figure, side, **settings)
    return figure


def _describe(confusion: Confusion, *, against: Named[Confusion] | None) -> str:
    if not confusion.resolved:
        return f"No decisions to show: {NO_APPLICATIONS}."
    listed = ", ".join(f"{count(cell.number)} {cell.name.lower()}" for cell in _cells(confusion))
    sentence = f"At a cutoff of {cutoff_percent(confusion.cutoff)}: {listed}."
    if against is None:
        return sentence
    shares = " and ".join(f"{_worded_share(cell)} of {cell.outcome}" for cell in _cells(against.value)[::2])
    return f"{sentence} For {against.name}, {shares} are declined."


def _tabulate(confusion: Confusion, *, against: Named[Confusion] | None) -> Table:
    cells = _cells(confusion)
    table: dict[str, list[object]] = {
        "Outcome": [cell.outcome for cell in cells],
        "Decision": [cell.decision for cell in cells],
        "Kind": [cell.name for cell in cells],
        "Applications": [cell.number for cell in cells],
        "Share of all (%)": [_percentage(cell.number, confusion.resolved) for cell in cells],
        "Share of the outcome (%)": [_percentage(cell.number, cell.of_outcome) for cell in cells],
    }
    if against is not None:
        others = _cells(against.value)
        table[f"{against.name}: applications"] = [cell.number for cell in others]
        table[f"{against.name}: share of the outcome (%)"] = [
            _percentage(cell.number, cell.of_outcome) for cell in others
        ]
    return table


def _cells(confusion: Confusion) -> tuple[_Cell, ...]:
    defaults, repaid = confusion.defaults, confusion.non_defaults
    return (
        _Cell("True declines", confusion.true_declines, defaults, "defaults", "declined"),
        _Cell("False approvals", confusion.false_approvals, defaults, "defaults", "approved"),
        _Cell("False declines", confusion.false_declines, repaid, "non-defaults", "declined"),
        _Cell("True approvals", confusion.true_approvals, repaid, "non-defaults", "approved"),
    )


def _title(confusion: Confusion) -> str:
    caught, lost = confusion.recall, confusion.false_positive_rate
    if caught.value is None or lost.value is None:
        share, noun = (lost, "non-defaults") if caught.value is None else (caught, "defaults")
        return f"Declines {percent(share.value, 1)} of {noun}; there is no other outcome"
    if is_too_wide(caught) or is_too_wide(lost):
        return "Too few to conclude how well the cutoff tells defaults from non-defaults"
    return f"Declines {percent(caught.value, 1)} of defaults and {percent(lost.value, 1)} of non-defaults"


def _subtitle(confusion: Confusion) -> str:
    n_open = confusion.applications - confusion.resolved
    left_out = f"; {count(n_open)} open left out" if n_open else ""
    return f"Decisions at a cutoff of {cutoff_percent(confusion.cutoff)} against observed outcomes{left_out}"


def _frame(place: tuple[int, int], cell: _Cell, total: int, theme: FigureTheme) -> dict[str, object]:
    x, y = place
    colour = theme.good if cell.is_right else theme.bad
    return {
        "type": "rect",
        "x0": x - 0.49,
        "x1": x + 0.49,
        "y0": y - 0.48,
        "y1": y + 0.48,
        "layer": "below",
        "fillcolor": translucent(colour, _opacity(cell, total)),
        # Wrong decisions have a dashed edge, so that they differ without colour too.
        "line": {"color": colour, "width": 1.5, "dash": "solid" if cell.is_right else "dash"},
    }


def _opacity(cell: _Cell, total: int) -> float:
    return 0.08 + 0.3 * cell.number / total


def _words(confusion: Confusion, against: Named[Confusion] | None, theme: FigureTheme) -> go.Scatter:
    texts = [_text(cell, confusion.resolved) for cell in _cells(confusion)]
    if against is not None:
        name = worded_name(against.name)
        others = [f"<br><i>{name}: {_worded_share(cell)}</i>" for cell in _cells(against.value)]
        texts = [text + other for text, other in zip(texts, others, strict=True)]
    return go.Scatter(
        x=[x for x, _ in _PLACES],
        y=[y for _, y in _PLACES],
        mode="text",
        text=texts,
        hoverinfo="skip",
        textfont={"size": 13, "color": theme.text},
    )


def _text(cell: _Cell, total: int) -> str:
    name, number, *shares = _lines(cell, total)
    return "<br>".join([name, f"<b>{number}</b>", *shares])


def _lines(cell: _Cell, total: int) -> list[str]:
    of_all = f"{percent(cell.number / total, 1)} of all"
    return [cell.name, count(cell.number), of_all, f"{_worded_share(cell)} of row"]


def _worded_share(cell: _Cell) -> str:
    return percent(cell.number / cell.of_outcome if cell.of_outcome else None, 1)


def _percentage(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _of_all(number: int, total: int) -> str:
    return f"{count(number)} ({percent(number / total, 1)})"


def _axes(confusion: Confusion) -> dict[str, dict[str, Any]]:
    total = confusion.resolved
    columns = [
        f"<b>{word}</b><br>{_of_all(number, total)}"
        for word, number in (("Declined", confusion.resolved_declined), ("Approved", confusion.resolved_approved))
    ]
    rows = [
        f"<b>{word}</b><br>{count(number)}<br>{percent(number / total, 1)}"
        for word, number in (("Repaid", confusion.non_defaults), ("Defaulted", confusion.defaults))
    ]
    shared = {"showgrid": False, "showline": False, "ticks": "", "range": [-0.5, 1.5], "tickvals": [0, 1]}
    return {"x": {"ticktext": columns, "side": "top", **shared}, "y": {"ticktext": rows, **shared}}
