"""Pages through Streamlit's own test harness, as a link opens them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from data.settings import ROOT, Settings

APP = str(ROOT / "dashboard" / "app.py")
OpenPage = Callable[..., AppTest]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/app/" in item.path.as_posix() and "built" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("built"))


@pytest.fixture
def open_page(built: Settings, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """A function that opens the page at `path` in a fresh visit, as a link with `query` does, without an exception."""

    def opened(
        path: str, query: Mapping[str, str | list[str]] | None = None, arguments: tuple[str, ...] = ()
    ) -> AppTest:
        monkeypatch.setattr(sys, "argv", [APP, *arguments])
        app = AppTest.from_file(APP, default_timeout=60)
        for name, text in (query or {}).items():
            app.query_params[name] = text
        app.run()
        shown = {page.get("url_pathname"): key for key, page in app._registered_pages.items()}
        if path in shown:
            app._page_hash = shown[path]
            app.run()
        assert [error.value for error in app.exception] == []
        return app

    return opened


@pytest.fixture
def frame(built: Settings) -> pl.DataFrame:
    """The built portfolio's predictions, as they are stored."""
    return pl.read_parquet(built.predictions)
