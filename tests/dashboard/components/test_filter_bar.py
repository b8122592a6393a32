"""The filters' widgets: missing values, and columns of a file whose names are those of the dashboard's own things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.cohort.filters import DECISION
from dashboard.components.filter_bar import offered
from data.definition.definition import Definition, Screen
from data.predictions.table import CohortColumn, CohortKind

OpenPage = Callable[..., AppTest]
PAGES = [
    ("overview", ""),
    ("segments", "seg.column={}"),
    ("stability", "stab.tab=Columns&stab.column={}"),
    ("applications", "app.sort={0}&app.columns={0}"),
]
N = 2_000


def count(app: AppTest) -> str:
    return next(str(metric.value) for metric in app.main.metric if metric.label == "Applications")


def run(app: AppTest, column: str | None = None) -> AppTest:
    """Run `app` with the filters open, and `column` looked up."""
    app.session_state["filters"] = True
    if column is not None:
        app.session_state["filters.column"] = column
    app.run()
    assert [error.value for error in app.exception] == []
    return app


@pytest.fixture(name="theirs")
def file_of_odd_columns(tmp_path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """A file whose columns are called like the dashboard's own, and like the schema's but of another kind."""
    random = np.random.default_rng(3)
    pd = random.beta(1, 11, N)
    numbers = pl.Series("X", random.normal(0, 1, N)).set(pl.Series(random.random(N) < 0.1), None)
    names = ["decision", "count", "X.missing", "n", "cell", "segment", "met", "chosen", "Age", "DAYS_BIRTH"]
    table = pl.DataFrame({"target": (random.random(N) < pd).astype(int), "pd": pd}).with_columns(
        numbers,
        *(pl.Series(name, random.choice(["few", "many"], N)) for name in names),
        pl.Series("opened", random.integers(20_230_101, 20_230_331, N)),
        pl.Series("DAYS_EMPLOYED", random.integers(-9_000, 0, N)).cast(pl.Int16),
    )
    path = tmp_path / "theirs.parquet"
    table.write_parquet(path)
    return table, ("--predictions", str(path))


@pytest.mark.parametrize(("page", "query"), PAGES)
@pytest.mark.parametrize(
    ("column", "chosen"),
    [("decision", "few"), ("count", "few"), ("DAYS_EMPLOYED", "-3000..-20"), ("DAYS_BIRTH", "few"), ("Age", "few")],
)
def test_every_page_opens_on_odd_columns(
    page: str, query: str, column: str, chosen: str, theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage
) -> None:
    asked = dict(parse_qsl(query.format(column))) | {f"f.{column}": chosen}
    app = open_page(page, asked, theirs[1])
    assert not app.info
    run(app, column)


def test_a_column_called_decision_is_filtered_beside_the_decision_itself(
    theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage
) -> None:
    frame, told = theirs
    app = open_page("overview", {"f.decision": "few", "f.~decision": "true approval"}, told)
    wanted = frame.filter(
        pl.col("decision") == "few", pl.col("target") == 0, pl.col("pd").cast(pl.Float32).cast(pl.Float64) < 0.0909
    )
    assert count(app) == f"{wanted.height:,}"
    run(app)


def test_a_column_called_like_another_s_missing_values_has_its_own_widget(
    theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage
) -> None:
    frame, told = theirs
    app = run(open_page("overview", arguments=told), "X.missing")
    app.multiselect(key="filter.X.missing").set_value(["many"])
    assert count(run(app)) == f"{frame.filter(pl.col('X.missing') == 'many').height:,}"


def test_without_missing_values_outlasts_a_slider_moved_back(
    theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage
) -> None:
    frame, told = theirs
    app = run(open_page("overview", arguments=told), "X")
    present = f"{frame['X'].count():,}"
    app.button_group(key="filter.~beside.X").set_value(["range"])
    assert count(run(app)) == present
    low, high = app.select_slider(key="filter.X").value
    app.select_slider(key="filter.X").set_value((0.0, high))
    assert count(run(app)) != present
    app.select_slider(key="filter.X").set_value((low, high))
    assert count(run(app)) == present
    assert app.button(key="chip.X").label.replace("\\", "") == "X: any value"
    app.button_group(key="filter.~beside.X").set_value(["range", "missing"])
    app.select_slider(key="filter.X").set_value((low, 0.0))
    assert count(run(app)) == f"{frame.filter(pl.col('X').is_null() | (pl.col('X') <= 0)).height:,}"
    app.button_group(key="filter.~beside.X").set_value([])
    assert count(run(app)) == f"{frame.height:,}"


def test_a_special_value_is_chosen_beside_the_range(frame: pl.DataFrame, open_page: OpenPage) -> None:
    column = "DAYS_EMPLOYED"
    is_special = frame[column] == 365_243
    app = run(open_page("overview"), column)
    pills = app.button_group(key=f"filter.~beside.{column}")
    assert f"(365243) ({is_special.sum():,})" in str(pills.options[1])
    pills.set_value(["365243"])
    assert count(run(app)) == f"{is_special.sum():,}"
    assert app.query_params[f"f.{column}"] == "365243..365243"
    low, high = app.select_slider(key=f"filter.{column}").value
    app.select_slider(key=f"filter.{column}").set_value((10.0, high))
    assert count(run(app)) == f"{(is_special | (frame[column] <= -3652.5)).sum():,}"
    app.select_slider(key=f"filter.{column}").set_value((low, high))
    # All that the column holds is kept: nothing is asked for any longer.
    assert count(run(app)) == f"{frame.height:,}"
    assert f"f.{column}" not in app.query_params


def test_a_slider_moved_back_asks_for_nothing_where_no_value_is_missing(
    frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = run(open_page("overview"), "default_probability")
    low, high = app.select_slider(key="filter.default_probability").value
    app.select_slider(key="filter.default_probability").set_value((10.0, high))
    assert count(run(app)) != f"{frame.height:,}"
    app.select_slider(key="filter.default_probability").set_value((low, high))
    assert count(run(app)) == f"{frame.height:,}"
    assert "f.default_probability" not in app.query_params


def test_stops_of_a_slider_are_told_apart(theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage) -> None:
    app = run(open_page("overview", arguments=theirs[1]), "opened")
    stops = app.select_slider(key="filter.opened").options
    assert len(set(stops)) == len(stops) > 10


def test_a_range_of_pds_ends_at_the_percentages_that_are_shown(open_page: OpenPage, tmp_path: Path) -> None:
    # Each tenth of a percent up to 4 %, as often as its number says. 0.7 / 100 and 2.8 / 100 are no decimals of theirs.
    tenths = np.repeat(np.arange(41), np.arange(41))
    pl.DataFrame({"target": tenths % 10 == 0, "pd": tenths / 1_000}).write_csv(tmp_path / "tenths.csv")
    app = run(open_page("overview", arguments=("--predictions", str(tmp_path / "tenths.csv"))), "default_probability")
    app.select_slider(key="filter.default_probability").set_value((0.7, 2.8))
    app.run()
    assert count(app) == f"{sum(range(7, 29)):,}"


def test_columns_are_offered_by_group_with_words_and_name(home_credit: Definition) -> None:
    def described(name: str, group: str, label: str) -> CohortColumn:
        return CohortColumn(name, label, "", group, CohortKind.RANGE, minimum=0, maximum=1)

    definition = replace(home_credit, screen=Screen(groups=("Person", "Credit")))
    columns = [
        described("default_probability", "Prediction", "PD"),
        described("AMT", "Credit", "Amount"),
        described("AGE", "Person", "Age"),
        replace(described("theirs", "Columns of the file", "theirs"), description="What they say."),
    ]
    assert list(offered(columns, definition).items()) == list(
        {
            "theirs": "theirs · Columns of the file · What they say.",
            "AGE": "Age · AGE · Person",
            "AMT": "Amount · AMT · Credit",
            "default_probability": "PD · Prediction",
            DECISION: "Decision at the current cutoff",
        }.items()
    )
