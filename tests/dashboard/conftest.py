"""Pages through Streamlit's own test harness, as a link opens them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from data.settings import ROOT, Settings, load_settings

APP = str(ROOT / "dashboard" / "app.py")
OpenPage = Callable[..., AppTest]


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


@pytest.fixture(name="copied")
def copy_of_what_was_built(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Settings, cache.Dataset]]:
    """A copy of the built portfolio that a test may change, and its dataset; the pages of this process show it."""
    for name, folder in (("PROCESSED", built.processed), ("MODEL", built.model)):
        shutil.copytree(folder, tmp_path / folder.name)
        monkeypatch.setenv(f"SCOREROOM_{name}", str(tmp_path / folder.name))
    cache.settings.clear()
    yield load_settings(), cache.open_dataset(cache.Location())
    cache.settings.clear()
