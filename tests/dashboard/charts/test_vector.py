"""Figures drawn without a browser: where their points come to lie, and that their words are shown literally."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import plotly.graph_objects as go
import pytest

from dashboard.charts.template import LIGHT, add_line, add_note, new_figure, set_axis, worded_name
from dashboard.charts.vector import draw

LINE = replace(LIGHT, mark="#123456")
_PAIR = re.compile(r"(-?[\d.]+) (-?[\d.]+)")


def paths(svg: bytes, stroke: str) -> list[list[tuple[float, float]]]:
    """The points of each path that is drawn in the colour `stroke`."""
    return [
        [(float(x), float(y)) for x, y in _PAIR.findall(element.attrib["d"])]
        for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
        if f"stroke: {stroke}" in element.attrib.get("style", "")
    ]


def texts(svg: bytes) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def figure_of(*traces: go.Scatter | go.Bar) -> go.Figure:
    figure = new_figure("A title", dark=False)
    figure.add_traces(traces)
    set_axis(figure, "x", range=[0, 10], ticksuffix=" %", title="Across")
    set_axis(figure, "y", range=[0, 4])
    return figure


def test_points_lie_where_their_values_say() -> None:
    figure = figure_of(go.Scatter(x=[0, 5, 10], y=[0, 1, 4], mode="lines", line={"color": "#d9600f"}))
    add_line(figure, LINE, x=5)
    svg = draw(figure, 800)
    ((start, middle, end),) = paths(svg, "#d9600f")
    # Down is up in SVG: halfway across, and a quarter of the way up.
    assert middle[0] - start[0] == pytest.approx((end[0] - start[0]) / 2, abs=0.01)
    assert start[1] - middle[1] == pytest.approx((start[1] - end[1]) / 4, abs=0.01)
    upright = next(path for path in paths(svg, "#123456") if len(path) == 2)
    assert upright[0][0] == upright[1][0] == pytest.approx(middle[0], abs=0.01)
    assert ET.fromstring(svg).attrib["width"] == "600pt"  # 800 CSS pixels
    assert texts(svg)[:6] == ["0 %", "2 %", "4 %", "6 %", "8 %", "10 %"]
    assert "Across" in texts(svg)
    assert "A title" not in texts(svg)  # the page writes it


def test_bars_end_at_their_values_and_their_intervals_around_them() -> None:
    bars = go.Bar(
        x=[2, 6],
        y=[1, 3],
        marker={"color": "#3a7cc2", "line": {"color": "#112233", "width": 1}},
        error_y={"array": [0.5, 1], "arrayminus": [0.25, 1], "symmetric": False, "color": "#445566", "width": 0},
    )
    svg = draw(figure_of(bars), 800)
    first, second = paths(svg, "#112233")
    heights = [max(y for _, y in bar) - min(y for _, y in bar) for bar in (first, second)]
    assert heights[1] == pytest.approx(3 * heights[0], abs=0.05)
    spans = [(max(y for _, y in error), min(y for _, y in error)) for error in paths(svg, "#445566")]
    one = heights[0]
    assert [low - high for low, high in spans[:2]] == pytest.approx([0.75 * one, 2 * one], abs=0.05)
    assert spans[0][0] == pytest.approx(max(y for _, y in first) - 0.75 * one, abs=0.05)


def test_names_are_shown_as_they_are() -> None:
    name = "$a_1$ <script> & %{x}"
    figure = figure_of(
        go.Scatter(x=[1], y=[1], mode="markers", name=worded_name(name)), go.Scatter(x=[2], y=[2], name="Other")
    )
    add_note(figure, f"<b>{worded_name(name)}</b><br>below", x=1, y=2)
    shown = texts(draw(figure, 800))
    assert shown.count(name) == 2
    assert "below" in shown


def test_a_note_at_the_right_end_is_not_cut_off() -> None:
    figure = figure_of(go.Scatter(x=[0, 10], y=[0, 4], mode="lines", line={"color": "#d9600f"}))
    free = paths(draw(figure, 800), "#d9600f")[0][-1][0]
    add_note(figure, "a note of some length", x=10, y=2, xanchor="left")
    # Its letters are at least 4 points wide on average.
    assert paths(draw(figure, 800), "#d9600f")[0][-1][0] < free - 4 * len("a note of some length")


def test_what_cannot_be_drawn_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(NotImplementedError, match="pie"):
        draw(figure_of().add_trace(go.Pie(values=[1, 2])), 800)


def test_the_same_figure_is_drawn_the_same() -> None:
    figure = figure_of(go.Scatter(x=[0, 10], y=[0, 4], fill="tozeroy", fillcolor="rgba(1,2,3,0.5)"))
    assert draw(figure, 700) == draw(figure, 700)
