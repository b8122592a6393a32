"""Parts that all curves over cutoffs share: lines, the mark of the current cutoff, and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.template import FigureTheme, Named, Table, add_note, translucent, worded_name
from dashboard.follow.slots import Kind, Slot, Word
from dashboard.metrics.counts import FloatArray
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import Confusion
from dashboard.words.labels import cutoff_percent

# No conclusion is drawn from a share whose interval is wider than this.
TOO_WIDE = 0.2


def is_too_wide(estimate: Estimate) -> bool:
    """Whether a share's interval is missing or too wide for a conclusion."""
    return estimate.low is None or estimate.high is None or estimate.high - estimate.low > TOO_WIDE


def set_legend(figure: go.Figure, *, shown: bool) -> None:
    """Show the legend in its row above the plot, or leave out both."""
    figure.layout.showlegend = shown
    figure.layout.margin.t = 92 if shown else 68


def curve_line(
    x: FloatArray,
    y: FloatArray,
    cutoff: FloatArray,
    *,
    theme: FigureTheme,
    hover: str,
    against: str = "",
    own: str = "",
    compared: bool = False,
    shape: str = "linear",
) -> go.Scatter:
    """A curve of two shares (0 to 1) over cutoffs: that of `own`, or dashed that of the cohort called `against`.

    `hover` is the template that words %{x}, %{y} and the cutoff %{customdata}. Without a comparison, the area under the
    curve is filled.
    """
    name = worded_name(against or own)
    return go.Scatter(
        name=name,
        x=(100 * x).astype(np.float32),
        y=(100 * y).astype(np.float32),
        customdata=(100 * np.minimum(cutoff, 1.0)).astype(np.float32),
        mode="lines",
        # Plotly's own simplification would make a visible polygon of a curve that is already thinned.
        line={
            "color": theme.against if against else theme.accent,
            "width": 2 if against else 2.5,
            "dash": "dash" if against else "solid",
            "shape": shape,
            "simplify": False,
        },
        fill="none" if compared else "tozeroy",
        fillcolor=translucent(theme.accent, 0.08),
        hovertemplate=f"{hover}<extra>{name if compared else ''}</extra>",
    )


def reference_line(x: Sequence[float], y: Sequence[float], theme: FigureTheme, name: str, dash: str) -> go.Scatter:
    """A thin line to compare a curve with, through points given as shares."""
    return go.Scatter(
        name=name,
        x=100 * np.array(x, dtype=np.float32),
        y=100 * np.array(y, dtype=np.float32),
        mode="lines",
        hoverinfo="skip",
        line={"color": theme.mark, "width": 1, "dash": dash},
    )


def mark_point(figure: go.Figure, x: float, y: float, theme: FigureTheme) -> None:
    """Mark the current cutoff's point, given as shares, with a diamond."""
    figure.add_trace(
        go.Scatter(
            x=[100 * x],
            y=[100 * y],
            mode="markers",
            hoverinfo="skip",
            cliponaxis=False,
            showlegend=False,
            marker={"color": theme.bad, "size": 11, "symbol": "diamond", "line": {"color": "#ffffff", "width": 1.5}},
        )
    )


def note_cutoff(figure: go.Figure, cutoff: float, words: Sequence[str], *, at_top: bool = False) -> None:
    """Explain the diamond in a right-hand corner, line by line."""
    note_corner(figure, [f"<b>◆ cutoff {cutoff_percent(cutoff)}</b>", *words], y=0.97 if at_top else 0.04)


def follow_point(x: Word, y: Word) -> Slot:
    """Let the diamond, the figure's last point, follow the cutoff to `x` and `y` in the units of the axes."""
    return Slot(".scatterlayer .points path", Kind.POINT, lambda e: f"{x(e)} {y(e)}", -1, names_cutoff=True)


def follow_note(words: Callable[[Confusion], Sequence[str]]) -> Slot:
    """Let what `note_cutoff` wrote, the figure's last note, follow the cutoff."""
    return Slot(
        ".annotation-text",
        Kind.TEXT,
        lambda e: "\n".join([f"◆ cutoff {cutoff_percent(e.confusion.cutoff)}", *words(e.confusion)]),
        -1,
        names_cutoff=True,
    )


def axis_percent(share: float | None) -> str:
    """A share as an axis of percents has it."""
    return "NaN" if share is None else f"{100 * share:.2f}"


def note_corner(figure: go.Figure, lines: Sequence[str], *, y: float) -> None:
    """Write lines at the right edge, from the height `y` (0 to 1) towards the middle."""
    anchor = "top" if y > 0.5 else "bottom"
    text = "<br>".join(lines)
    add_note(figure, text, x=1, y=y, xref="x domain", yref="y domain", xanchor="right", yanchor=anchor, align="right")


def point_table(headers: Sequence[str], shares: Sequence[FloatArray] | None) -> Table:
    """Columns of shares as percentages, empty without a curve; the infinite cutoff that declines nobody is None."""
    columns: Sequence[Sequence[float]] = [part.tolist() for part in shares] if shares else [()] * len(headers)
    return {
        header: [100 * share if math.isfinite(share) else None for share in column]
        for header, column in zip(headers, columns, strict=True)
    }


def stacked(own: Table, against: Named[Table] | None) -> Table:
    """The table of a curve, followed by that of `against` if given; the first column then names the cohort."""
    if against is None:
        return own
    names = [against.own] * _height(own) + [against.name] * _height(against.value)
    return {"Of": names} | {header: [*own[header], *against.value[header]] for header in own}


def _height(table: Table) -> int:
    return len(next(iter(table.values())))
