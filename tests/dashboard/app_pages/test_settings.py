"""The page Settings: what is typed there holds everywhere, and goes back to the defaults in one step."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def test_a_percentage_is_typed_as_such_and_all_goes_back(open_page: OpenPage) -> None:
    app = open_page("settings", {"cost.fn": "7"})
    assert app.number_input(key="widget.lgd.settings").value == 45.0
    assert app.number_input(key="widget.cost.fn.settings").value == 7.0
    app.number_input(key="widget.lgd.settings").set_value(12.5).run()
    assert app.query_params["lgd"] == "0.125"
    reset = next(button for button in app.button if button.label == "Back to the defaults")
    reset.click().run()
    assert "lgd" not in app.query_params
    assert app.number_input(key="widget.cost.fn.settings").value == 10.0
    assert next(button for button in app.button if button.label == "Back to the defaults").disabled
