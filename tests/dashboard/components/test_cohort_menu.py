"""The comparison: what is offered, and what a cohort is set against."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("chosen", "name", "wanted"),
    [
        ("~rest", "Rest", pl.col("CODE_GENDER") != "F"),
        ("~whole", "Portfolio", pl.lit(value=True)),
        ("Workers", "Workers", pl.col("NAME_INCOME_TYPE") == "Working"),
        ("~fold.1", "Fold 1", pl.col("fold") == 1),
    ],
)
def test_cards_name_what_they_are_compared_with(
    chosen: str, name: str, wanted: pl.Expr, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    query = {"f.CODE_GENDER": "F", "c.Workers": "f.NAME_INCOME_TYPE=Working", "against": chosen}
    app = open_page("", query)
    box = next(box for box in app.selectbox if box.label == "Compare with")
    folds = [f"vs Fold {number}" for number in range(5)]
    assert box.options == ["No comparison", "vs the rest", "vs the portfolio", "vs Workers", *folds]
    rate = next(metric for metric in app.main.metric if metric.label == "Default rate")
    outcomes = frame.filter(wanted)["is_default"]
    other = outcomes.to_numpy().mean()
    apart = 100 * (frame.filter(pl.col("CODE_GENDER") == "F")["is_default"].to_numpy().mean() - other)
    said = rate.proto.delta_description.replace("\u00a0", " ").replace("**", "")
    assert said.startswith(f"{name}: {100 * other:.2f} %; {'−' if apart < 0 else '+'}{abs(apart):.2f} points (")


def test_a_page_that_compares_nothing_says_so_and_why(open_page: OpenPage) -> None:
    query = {"f.CODE_GENDER": "F", "against": "~rest"}
    app = open_page("applications", query)
    box = next(box for box in app.selectbox if box.label == "Compare with")
    assert (box.options, box.disabled) == (["Not compared"], True)
    assert any("rows are not set against those of Rest" in caption.value for caption in app.main.caption)
    # What was chosen holds on the other pages all the same.
    assert app.query_params["against"] == "~rest"
