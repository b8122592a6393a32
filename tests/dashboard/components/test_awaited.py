"""Contributions that come while the dashboard is open."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from data.settings import Settings
from data.store.build_lock import build_lock
from tests.dashboard import sent_figures

OpenPage = Callable[..., AppTest]


def test_a_page_says_that_they_are_being_computed_and_shows_them_once_they_are_there(
    built: Settings, open_page: OpenPage
) -> None:
    away = built.contributions.with_name("away")
    built.contributions.rename(away)
    try:
        with build_lock(built.processed):
            waiting = open_page("explanation")
            assert "The contributions are being computed" in waiting.info[0].value
        # Whoever computes them has gone without leaving any.
        assert "have not been computed yet" in waiting.run().info[0].value
    finally:
        away.rename(built.contributions)
    shown = waiting.run()
    assert [info.value for info in shown.info if "contributions" in info.value.lower()] == []
    assert sent_figures.shown(shown)
