"""Tabs: the one that the visit names is open, and nothing else runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("query", "opened"),
    [({}, "Reliability"), ({"cal.tab": "Risk bands"}, "Risk bands"), ({"cal.tab": "none of them"}, "Reliability")],
)
def test_the_tab_of_the_link_is_open_else_the_first(query: dict[str, str], opened: str, open_page: OpenPage) -> None:
    app = open_page("calibration", query)
    filled = {tab.label: len(tab.children) for tab in app.main.tabs}
    assert filled[opened] > 0
    assert sum(n > 0 for n in filled.values()) == 1
