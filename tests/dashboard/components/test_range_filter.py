"""The filter of a number: typed ends, choices of few values, and columns that the predictions do not carry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from data.settings import Settings

OpenPage = Callable[..., AppTest]


def count(app: AppTest) -> str:
    return next(str(metric.value) for metric in app.main.metric if metric.label == "Applications")


def looked_up(app: AppTest, column: str) -> AppTest:
    app.session_state["filters"] = True
    app.session_state["filters.column"] = column
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def typed(app: AppTest, side: str, column: str, text: str) -> AppTest:
    app.text_input(key=f"filter.~{side}.{column}").set_value(text)
    # The browser keeps the box open; the harness forgets its state with each run.
    return looked_up(app, column)


@pytest.fixture(name="table")
def fixture_table(built: Settings) -> pl.DataFrame:
    return pl.read_parquet(built.applications)


def test_a_column_of_the_table_alone_is_filtered_by_what_is_typed(table: pl.DataFrame, open_page: OpenPage) -> None:
    name = "APARTMENTS_AVG"
    app = typed(looked_up(open_page("overview"), name), "from", name, "0.25")
    assert count(app) == f"{(table[name] >= 0.25).sum():,}"
    app = typed(app, "to", name, "0.3")
    inside = table[name].is_between(0.25, 0.3)
    assert count(app) == f"{inside.sum():,}"
    assert app.button(key=f"chip.{name}").label.replace("\\", "") == "Apartment size (average): 0.25 to 0.3"
    assert app.select_slider(key=f"filter.{name}").value == (0.25, 0.3)
    app.button_group(key=f"filter.~beside.{name}").set_value(["range", "missing"])
    app = looked_up(app, name)
    assert count(app) == f"{(inside | table[name].is_null()).sum():,}"
    assert app.query_params[f"f.{name}"] == ["0.25..0.3", "~missing"]
    for side in ("from", "to"):
        app = typed(app, side, name, "")
    assert count(app) == f"{table.height:,}"


def test_what_is_no_end_is_said_and_changes_nothing(table: pl.DataFrame, open_page: OpenPage) -> None:
    name = "DAYS_BIRTH"
    app = typed(looked_up(open_page("overview"), name), "from", name, "40 years")
    narrowed = f"{(table[name] <= -14_610).sum():,}"
    for text, said in (("old", "“old” is not a number of years"), ("30", "No value lies between 40 and 30")):
        app = typed(app, "to", name, text)
        assert [error.value.split(";")[0] for error in app.error] == [said]
        assert (count(app), app.text_input(key=f"filter.~to.{name}").value) == (narrowed, text)
    app = typed(app, "to", name, "50")
    assert not app.error
    assert count(app) == f"{table[name].is_between(-18_262.5, -14_610).sum():,}"


def test_a_flag_of_the_table_alone_is_chosen_by_its_words(table: pl.DataFrame, open_page: OpenPage) -> None:
    name = "REG_CITY_NOT_LIVE_CITY"
    n_no = (table[name] == 0).sum()
    app = looked_up(open_page("overview"), name)
    assert [each.key for each in app.select_slider] == []
    assert app.button_group(key=f"filter.{name}").options[0] == f"No ({n_no:,})"
    app.button_group(key=f"filter.{name}").set_value(["0"])
    app = looked_up(app, name)
    assert count(app) == f"{n_no:,}"
    app.button_group(key=f"filter.{name}").set_value([])
    assert count(looked_up(app, name)) == f"{table.height:,}"


def test_numbers_of_a_file_that_are_0_or_1_are_no_range(open_page: OpenPage, tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "target": [0, 1] * 50,
            "pd": [0.1, 0.2] * 50,
            "is_late": [0, 1, None, 1] * 25,
            "always": [3.5] * 100,
            "never": pl.Series([None] * 100, dtype=pl.Float64),
        }
    )
    table.write_parquet(tmp_path / "theirs.parquet")
    app = looked_up(open_page("overview", arguments=("--predictions", str(tmp_path / "theirs.parquet"))), "is_late")
    app.button_group(key="filter.is_late").set_value(["0", "missing"])
    app = looked_up(app, "always")
    assert count(app) == "50"
    assert "always is 3.5 in all applications; there is nothing to choose." in [each.value for each in app.caption]
