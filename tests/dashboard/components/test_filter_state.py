"""An input that is no condition: a level that is typed where there are too many to be listed."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import filter_bar
from data.settings import Settings

OpenPage = Callable[..., AppTest]
COLUMN = "HOUSETYPE_MODE"


def opened(app: AppTest) -> AppTest:
    app.session_state["filters"], app.session_state["filters.column"] = True, COLUMN
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def test_one_of_many_levels_is_typed_and_an_unknown_one_refused(
    built: Settings, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = (
        pl.read_parquet(built.applications)[COLUMN].cast(pl.String).drop_nulls().value_counts(sort=True, name="~n")
    )
    common, *_, rarest = counted[COLUMN]
    monkeypatch.setattr(filter_bar, "MOST_LEVELS", 1)
    app = opened(open_page("overview"))
    chooser = app.multiselect(key=f"filter.{COLUMN}")
    assert [str(option).rsplit(" (", 1)[0].capitalize() for option in chooser.options] == [
        common.capitalize(),
        "Missing",
    ]
    chooser.set_value(["Castle"])
    app = opened(app)
    assert [error.value for error in app.error] == [
        "“Castle” is not one of its levels; check the spelling, capitals count."
    ]
    assert f"f.{COLUMN}" not in app.query_params
    app.multiselect(key=f"filter.{COLUMN}").set_value([rarest])
    app = opened(app)
    assert not app.error
    assert app.query_params[f"f.{COLUMN}"] == rarest
