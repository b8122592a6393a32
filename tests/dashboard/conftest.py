"""Pages through Streamlit's own test harness, as a link opens them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache, journal
from data.home_credit import embedded
from data.settings import ROOT, Settings, load_settings
from inference.model.session import ScoringSession

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
    cache.base_settings.clear()
    yield load_settings(), cache.open_dataset(cache.Location())
    cache.base_settings.clear()


@pytest.fixture(name="session", scope="session")
def fixture_session(built: Settings) -> ScoringSession:
    return ScoringSession.open(built.model, embedded.DEFINITION)


@pytest.fixture(name="ranked", scope="session")
def fixture_ranked(built: Settings, session: ScoringSession) -> pl.DataFrame:
    """The application table with the published model's PD, the riskiest first."""
    rows = pl.read_parquet(built.applications)
    return rows.with_columns(pl.Series("pd", session.score_frame(rows))).sort("pd", "SK_ID_CURR", descending=True)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that events are written to."""
    monkeypatch.setattr(journal, "_log", None)
    path = tmp_path / "log.jsonl"
    with closing(journal.open_log("info", path)):
        yield path


def events(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(name="filed")
def fixture_filed(frame: pl.DataFrame) -> dict[int, float]:
    """The PD by a model that had not seen the application, by number."""
    return dict(frame.select("application_id", "default_probability").iter_rows())
