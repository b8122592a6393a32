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

from dashboard.components.filter_bar import grouped
from data.definition.definition import Definition, Screen
from data.predictions.table import CohortColumn, CohortKind

OpenPage = Callable[..., AppTest]
FILE = "Columns of the file"
PAGES = [
    ("overview", ""),
    ("segments", "seg.column={}"),
    ("stability", "stab.tab=Columns&stab.column={}"),
    ("applications", "app.sort={0}&app.columns={0}"),
]
N = 2_000


def count(app: AppTest) -> str:
    return next(str(metric.value) for metric in app.main.metric if metric.label == "Applications")


def run(app: AppTest, *groups: str) -> AppTest:
    """Run `app` with the filters of `groups` open."""
    for group in groups:
        app.session_state[f"filters.{group}"] = True
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
    run(app, FILE, "Work and income", "Person")


def test_a_column_called_decision_is_filtered_beside_the_decision_itself(
    theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage
) -> None:
    frame, told = theirs
    app = open_page("overview", {"f.decision": "few", "f.~decision": "true approval"}, told)
    wanted = frame.filter(
        pl.col("decision") == "few", pl.col("target") == 0, pl.col("pd").cast(pl.Float32).cast(pl.Float64) < 0.0909
    )
    assert count(app) == f"{wanted.height:,}"
    run(app, FILE, "Outcome")


def test_a_column_called_like_another_s_missing_values_has_its_own_widget(
    theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage
) -> None:
    frame, told = theirs
    app = run(open_page("overview", arguments=told), FILE)
    app.multiselect(key="filter.X.missing").set_value(["many"])
    assert count(run(app, FILE)) == f"{frame.filter(pl.col('X.missing') == 'many').height:,}"


def test_without_missing_values_outlasts_a_slider_moved_back(
    theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage
) -> None:
    frame, told = theirs
    app = run(open_page("overview", arguments=told), FILE)
    present = f"{frame['X'].count():,}"
    app.button_group(key="filter.~beside.X").set_value(["range"])
    assert count(run(app, FILE)) == present
    low, high = app.select_slider(key="filter.X").value
    app.select_slider(key="filter.X").set_value((0.0, high))
    assert count(run(app, FILE)) != present
    app.select_slider(key="filter.X").set_value((low, high))
    assert count(run(app, FILE)) == present
    assert app.button(key="chip.X").label.replace("\\", "") == "X: any value"
    app.button_group(key="filter.~beside.X").set_value(["range", "missing"])
    app.select_slider(key="filter.X").set_value((low, 0.0))
    assert count(run(app, FILE)) == f"{frame.filter(pl.col('X').is_null() | (pl.col('X') <= 0)).height:,}"
    app.button_group(key="filter.~beside.X").set_value([])
    assert count(run(app, FILE)) == f"{frame.height:,}"


def test_a_special_value_is_chosen_beside_the_range(frame: pl.DataFrame, open_page: OpenPage) -> None:
    column, group = "DAYS_EMPLOYED", "Work and income"
    is_special = frame[column] == 365_243
    app = run(open_page("overview"), group)
    pills = app.button_group(key=f"filter.~beside.{column}")
    assert f"(365243) ({is_special.sum():,})" in str(pills.options[1])
    pills.set_value(["365243"])
    assert count(run(app, group)) == f"{is_special.sum():,}"
    assert app.query_params[f"f.{column}"] == "365243..365243"
    low, high = app.select_slider(key=f"filter.{column}").value
    app.select_slider(key=f"filter.{column}").set_value((10.0, high))
    assert count(run(app, group)) == f"{(is_special | (frame[column] <= -3652.5)).sum():,}"
    app.select_slider(key=f"filter.{column}").set_value((low, high))
    # All that the column holds is kept: nothing is asked for any longer.
    assert count(run(app, group)) == f"{frame.height:,}"
    assert f"f.{column}" not in app.query_params


def test_a_slider_moved_back_asks_for_nothing_where_no_value_is_missing(
    frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = run(open_page("overview"), "Prediction")
    low, high = app.select_slider(key="filter.default_probability").value
    app.select_slider(key="filter.default_probability").set_value((10.0, high))
    assert count(run(app, "Prediction")) != f"{frame.height:,}"
    app.select_slider(key="filter.default_probability").set_value((low, high))
    assert count(run(app, "Prediction")) == f"{frame.height:,}"
    assert "f.default_probability" not in app.query_params


def test_stops_of_a_slider_are_told_apart(theirs: tuple[pl.DataFrame, tuple[str, ...]], open_page: OpenPage) -> None:
    app = run(open_page("overview", arguments=theirs[1]), FILE)
    stops = app.select_slider(key="filter.opened").options
    assert len(set(stops)) == len(stops) > 10


def test_a_range_of_pds_ends_at_the_percentages_that_are_shown(open_page: OpenPage, tmp_path: Path) -> None:
    # Each tenth of a percent up to 4 %, as often as its number says. 0.7 / 100 and 2.8 / 100 are no decimals of theirs.
    tenths = np.repeat(np.arange(41), np.arange(41))
    pl.DataFrame({"target": tenths % 10 == 0, "pd": tenths / 1_000}).write_csv(tmp_path / "tenths.csv")
    app = run(open_page("overview", arguments=("--predictions", str(tmp_path / "tenths.csv"))), "Prediction")
    app.select_slider(key="filter.default_probability").set_value((0.7, 2.8))
    app.run()
    assert count(app) == f"{sum(range(7, 29)):,}"


def test_five_groups_have_buttons_of_their_own_and_of_six_the_last_two_share_one(home_credit: Definition) -> None:
    def shown(n: int) -> list[str]:
        columns = [replace(home_credit.column("AMT_CREDIT"), name=f"c{i}", group=f"Group {i}") for i in range(n)]
        definition = replace(home_credit, columns=tuple(columns), screen=Screen())
        described = [
            CohortColumn(c.name, c.label, "", c.group, CohortKind.RANGE, minimum=0, maximum=1)
            for c in reversed(columns)
        ]
        return list(grouped(described, definition))

    assert shown(5) == [f"Group {i}" for i in range(5)]
    assert shown(6) == ["Group 0", "Group 1", "Group 2", "Group 3", "More"]
