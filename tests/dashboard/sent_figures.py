"""The figures that a page sends to the browser, as the browser reads them."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def sent(app: AppTest) -> list[dict[str, Any]]:
    """All that goes to the browser for each figure of the page, in order; the figure itself is JSON in it."""
    return [json.loads(element.proto.bytes) for element in app.get("bidi_component")]


def shown(app: AppTest) -> list[dict[str, Any]]:
    """The figures of the page: data and layout."""
    return [json.loads(each["figure"]) for each in sent(app)]


def alts(app: AppTest) -> list[str]:
    """What the page says of each figure for who cannot see it."""
    return [each["alt"] for each in sent(app)]


def titles(app: AppTest) -> list[str]:
    """The element above each figure: its title and subtitle, as HTML."""
    return [element.proto.body for element in app.get("html") if "data-figure" in element.proto.body]


def tell(app: AppTest, event: str, value: object, place: int = 0) -> None:
    """Run the page as the browser asks for it after a click in a figure; the harness knows no such click."""
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = f"$$STREAMLIT_INTERNAL_KEY_{app.get('bidi_component')[place].proto.id}__events"
    state.json_trigger_value = json.dumps([{"event": event, "value": value}])
    app._run(states)
    assert [error.value for error in app.exception] == []
