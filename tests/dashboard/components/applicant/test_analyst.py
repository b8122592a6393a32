"""The analyst's name: asked for once, and remembered for its reader."""

from __future__ import annotations

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from data.settings import Settings
from tests.dashboard.applicants import OpenPage


def opened(open_page: OpenPage, ranked: pl.DataFrame, row: int) -> AppTest:
    return open_page("applicant", {"applicant": str(ranked["SK_ID_CURR"][row]), "appl.tab": "Record"})


def test_the_name_is_there_in_the_next_visit_of_its_reader_alone(
    ranked: pl.DataFrame, copied: tuple[Settings, object], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {}
    for reader, typed in (("browser a", "A. Analyst"), ("browser b", ""), ("browser a", ""), ("", "")):
        monkeypatch.setattr(state, "own_reader", lambda reader=reader: reader)
        app = opened(open_page, ranked, 0)
        if typed:
            app.text_input(key="record.analyst").input(typed).run()
        names[reader] = app.text_input(key="record.analyst").value
    assert names == {"browser a": "A. Analyst", "browser b": "", "": ""}
