"""Cards and tables of a page as files: their numbers as they were computed, their texts as they read."""

from __future__ import annotations

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from streamlit.testing.v1 import AppTest

from dashboard.charts.template import Table
from dashboard.components.downloads import unmarked
from dashboard.report.paper_book import tables_xlsx
from dashboard.words import labels

HOSTILE = "=1+1 *a* <b> www.example.com 5 %"


def page() -> None:
    import streamlit as st

    from dashboard.charts.template import Named
    from dashboard.components.downloads import _frame, _noted, begin_page, note_card
    from dashboard.components.metric_card import card_grid, render_estimate, render_metric
    from dashboard.components.table import render_frame, render_small_table
    from dashboard.metrics.estimate import Estimate
    from dashboard.words import labels

    hostile = "=1+1 *a* <b> www.example.com 5 %"
    begin_page()
    with card_grid("key-figures", 3):
        note_card(
            "AUC",
            "0.765",
            estimate=Estimate(0.7654321, 0.7, 0.8),
            other=Named("Rest", Estimate(0.5)),
            difference=Estimate(0.2654321, 0.2, 0.3),
        )
        render_estimate("KS", Estimate.undefined("no defaults"), labels.decimal, help_text="")
        render_metric("Risk band", "C", "of six")
    render_metric("Outside any group", "1")
    render_frame({"n": [1, 2], "name": [hostile, None]}, alt="Two rows")
    render_frame({"n": [1]}, alt="Has files of its own", name="")
    render_small_table(["", "Field"], [["1", labels.plain(hostile)]], name="Reasons")
    st.session_state["found"] = {name: _frame(noted).to_dict(as_series=False) for name, noted in _noted().items()}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, list[Any]]]:
    app = AppTest.from_function(page).run()
    assert not app.exception
    tables: dict[str, dict[str, list[Any]]] = app.session_state["found"]
    return tables


def test_a_group_of_cards_is_a_table_of_values_and_intervals(found: dict[str, dict[str, list[Any]]]) -> None:
    cards = found["Key figures"]
    assert cards["Figure"] == ["AUC", "KS", "Risk band"]
    assert cards["Shown"] == ["0.765", labels.NOT_DEFINED, "C"]
    assert cards["Value"] == [0.7654321, None, None]
    assert cards["Lower end, 95 %"] == [0.7, None, None]
    assert cards["Rest: Value"] == [0.5, None, None]
    assert cards["Difference: Value"] == [0.2654321, None, None]
    assert cards["Note"] == [None, None, "of six"]


def test_tables_are_offered_with_their_texts_as_they_read(found: dict[str, dict[str, list[Any]]]) -> None:
    assert list(found) == ["Key figures", "Two rows", "Reasons"]
    assert found["Two rows"] == {"n": [1, 2], "name": [HOSTILE, None]}
    assert found["Reasons"] == {"": ["1"], "Field": [HOSTILE]}


@pytest.mark.parametrize("text", [HOSTILE, r"a\b", "[x](y) $z$ `c` ~d~ :e: {f} #g", "- 1. x", "http://a.b/c_d"])
def test_unmarked_undoes_plain(text: str) -> None:
    assert unmarked(labels.plain(text)) == text


def test_a_workbook_of_tables_has_a_sheet_each_and_runs_nothing() -> None:
    tables: list[tuple[str, Table]] = [
        ("Two rows", {"=n": [1, 2.5], "name": [HOSTILE, None]}),
        ("two ROWS", {"a": [True]}),
        ("[*]", {"b": [1]}),
    ]
    book = CalamineWorkbook.from_filelike(io.BytesIO(tables_xlsx(tables)))
    assert len(book.sheet_names) == 3
    first = book.get_sheet_by_name(book.sheet_names[0]).to_python()
    assert first == [["Two rows", ""], ["=n", "name"], [1.0, HOSTILE], [2.5, ""]]


def test_files_call_scores_that_are_no_probabilities_what_the_screen_calls_them() -> None:
    def places() -> None:
        import polars as pl
        import streamlit as st

        from dashboard.components.downloads import begin_page, card_group
        from dashboard.components.metric_card import render_metric
        from dashboard.components.table import render_frame

        begin_page()
        st.session_state["visit.places"] = True
        render_frame(pl.DataFrame({"PD": [0.5], "Mean PD": [0.25]}), alt="PDs by row")
        with card_group("Cards"):
            render_metric("Highest PD", "50 %", "of all PDs")

    noted = AppTest.from_function(places).run().session_state["downloads.tables"]
    assert noted["Score places by row"].to_dict(as_series=False) == {"Score place": [0.5], "Mean score place": [0.25]}
    assert noted["Cards"] == [{"Figure": "Highest score place", "Shown": "50 %", "Note": "of all score places"}]
