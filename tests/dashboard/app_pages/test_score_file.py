"""The page that scores a dropped file, through Streamlit's own test harness: what browsers are not needed for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.app_pages.score_file import _template
from dashboard.visit import visit
from dashboard.visit.drafts import NEW, Draft, make_edits
from data.files.batch_limits import LIMITS
from data.home_credit import embedded
from data.settings import Settings
from inference.explain.reasons import batch_reasons
from inference.inventory.store import delete
from inference.model.build import PublishedModel
from inference.model.decision import BAND_EDGES
from inference.model.session import ScoringSession
from scripts._embedded import FEATURES
from tests.dashboard.challengers import add_model

OpenPage = Callable[..., AppTest]
CUTOFF = 0.0909
ROWS = 300


@pytest.fixture(name="table")
def fixture_table(built: Settings) -> pl.DataFrame:
    """Some of the application table, without outcomes."""
    return pl.read_parquet(built.applications).drop(embedded.TARGET).slice(1_000, ROWS)


@pytest.fixture(name="pds")
def fixture_pds(built: Settings, table: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Their PDs by the published model."""
    return np.array([float(str(pd)) for pd in ScoringSession.open(built.model, embedded.DEFINITION).score_frame(table)])


def drop(app: AppTest, table: pl.DataFrame, name: str = "new.csv") -> AppTest:
    (box,) = app.main.file_uploader
    box.set_value((name, table.write_csv().encode(), "text/csv")).run()
    assert [error.value for error in app.exception] == []
    return app


def dropped(open_page: OpenPage, table: pl.DataFrame, **query: str) -> AppTest:
    """The page of a fresh visit with a file dropped on it."""
    return drop(open_page("score-file", query), table)


def said(app: AppTest, *kinds: str) -> str:
    texts = (str(text.value) for kind in kinds or ("caption", "markdown", "info") for text in getattr(app.main, kind))
    return " ".join(texts).replace("\\", "").replace("\u00a0", " ")


def cards(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.main.metric}


def bands(app: AppTest) -> list[list[str]]:
    """The lines of the table by risk band."""
    (text,) = [str(text.value) for text in app.main.markdown if str(text.value).startswith("| Risk band")]
    plain = text.replace("\\", "").replace("\u00a0", " ")
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in plain.splitlines() if "---" not in line]


def choose_row(app: AppTest, place: int) -> AppTest:
    """Open the row at `place` of the table that is shown as a new applicant."""
    (shown,) = app.main.dataframe
    selection = json.dumps({"selection": {"rows": [place], "columns": [], "cells": []}})
    for is_pressed in (False, True):
        button = app.main.button(key="batch.open")
        if is_pressed:
            assert not button.disabled
            button.click()
        # The harness has no selection of rows: this is what a browser says of one.
        states = app._tree.get_widget_states()
        state = states.widgets.add()
        state.id, state.string_value = shown.proto.id, selection
        app._run(states)
    assert [error.value for error in app.exception] == []
    return app


def draft_of(app: AppTest) -> Draft:
    found = app.session_state["visit"]
    return Draft(found.value(visit.APPLICANT), found.value(visit.EDITS))


# --- What is said of the whole


@pytest.mark.parametrize("whole", [True, False])
def test_bands_are_those_of_going_through_the_rows(
    whole: bool,
    table: pl.DataFrame,
    pds: np.ndarray[Any, np.dtype[np.float64]],
    frame: pl.DataFrame,
    open_page: OpenPage,
) -> None:
    chosen = np.ones(ROWS, dtype=np.bool_) if whole else pds >= 0.04
    app = dropped(open_page, table.filter(pl.Series(chosen)))
    header, *lines = bands(app)
    assert header == ["Risk band", "PD", "This file", "Portfolio"]
    usual = frame["default_probability"].to_numpy().astype(np.float64)
    edges = [0.0, *BAND_EDGES, 1.1]
    wanted = []
    for letter, (low, high) in zip("ABCDEF", itertools.pairwise(edges), strict=True):
        shares = [100 * float(((of >= low) & (of < high)).mean()) for of in (pds[chosen], usual)]
        wanted.append([letter, *(f"{share:.1f} %" for share in shares)])
    assert [[line[0], line[2], line[3]] for line in lines] == wanted
    assert [line[1] for line in lines] == [
        "PD below 2 %",
        "PD from 2 % to 4 %",
        "PD from 4 % to 8 %",
        "PD from 8 % to 16 %",
        "PD from 16 % to 32 %",
        "PD of 32 % and more",
    ]
    # Of a file that was chosen by its PD, other bands are filled than of the portfolio.
    assert ([line[2] for line in lines][:2] == ["0.0 %", "0.0 %"]) == (not whole)


def test_a_pd_on_the_edge_of_a_band_is_in_the_higher_one(built: Settings, open_page: OpenPage) -> None:
    rows = pl.read_parquet(built.applications).drop(embedded.TARGET)
    pds = ScoringSession.open(built.model, embedded.DEFINITION).score_frame(rows).astype(np.float64)
    around = np.concatenate([np.argsort(np.abs(pds - edge))[:40] for edge in BAND_EDGES])
    app = dropped(open_page, rows[np.unique(around).tolist()])
    of = pds[np.unique(around)]
    edges = [0.0, *BAND_EDGES, 1.1]
    counts = [int(((of >= low) & (of < high)).sum()) for low, high in itertools.pairwise(edges)]
    assert [line[2] for line in bands(app)[1:]] == [f"{100 * count / of.size:.1f} %" for count in counts]


def test_pds_are_said_to_be_the_published_model_s(table: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("score-file")
    assert "PDs are the published model's; the portfolio's are out of fold" in said(app, "caption")
    drop(app, table)
    assert "PDs are the published model's; the portfolio's are out of fold" in said(app, "caption")
    (card,) = [metric.proto for metric in app.main.metric if metric.label == "Mean PD"]
    words = " ".join(str(value) for _, value in card.ListFields())
    assert "portfolio: " in words
    assert "out of fold" in words


def test_the_empty_table_has_the_columns_that_the_model_needs(open_page: OpenPage) -> None:
    app = open_page("score-file")
    assert "Empty table (CSV)" in [button.label for button in app.main.download_button]
    header, rest = _template(cache.open_session()).decode().split("\n")
    assert (header.split(","), rest) == (["SK_ID_CURR", *FEATURES.sources], "")


def test_a_file_with_the_columns_of_the_empty_table_is_scored(
    table: pl.DataFrame, pds: np.ndarray[Any, np.dtype[np.float64]], open_page: OpenPage
) -> None:
    app = dropped(open_page, table.select("SK_ID_CURR", *FEATURES.sources))
    assert cards(app)["Applications scored"] == f"{ROWS}"
    assert cards(app)["Approval rate"] == f"{100 * float((pds < CUTOFF).mean()):.2f} %"


# --- Reasons


def scored(app: AppTest) -> pl.DataFrame:
    found: pl.DataFrame = app.session_state["file.slot"].file.scored.frame
    return found


def test_declined_rows_have_the_reasons_of_their_own_cutoff(
    table: pl.DataFrame, pds: np.ndarray[Any, np.dtype[np.float64]], open_page: OpenPage
) -> None:
    app = dropped(open_page, table, cutoff="5")
    titles = [*(embedded.column(name).label for name in FEATURES.sources), "A combination of several values"]
    for cutoff, percent in ((0.05, "5"), (0.12, "12")):
        if cutoff != 0.05:
            app.session_state["visit"] = app.session_state["visit"].with_values({visit.CUTOFF: float(percent)})
            app.run()
            assert "Decisions and reasons are at 5.00 %" in said(app, "info")
            app.main.button(key="batch.again").click().run()
        declined = np.flatnonzero(pds >= cutoff)
        matrix = FEATURES.matrix(table[declined.tolist()])
        reference = cache.reference(cutoff)
        assert reference is not None
        wanted = batch_reasons(table[declined.tolist()], matrix, cache.explainer(), cache.open_session(), reference)
        found = scored(app)
        assert (found["decision"] == "decline").to_numpy().tolist() == (pds >= cutoff).tolist()
        for place in range(4):
            words = [titles[at] if at >= 0 else None for at in wanted[:, place]]
            assert found[f"reason_{place + 1}"].to_numpy()[declined].tolist() == words
            assert found[f"reason_{place + 1}"].null_count() == ROWS - sum(word is not None for word in words)


def test_without_the_trees_a_file_is_scored_without_reasons(
    copied: tuple[Settings, cache.Dataset],
    table: pl.DataFrame,
    pds: np.ndarray[Any, np.dtype[np.float64]],
    open_page: OpenPage,
) -> None:
    (copied[0].model / "model.txt").unlink()
    assert cache.explain_many(CUTOFF) is None
    app = dropped(open_page, table)
    assert not app.main.error
    assert cards(app)["Applications scored"] == f"{ROWS}"
    assert scored(app)["default_probability"].to_numpy().astype(np.float64).tolist() == pds.tolist()
    assert not [name for name in scored(app).columns if name.startswith("reason_")]
    app.session_state["visit"] = app.session_state["visit"].with_values({visit.CUTOFF: 5.0})
    app.run()
    app.main.button(key="batch.again").click().run()
    assert [error.value for error in app.exception] == []
    assert cards(app)["Approval rate"] == f"{100 * float((pds < 0.05).mean()):.2f} %"


def test_without_contributions_a_file_is_scored_without_reasons(
    copied: tuple[Settings, cache.Dataset], table: pl.DataFrame, open_page: OpenPage
) -> None:
    copied[0].contributions.unlink()
    app = dropped(open_page, table)
    assert cards(app)["Applications scored"] == f"{ROWS}"
    assert not [name for name in scored(app).columns if name.startswith("reason_")]


# --- One of its rows


def test_a_row_is_opened_as_it_is_in_the_file(
    table: pl.DataFrame, pds: np.ndarray[Any, np.dtype[np.float64]], open_page: OpenPage
) -> None:
    app = choose_row(dropped(open_page, table, **{"batch.tab": "Rows"}), 2)
    third = int(np.argsort(-pds, kind="stable")[2])
    row = table.drop("SK_ID_CURR").row(third, named=True)
    typical = {name: facts.typical for name, facts in cache.column_facts().items()}
    assert draft_of(app) == Draft(NEW, make_edits(row.items(), embedded.DEFINITION, typical))
    assert draft_of(app).values(typical) == row
    assert app.sidebar.metric[0].value == f"{100 * pds[third]:.2f} %"
    assert "The row is in the side panel as a new applicant" in said(app, "info")


def test_a_row_of_a_level_that_is_too_long_is_answered_in_a_sentence(table: pl.DataFrame, open_page: OpenPage) -> None:
    long = table.with_columns(pl.lit("x" * 200).alias("NAME_INCOME_TYPE"))
    number = str(table["SK_ID_CURR"][0])
    app = choose_row(dropped(open_page, long, applicant=number, **{"batch.tab": "Rows"}), 0)
    assert f"(NAME_INCOME_TYPE) is '{'x' * 38}" in said(app, "error")
    assert "of 1 to 80 printable letters" in said(app, "error")
    # What was there stands.
    assert draft_of(app) == Draft(number)
    assert cards(app)["Applications scored"] == f"{ROWS}"


def test_the_note_on_a_new_applicant_is_forgotten_with_a_row_of_a_file(
    table: pl.DataFrame, open_page: OpenPage
) -> None:
    number = str(table["SK_ID_CURR"][0])
    app = dropped(open_page, table, applicant=number, **{"batch.tab": "Rows"})
    app.session_state["record.notes"] = {number: "of a file", NEW: "of a new one"}
    choose_row(app, 0)
    assert draft_of(app).applicant == NEW
    assert app.session_state["record.notes"] == {number: "of a file"}


def test_a_row_chosen_in_the_last_file_is_none_of_the_next_one(table: pl.DataFrame, open_page: OpenPage) -> None:
    app = choose_row(dropped(open_page, table, **{"batch.tab": "Rows"}), 0)
    before = app.main.dataframe[0].proto.id
    drop(app, table.head(50), "other.csv")
    assert app.main.dataframe[0].proto.id != before
    assert app.main.button(key="batch.open").disabled


# --- What is referred or implausible


def test_what_is_referred_has_no_pd_and_is_listed_by_row(table: pl.DataFrame, open_page: OpenPage) -> None:
    place = pl.int_range(pl.len())
    changed = table.with_columns(
        pl.when(place == 3).then(None).otherwise("AMT_INCOME_TOTAL").alias("AMT_INCOME_TOTAL"),
        pl.when(place == 5).then(9 * pl.col("AMT_CREDIT")).otherwise("AMT_ANNUITY").alias("AMT_ANNUITY"),
    )
    app = dropped(open_page, changed, **{"batch.tab": "What was wrong"})
    assert cards(app)["Applications scored"] == f"{ROWS - 1}"
    assert "1 row referred, because too little is known" in said(app)
    (shown,) = app.main.dataframe
    found = pl.DataFrame(shown.value)
    # Lines of the file, the header the first.
    assert found.filter(pl.col("Line") == 5).rows() == [
        (5, "AMT_INCOME_TOTAL", "Not enough is known to score: income is missing and is needed.")
    ]
    columns = "AMT_ANNUITY, AMT_CREDIT"
    assert (7, columns, "fewer than 3 annuities repay the credit amount") in found.rows()
    assert set(found["Line"]) == {5, 7}
    assert "0 rows left out" not in said(app)
    rows = dropped(open_page, changed, **{"batch.tab": "Rows"})
    assert f"200 of {ROWS} rows, the riskiest first; select one" in said(rows, "caption")
    assert f"Share of the {ROWS - 1} scored rows with a PD below the cutoff. Referred rows (1) are not counted." in {
        metric.help for metric in rows.main.metric
    }
    few = drop(rows, changed[[2, 3, 4]], "few.csv")
    assert "3 rows, the riskiest first, 1 referred without a PD at the end; select one" in said(few, "caption")
    worded = pl.DataFrame(few.main.dataframe[0].value)
    assert worded["Decision"][-1] == "Referred"
    assert set(worded["Decision"][:-1]) <= {"Approved", "Declined"}
    assert worded["PD"][-1] == "–"
    assert set(few.session_state["file.slot"].file.scored.frame["decision"]) <= {"approve", "decline", "refer"}


def test_decisions_on_the_screen_are_in_words(table: pl.DataFrame, open_page: OpenPage) -> None:
    place = pl.int_range(pl.len())
    changed = table.with_columns(pl.when(place > 0).then("AMT_INCOME_TOTAL").alias("AMT_INCOME_TOTAL")).head(100)
    app = dropped(open_page, changed, **{"batch.tab": "Rows"})
    shown, filed = pl.DataFrame(app.main.dataframe[0].value), scored(app)
    # The riskiest come first, and last what has no PD; files hold the service's words.
    order = np.argsort(-filed["default_probability"].fill_null(-1).to_numpy(), kind="stable")
    assert set(filed["decision"]) == {"approve", "decline", "refer"}
    words = {"approve": "Approved", "decline": "Declined", "refer": "Referred"}
    assert shown["Decision"].to_list() == [words[each] for each in filed["decision"][order].to_list()]


# --- What is refused


def test_a_file_that_is_refused_leaves_what_was_there(table: pl.DataFrame, open_page: OpenPage) -> None:
    app = dropped(open_page, table)
    drop(app, pl.DataFrame({"SK_ID_CURR": [1], "other": ["=1+1"]}), "bureau.csv")
    assert "bureau.csv: holds 0 of the" in said(app, "error")
    assert "bureau.csv" not in said(app, "info")
    assert cards(app)["Applications scored"] == f"{ROWS}"
    assert "new.csv" in said(app, "subheader")
    app.main.button(key="batch.remove").click().run()
    assert not app.main.metric
    assert f"Up to {LIMITS.rows:,} rows" in said(app, "caption")


def test_all_doubtful_cells_are_listed_and_pds_are_percentages(table: pl.DataFrame, open_page: OpenPage) -> None:
    row = pl.int_range(pl.len())
    changed = table.with_columns(
        pl.when(row == 3).then(-5.0).otherwise("AMT_CREDIT").alias("AMT_CREDIT"),
        pl.when(row == 5).then(None).otherwise("NAME_INCOME_TYPE").alias("NAME_INCOME_TYPE"),
        pl.when(row == 7)
        .then(pl.lit("Barter"))
        .otherwise(pl.col("NAME_CONTRACT_TYPE").cast(pl.String))
        .alias("NAME_CONTRACT_TYPE"),
    )
    app = dropped(open_page, changed, **{"batch.tab": "What was wrong"})
    assert "1 row referred, because too little is known." in said(app, "markdown")
    assert f"1 value in 1 row of {ROWS} cannot be used; these rows were left out." in said(app, "markdown")
    assert "1 category value never seen; these rows were scored, the category as unknown." in said(app, "markdown")
    assert "NAME_CONTRACT_TYPE holds categories never seen, which are scored as unknown: 'Barter' (1 row)." in said(app)
    noted, faults = [element.value for element in app.main.dataframe]
    assert noted.values.tolist() == [
        [7, "NAME_INCOME_TYPE", "Not enough is known to score: income type is missing and is needed."]
    ]
    assert faults.values.tolist() == [
        [5, "AMT_CREDIT", "-5.0", "a number from 1 to 1,000,000,000, or nothing", "left out"],
        [9, "NAME_CONTRACT_TYPE", "Barter", "one of the known categories", "scored"],
    ]
    rows = dropped(open_page, table, **{"batch.tab": "Rows"})
    best = max(scored(rows)["default_probability"])
    assert next(element.value for element in rows.main.dataframe)["PD"][0] == f"{100 * best:.2f} %"


def test_a_file_is_scored_by_the_model_that_is_shown_and_again_by_another(
    built: Settings, published: PublishedModel, table: pl.DataFrame, open_page: OpenPage
) -> None:
    directory = Path(published.directory)
    add_model(built, "small", directory)
    try:
        app = dropped(open_page, table, model="small")
        pds = ScoringSession.open(directory, embedded.DEFINITION).score_frame(table)
        assert cards(app)["Mean PD"] == f"{100 * pds.mean():.2f} %"
        app.session_state["models"] = True
        app.run()
        app.button(key="bar.model.champion").click().run()
        assert "These PDs are those of the model small" in said(app)
        app.button(key="batch.other").click().run()
        assert "These PDs are those of" not in said(app)
        own = ScoringSession.open(built.model, embedded.DEFINITION).score_frame(table)
        assert cards(app)["Mean PD"] == f"{100 * own.mean():.2f} %" != f"{100 * pds.mean():.2f} %"
    finally:
        delete(built, "small")
