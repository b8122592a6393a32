"""What the page sends of a figure to the browser, and what comes back."""

from __future__ import annotations

import json

import plotly.graph_objects as go
from streamlit.testing.v1 import AppTest

from dashboard.charts.inline import figure_json
from dashboard.charts.template import DARK, LIGHT, new_figure
from dashboard.components.plot import token_of
from tests.dashboard import sent_figures


def drawn(height: int) -> go.Figure:
    figure = new_figure("Title", "Subtitle", dark=False)
    figure.layout.height = height
    return figure


def page(name: str) -> None:
    from dashboard.charts.chart import Chart
    from dashboard.charts.inline import figure_json
    from dashboard.charts.template import new_figure
    from dashboard.components.plot import render_plot, token_of

    chart = Chart(name, "Segments", new_figure("Title", "Subtitle", dark=False), "Nothing < to see", {})
    figure = figure_json(chart.figure)
    render_plot(chart, figure, token_of("one", figure), key="one", selectable=True)


def test_a_figure_goes_to_the_browser_with_all_that_stands_around_it() -> None:
    app = AppTest.from_function(page, args=("roc",)).run()
    assert not app.exception
    (told,) = sent_figures.sent(app)
    figure = told.pop("figure")
    assert json.loads(figure) == json.loads(figure_json(drawn(360)))
    assert told.pop("script").startswith("plotly/")
    # 92 pixels of the 360 are for the title, of which the legend's 36 stay.
    assert told == {
        "key": "one",
        "token": token_of("one", figure.encode()),
        "name": "roc",
        "title": "Title",
        "subtitle": "Subtitle",
        "alt": "Nothing < to see",
        "height": 304,
        "selectable": True,
        "colours": [
            [LIGHT.text, DARK.text],
            [LIGHT.muted, DARK.muted],
            [LIGHT.grid, DARK.grid],
            ["#ffffff", "#1a212b"],
        ],
    }


def test_the_figures_name_changes_with_the_figure_and_the_chart_alone() -> None:
    assert token_of("roc", figure_json(drawn(360))) == token_of("roc", figure_json(drawn(360)))
    assert token_of("roc", figure_json(drawn(360))) != token_of("roc", figure_json(drawn(361)))
    # Two charts with nothing to draw look the same.
    assert token_of("roc", figure_json(drawn(360))) != token_of("cap", figure_json(drawn(360)))
