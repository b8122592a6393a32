"""Colours, dashes and texts of Plotly's as Matplotlib takes them."""

from __future__ import annotations

import pytest

from dashboard.charts.marks import dashes, plain, shade
from dashboard.charts.template import worded_name


def test_colours_are_shares_of_red_green_and_blue() -> None:
    assert shade("#ff0033") == (1, 0, 0.2, 1)
    assert shade("rgba(51,102,255,0.25)") == (0.2, 0.4, 1, 0.25)


def test_dashes_grow_with_the_line_as_in_plotly() -> None:
    assert dashes("solid", 2) == "solid"
    assert dashes("dot", 1) == (0, (2.25, 2.25))  # 3 pixels, the least
    assert dashes("dash", 4) == (0, (9, 9))
    assert dashes("5px,2px", 1) == (0, (3.75, 1.5))


@pytest.mark.parametrize("text", ["a < b & c", "&lt;", "100 %", "%{x}", "<b>bold</b>"])
def test_plain_undoes_what_a_name_is_escaped_with(text: str) -> None:
    assert plain(worded_name(text)) == text
