"""The bar: whose figures these are, the chips of the filters, and the cutoff as a number and a slider."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    return "\n".join(str(each.proto.body) for each in app.get("html"))


def test_the_bar_says_portfolio_cohort_and_size(frame: pl.DataFrame, open_page: OpenPage) -> None:
    women = frame.filter(pl.col("CODE_GENDER") == "F")
    shown = texts(open_page("segments", {"f.CODE_GENDER": "F"}))
    size = f"{women.height:,} of {frame.height:,} ({100 * women.height / frame.height:.1f} %)"
    assert f"<span>{size}<span" in shown
    assert f", {women['is_default'].sum():,} defaults" in shown
    assert ">Filters (1)<" in shown


def test_a_name_with_markup_stays_text(open_page: OpenPage) -> None:
    query = {"c.<img src=x>": "f.CODE_GENDER=F", "f.CODE_GENDER": "F"}
    assert '<b title="&lt;img src=x&gt;">&lt;img src=x&gt;</b>' in texts(open_page("segments", query))


def test_a_cutoff_that_is_typed_moves_the_slider(open_page: OpenPage) -> None:
    app = open_page("cutoff")
    app.number_input(key="widget.cutoff.typed").set_value(12.5).run()
    assert app.slider(key="widget.cutoff").value == 12.5
    assert app.query_params["cutoff"] == "12.5"
    app.slider(key="widget.cutoff").set_value(7.0).run()
    assert app.number_input(key="widget.cutoff.typed").value == pytest.approx(7.0)


def test_a_page_without_a_cohort_has_no_filters_to_show_on_a_phone(open_page: OpenPage) -> None:
    shown = texts(open_page("settings", {"f.CODE_GENDER": "F"}))
    assert 'bar-sheet">Cutoff<' in shown
    assert "Filters" not in shown
