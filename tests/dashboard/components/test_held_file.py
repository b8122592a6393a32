"""The dropped file of a visit: shown as a cohort, left again, and gone with a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from data.home_credit import embedded
from data.settings import Settings
from inference.model.session import ScoringSession

OpenPage = Callable[..., AppTest]
ROWS = 300


@pytest.fixture(name="table")
def fixture_table(built: Settings) -> pl.DataFrame:
    """Some of the application table, with outcomes."""
    return pl.read_parquet(built.applications).slice(1_000, ROWS)


def dropped(open_page: OpenPage, table: pl.DataFrame, **query: str) -> AppTest:
    app = open_page("score-file", query)
    (box,) = app.main.file_uploader
    box.set_value(("new.csv", table.write_csv().encode(), "text/csv")).run()
    return app


def go_to(app: AppTest, path: str) -> AppTest:
    pages = {page.get("url_pathname"): key for key, page in app._registered_pages.items()}
    app._page_hash = pages[path]
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def shown(app: AppTest) -> AppTest:
    """Today, after the file was chosen to be shown."""
    app.button(key="batch.show").click().run()
    return go_to(app, "")


def bar(app: AppTest) -> str:
    return "\n".join(str(each.proto.body) for each in app.get("html"))


def cards(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.main.metric}


def test_a_file_is_shown_with_its_own_cohorts_and_left_again(table: pl.DataFrame, open_page: OpenPage) -> None:
    app = shown(dropped(open_page, table, **{"f.CODE_GENDER": "F", "cutoff": "12"}))
    assert f"{ROWS} applications scored today" in bar(app)
    # The portfolio's cohort is none of the file's, its cutoff holds on.
    assert f"{ROWS} of {ROWS} (100.0 %)" in bar(app)
    assert app.query_params["cutoff"] == "12"
    assert "f.CODE_GENDER" not in app.query_params
    assert cards(app)["Default rate"] == f"{table['TARGET'].sum() / 3:.2f} %"
    app.number_input(key="widget.cutoff.typed").set_value(8.0).run()
    go_to(app, "applicant")
    assert "scored today" not in bar(app)
    go_to(app, "discrimination")
    app.button(key="bar.portfolio").click().run()
    assert "scored today" not in bar(app)
    assert app.query_params["f.CODE_GENDER"] == "F"
    assert app.query_params["cutoff"] == "8"


def test_a_file_without_outcomes_is_shown_by_its_pds(built: Settings, table: pl.DataFrame, open_page: OpenPage) -> None:
    app = shown(dropped(open_page, table.drop(embedded.TARGET)))
    pds = ScoringSession.open(built.model, embedded.DEFINITION).score_frame(table).astype(np.float64)
    assert cards(app)["Approval rate"] == f"{100 * (pds < 0.0909).mean():.2f} %"
    paths = {page.get("url_pathname") for page in app._registered_pages.values()}
    assert "discrimination" not in paths
    assert {"stability", "applications", "applicant", "score-file"} <= paths
    # Set against the portfolio, of which it is no part.
    go_to(app, "stability")
    n_all = pl.read_parquet(built.predictions).height
    told = f"**Whole file against Portfolio** as the reference: {ROWS} applications against {n_all:,}."
    assert told in " ".join(str(each.value) for each in app.main.markdown)
    assert "PSI" in cards(app)


def test_a_file_that_made_room_for_others_is_told_and_the_portfolio_shown(
    table: pl.DataFrame, open_page: OpenPage
) -> None:
    app = shown(dropped(open_page, table))
    app.session_state["file.slot"].file = None
    app.run()
    assert "scored today" not in bar(app)
    assert "The file is not in memory any more" in " ".join(str(each.value) for each in app.main.info)
    go_to(app, "score-file")
    assert "Drop it again" in " ".join(str(each.value) for each in app.main.warning)


def test_a_link_to_a_file_of_another_visit_says_that_it_is_not_here(table: pl.DataFrame, open_page: OpenPage) -> None:
    app = shown(dropped(open_page, table))
    other = open_page("discrimination", {"file": app.query_params["file"], "f.CODE_GENDER": "F"})
    assert "scored today" not in bar(other)
    told = " ".join(str(each.value) for each in other.main.info)
    assert "This link shows a file that was dropped in another visit" in told
    assert not {"file", "f.CODE_GENDER"} & set(other.query_params)
