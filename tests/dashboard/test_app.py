"""The app as a whole: its pages, the panel beside them, and one sentence where there is nothing to show."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.app import PAGES
from data.settings import ROOT, Settings

OpenPage = Callable[..., AppTest]
APP = str(ROOT / "dashboard" / "app.py")


def test_every_page_has_an_address_of_its_own_and_the_first_is_the_server_s(open_page: OpenPage) -> None:
    app = open_page("")
    registered = {str(page["url_pathname"]): str(page["page_name"]) for page in app._registered_pages.values()}
    assert sorted(registered) == sorted(page.path for page in PAGES)
    # Where there is nothing but the embedded portfolio, what opens another one comes first.
    assert next(iter(registered)) == "open"
    assert PAGES[0].path == ""
    assert [title.value for title in app.title] == ["Today"]
    # The address says all of the visit when the first run ends.
    assert app.query_params["cutoff"] == "9.09"


def test_the_panel_stands_beside_every_page(open_page: OpenPage, built: Settings) -> None:
    identifier = cache.first_id(cache.open_dataset(cache.Location()))
    for path in ("cutoff", "model-card"):
        app = open_page(path, {"applicant": str(identifier)})
        assert [metric.label for metric in app.sidebar.metric] == ["PD, out of fold"]


def test_without_predictions_there_is_one_sentence_and_nothing_else(
    copied: tuple[Settings, cache.Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied[0].predictions.unlink()
    monkeypatch.setattr(sys, "argv", [APP])
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert [title.value for title in app.title] == ["Scoreroom"]
    (error,) = app.error
    assert "predictions.parquet" in error.value.replace("\\", "")
    assert "make build" in error.value
    assert not app.metric
    assert not app.sidebar.text_input
