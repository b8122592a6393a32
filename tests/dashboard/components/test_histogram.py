"""The small histogram of a filter, read back from its boxes."""

from __future__ import annotations

import re

from dashboard.cohort.bins import ValueGrid
from dashboard.components.histogram import histogram_html


def bars(html: str) -> list[tuple[float, float]]:
    """Height in pixels and opacity of each box."""
    found = re.findall(r"flex:1;height:([\d.]+)px;background:currentColor;opacity:([\d.]+)", html)
    return [(float(height), float(opacity)) for height, opacity in found]


def grid(*counts: int) -> ValueGrid:
    return ValueGrid(tuple(map(float, range(len(counts) + 1))), counts, (), 0)


def test_boxes_are_as_high_as_their_counts_and_pale_outside_the_range() -> None:
    # The tallest takes all 40 pixels; 1 of 1,000 would be 0.04 and is still seen.
    shown = bars(histogram_html(grid(1_000, 500, 0, 1), 1.0, 3.0))
    assert shown == [(40.0, 0.2), (20.0, 0.6), (0.0, 0.6), (1.0, 0.2)]


def test_a_step_that_is_cut_by_the_range_is_outside() -> None:
    assert [opacity for _, opacity in bars(histogram_html(grid(1, 1, 1), 0.5, 2.0))] == [0.2, 0.6, 0.2]


def test_without_a_row_there_are_boxes_of_no_height() -> None:
    assert bars(histogram_html(grid(0, 0), 0.0, 2.0)) == [(0.0, 0.6)] * 2
