"""Notes belong to their applicant, and outlast the tab."""

from __future__ import annotations

import polars as pl
from streamlit.testing.v1 import AppTest

from dashboard.visit.drafts import NEW
from tests.dashboard.applicants import OpenPage, turned

NOTE = "Called the applicant.\n<script>alert(1)</script> & <b>income</b> confirmed: 25,000.5"


def test_a_note_belongs_to_its_applicant_and_outlasts_the_tab(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    number = str(ranked["SK_ID_CURR"][0])
    app = open_page("applicant", {"applicant": number, "appl.tab": "Record"})
    app.text_area(key="record.note").input(NOTE).run()
    turned(app, "Why")
    assert not app.text_area
    turned(app, "Record")
    assert app.text_area(key="record.note").value == NOTE
    app.sidebar.button(key="panel.new").click().run()
    assert app.text_area(key="record.note").value == ""
    app.text_area(key="record.note").input("of a new one").run()
    app.sidebar.text_input[0].input(number).run()
    assert app.text_area(key="record.note").value == NOTE
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    assert app.text_area(key="record.note").value == NOTE
    # A note is nobody's business but the record's.
    assert "alert" not in str(dict(app.query_params))


def notes_of(app: AppTest) -> dict[str, str]:
    found: dict[str, str] = app.session_state["record.notes"]
    return found


def test_the_note_on_a_new_applicant_is_forgotten_with_the_next_one(ranked: pl.DataFrame, open_page: OpenPage) -> None:
    number = str(ranked["SK_ID_CURR"][0])
    app = open_page("applicant", {"applicant": number, "appl.tab": "Record"})
    app.text_area(key="record.note").input("of a file").run()
    app.sidebar.button(key="panel.new").click().run()
    app.text_area(key="record.note").input("of a new one").run()
    assert notes_of(app) == {number: "of a file", NEW: "of a new one"}
    # An edit is still the same new applicant.
    app.number_input(key="form.AMT_CREDIT").set_value(25_000.5).run()
    assert app.text_area(key="record.note").value == "of a new one"
    app.sidebar.button(key="panel.new").click().run()
    assert app.text_area(key="record.note").value == ""
    assert notes_of(app) == {number: "of a file"}
    app.text_area(key="record.note").input("of another one").run()
    app.sidebar.text_input[0].input(number).run()
    assert app.text_area(key="record.note").value == "of a file"
    app.sidebar.button(key="panel.new").click().run()
    assert app.text_area(key="record.note").value == ""
