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
    ],
)
def test_cards_name_what_they_are_compared_with(
    chosen: str, name: str, wanted: pl.Expr, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    query = {"f.CODE_GENDER": "F", "c.Workers": "f.NAME_INCOME_TYPE=Working", "against": chosen}
    app = open_page("", query)
    box = next(box for box in app.selectbox if box.label == "Compare with")
    assert box.options == ["No comparison", "vs the rest", "vs the portfolio", "vs Workers"]
    rate = next(metric for metric in app.main.metric if metric.label == "Default rate")
    outcomes = frame.filter(wanted)["is_default"]
    assert rate.proto.delta_description == f"{name}: {100 * outcomes.sum() / len(outcomes):.2f} %"
