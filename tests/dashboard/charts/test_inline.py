"""Figures for a page without a server."""

from __future__ import annotations

import json
from importlib.metadata import version

from dashboard.charts.inline import drawing_script, figures_json
from dashboard.charts.template import add_note, new_figure

HOSTILE = "</script><!-- & --><script>"


def test_figures_come_back_without_their_titles_and_the_room_for_them() -> None:
    figure = new_figure("Title", HOSTILE, dark=False)
    add_note(figure, HOSTILE, x=0, y=0)
    text = figures_json([figure, figure])
    assert not set("<>&") & set(text)
    (first, second) = json.loads(text)
    assert first == second
    assert first["layout"]["annotations"][0]["text"] == HOSTILE
    assert "title" not in first["layout"]
    assert (first["layout"]["height"], first["layout"]["margin"]["t"]) == (360 - 92 + 36, 36)
    # The figure itself is as it was.
    assert figure.layout.title.text == "Title"


def test_the_script_is_whole_and_cannot_end_its_element() -> None:
    script = drawing_script()
    assert script.lstrip().startswith("/**\n* plotly.js v")
    assert "</script" not in script.lower()
    assert version("plotly")
