"""Assumptions as inputs: each can be typed, a share as a percentage, and beside a chart as on the page Settings."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def test_every_assumption_of_the_profit_is_typed(open_page: OpenPage) -> None:
    app = open_page("cutoff", {"cutoff.tab": "Profit", "margin": "0.07"})
    typed = {box.label: box.value for box in app.number_input}
    assert typed["Margin (% of EAD)"] == 7.0
    assert typed["LGD (% of EAD)"] == 45.0
    app.number_input(key="widget.margin").set_value(7.25).run()
    # 7.25 / 100 as the decimal that was typed, not as the number next to it.
    assert app.query_params["margin"] == "0.0725"


def test_every_assumption_of_the_costs_is_typed(open_page: OpenPage) -> None:
    app = open_page("cutoff", {"cutoff.tab": "Costs"})
    app.number_input(key="widget.cost.fn").set_value(20.0).run()
    assert app.query_params["cost.fn"] == "20"
    assert [slider.label for slider in app.main.slider] == ["Cutoff (PD)"]
