"""The applications page through Streamlit's own test harness: the rows, words and files that a cohort has."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.cohort.columns import prepare
from dashboard.cohort.filters import Filters
from dashboard.components.row_files import csv_file, parquet_file
from data.home_credit import embedded
from data.predictions.imports import import_predictions, parse_answers
from data.settings import Settings

OpenPage = Callable[..., AppTest]
PENSIONERS = {"f.NAME_INCOME_TYPE": "Pensioner"}


def table(app: AppTest) -> dict[str, list[str]]:
    """The table by the titles of its columns, as the browser is told to show it."""
    element = app.main.dataframe[0]
    told = pl.from_pandas(element.value)
    configured: Mapping[str, Mapping[str, str]] = json.loads(element.proto.columns)
    return {configured[place]["label"]: told[place].to_list() for place in told.columns}


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.main.markdown, *app.main.caption, *app.main.info])


def opened(open_page: OpenPage, query: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()) -> AppTest:
    app = open_page("applications", query or {}, arguments)
    assert [title.value for title in app.title] == ["Applications"]
    return app


def by_risk(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("default_probability", descending=True, maintain_order=True)


def test_the_riskiest_come_first_in_words(open_page: OpenPage, frame: pl.DataFrame) -> None:
    shown, wanted = table(opened(open_page)), by_risk(frame).head(25)
    assert shown["Application"] == [str(number) for number in wanted["application_id"]]
    assert shown["PD, out of fold ↓"] == [f"{100 * pd:.2f} %" for pd in wanted["default_probability"]]
    assert shown["Decision, out of fold"] == [
        "Declined" if pd >= 0.0909 else "Approved" for pd in wanted["default_probability"]
    ]
    assert shown["Observed outcome"] == ["Defaulted" if bad else "Repaid" for bad in wanted["is_default"]]
    assert shown["Age (years)"] == [f"{-days / 365.25:.1f}" for days in wanted["DAYS_BIRTH"]]
    assert shown["Credit amount"] == [f"{amount:,.0f}" for amount in wanted["AMT_CREDIT"]]


def test_the_second_page_of_a_sorted_cohort(open_page: OpenPage, frame: pl.DataFrame) -> None:
    query = PENSIONERS | {"app.sort": "AMT_INCOME_TOTAL", "app.order": "rising", "app.page": "2", "app.size": "50"}
    app = opened(open_page, query)
    cohort = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner").sort("AMT_INCOME_TOTAL", maintain_order=True)
    shown = table(app)
    assert shown["Application"] == [str(number) for number in cohort["application_id"][50:100]]
    assert set(shown["Income type"]) == {"Pensioner"}
    assert f"Rows **51–100** of {cohort.height:,}" in texts(app)
    next(button for button in app.button if button.label == "Next").click().run()
    assert table(app)["Application"] == [str(number) for number in cohort["application_id"][100:150]]
    assert app.query_params["app.page"] == "3"


def turned(app: AppTest) -> AppTest:
    """The page after the one shown."""
    return next(button for button in app.button if button.label == "Next").click().run()


@pytest.mark.parametrize("button", ["Reset filters", "Income type"])
def test_another_cohort_begins_at_its_first_page(button: str, open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = turned(opened(open_page, PENSIONERS))
    assert app.query_params["app.page"] == "2"
    next(found for found in app.button if found.label.startswith(button)).click().run()
    assert table(app)["Application"] == [str(number) for number in by_risk(frame)["application_id"][:25]]
    assert "app.page" not in app.query_params


def test_a_link_to_a_page_opens_it_and_is_turned_from(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = turned(turned(opened(open_page, PENSIONERS)))
    link = dict(app.query_params)
    assert table(opened(open_page, link)) == table(app)
    others = link | {"f.NAME_INCOME_TYPE": "Working"}
    workers = by_risk(frame.filter(pl.col("NAME_INCOME_TYPE") == "Working"))
    assert table(opened(open_page, others))["Application"] == [str(n) for n in workers["application_id"][:25]]


def test_the_cutoff_decides(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = opened(open_page, {"cutoff": "0.5", "app.order": "rising"})
    wanted = frame.sort("default_probability", maintain_order=True).head(25)["default_probability"]
    said = ["Declined" if pd >= 0.005 else "Approved" for pd in wanted]
    assert table(app)["Decision, out of fold"] == said


def test_chosen_columns_are_shown_in_the_order_of_the_link(open_page: OpenPage) -> None:
    app = opened(open_page, {"app.columns": "EXT_SOURCE_1,CODE_GENDER,nonsense,default_probability"})
    assert list(table(app)) == ["Application", "External score 1", "Gender", "PD, out of fold ↓"]
    assert set(table(app)["Gender"]) <= {"Female", "Male", "Not recorded"}


def test_columns_are_chosen_and_taken_back(open_page: OpenPage) -> None:
    app = opened(open_page)
    usual = list(table(app))
    app.session_state["applications.chooser"] = True
    app.run()
    app.multiselect(key="applications.columns").set_value(["default_probability", "OCCUPATION_TYPE"]).run()
    assert list(table(app)) == ["Application", "PD, out of fold ↓", "Occupation"]
    assert app.query_params["app.columns"] == "default_probability,OCCUPATION_TYPE"
    app.session_state["applications.chooser"] = True
    app.run()
    next(button for button in app.button if button.label == "Back to the usual columns").click().run()
    assert list(table(app)) == usual


def test_a_search_finds_numbers_and_words_and_goes_back_to_the_first_page(
    open_page: OpenPage, frame: pl.DataFrame
) -> None:
    app = opened(open_page, {"app.page": "3"})
    app.text_input(key="widget.app.search").set_value("pension").run()
    pensioners = by_risk(frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner"))
    assert table(app)["Application"] == [str(number) for number in pensioners["application_id"][:25]]
    one = str(frame["application_id"][17])
    app.text_input(key="widget.app.search").set_value(one).run()
    assert table(app)["Application"] == [one]
    assert "Row **1** of 1" in texts(app)
    app.text_input(key="widget.app.search").set_value("*<b>nobody</b>").run()
    assert "is found by" in texts(app)
    assert len(app.main.dataframe) == 0


def test_the_applicant_of_the_link_is_marked_among_the_rows(open_page: OpenPage, frame: pl.DataFrame) -> None:
    number = by_risk(frame)["application_id"][4]
    app = opened(open_page, {"applicant": str(number)})
    assert json.loads(app.main.dataframe[0].proto.selection_default)["selection"]["rows"] == [4]
    assert app.sidebar.metric[0].label == "PD, out of fold"


def test_an_unknown_column_or_page_of_a_link_is_left_out(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = opened(open_page, {"app.sort": "<script>", "app.page": "999999", "app.size": "7", "app.columns": ",,~row"})
    assert table(app)["Application"][-1] == str(by_risk(frame)["application_id"][-1])
    assert "app.size" in texts(app)


def test_the_cohort_is_offered_as_files_made_only_when_asked_for(open_page: OpenPage) -> None:
    buttons = opened(open_page).download_button
    assert [button.label for button in buttons] == ["Cohort as CSV", "Cohort as Parquet"]
    assert {button.proto.url for button in buttons} == {""}


@pytest.fixture(name="theirs")
def imported_without_ids(built: Settings, tmp_path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    random = np.random.default_rng(3)
    pd = random.beta(1, 11, 300).round(3)
    branches = random.choice(["<b>north</b>", "=cmd()", "*south*"], 300)
    frame = pl.DataFrame({"y": (random.random(300) < pd).astype(int), "p": pd, "=branch": branches})
    path = tmp_path / "theirs.csv"
    frame.write_csv(path)
    return frame, ("--predictions", str(path), "--map", "y=outcome", "--map", "p=probability")


def test_imported_rows_are_shown_by_number_and_do_not_open(
    open_page: OpenPage, theirs: tuple[pl.DataFrame, tuple[str, ...]]
) -> None:
    frame, arguments = theirs
    app = opened(open_page, arguments=arguments)
    wanted = frame.with_row_index("row", offset=1).sort("p", descending=True, maintain_order=True).head(25)
    shown = table(app)
    assert shown["Row"] == [f"{row:,}" for row in wanted["row"]]
    assert shown["=branch"] == wanted["=branch"].to_list()
    assert "Rows cannot be opened. These predictions carry no application id" in texts(app).replace("\\", "")


@pytest.mark.parametrize("first", [0, 9_007_199_254_740_993, 2**64])
def test_ids_and_amounts_are_shown_and_written_to_the_last_digit(
    built: Settings, tmp_path: Path, open_page: OpenPage, first: int
) -> None:
    ids = [f"{first + i:09d}" for i in range(30)]
    rows = "".join(f"{number},{i % 2},{(i + 1) / 100},{99_999_999.99 + i:.2f}\n" for i, number in enumerate(ids))
    path = tmp_path / "theirs.csv"
    path.write_text(f"id,y,pd,amount\n{rows}")
    app = opened(open_page, {"applicant": ids[3]}, arguments=("--predictions", str(path)))
    shown = table(app)
    assert shown["Application"] == ids[:4:-1]
    assert shown["amount"][0] == "100,000,028.99"
    assert "as it is stored, and the decision at 9.09" in texts(app).replace("\\", "").replace("\u00a0", " ")
    assert "PDs are as imported · outcome from y, PD from pd, id from id" in texts(app).replace("\\", "")
    found = import_predictions(path, embedded.DEFINITION)
    written = pl.read_csv(io.BytesIO(csv_file(prepare(found), Filters(), 0.1)), infer_schema=False)
    assert written["application_id"].to_list() == ids
    assert written["amount"].cast(pl.Float64).to_list() == [round(99_999_999.99 + i, 2) for i in range(30)]


def test_a_spreadsheet_runs_nothing_of_the_file(
    theirs: tuple[pl.DataFrame, tuple[str, ...]],
) -> None:
    frame, arguments = theirs
    predictions = prepare(
        import_predictions(Path(arguments[1]), embedded.DEFINITION, parse_answers(["y=outcome", "p=probability"]))
    )
    found = pl.read_csv(io.BytesIO(csv_file(predictions, Filters(), 0.1)))
    assert found.columns == ["is_default", "default_probability", "'=branch", "decision"]
    assert found["'=branch"].to_list() == [text.replace("=cmd", "'=cmd") for text in frame["=branch"]]
    stored = pl.read_parquet(io.BytesIO(parquet_file(predictions, Filters(), 0.1)))
    assert stored["=branch"].to_list() == frame["=branch"].to_list()
    assert stored["decision"].to_list() == ["Declined" if pd >= 0.1 else "Approved" for pd in frame["p"]]
