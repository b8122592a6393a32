"""A small histogram for a filter, drawn with boxes that take their colour from the page's text."""

from __future__ import annotations

from dashboard.cohort.bins import ValueGrid

_HEIGHT = 40
_PALE, _STRONG = 0.2, 0.6


def histogram_html(grid: ValueGrid, low: float, high: float) -> str:
    """The portfolio's rows between the stops of `grid`, those outside `low` to `high` paler; as wide as its place."""
    tallest = max(grid.counts, default=0) or 1
    bars = "".join(
        # A stop that holds any row at all is seen to.
        f'<div style="flex:1;height:{max(_HEIGHT * count / tallest, 1 if count else 0):.1f}px;background:currentColor;'
        f'opacity:{_STRONG if low <= start and end <= high else _PALE}"></div>'
        for count, start, end in zip(grid.counts, grid.stops, grid.stops[1:], strict=False)
    )
    place = f"display:flex;align-items:flex-end;gap:1px;height:{_HEIGHT}px"
    return f'<div role="img" aria-label="Histogram of the portfolio" style="{place}">{bars}</div>'
