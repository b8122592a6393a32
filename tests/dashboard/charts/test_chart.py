"""A chart as one value."""

from __future__ import annotations

import numpy as np
import polars as pl

from dashboard.charts.chart import Chart, listed
from dashboard.charts.template import new_figure


def chart(table: dict[str, list[object]], subtitle: str = "") -> Chart:
    return Chart("lift", "Lift and gain", new_figure("Lift falls", subtitle, dark=False), "Lift by group", table)


def test_title_and_subtitle_are_those_of_the_figure() -> None:
    assert (chart({}, "By tenth").title, chart({}, "By tenth").subtitle) == ("Lift falls", "By tenth")
    assert chart({}).subtitle == ""


def test_the_frame_holds_the_table_with_its_gaps() -> None:
    table: dict[str, list[object]] = {"Group": [1, 2], "Lift": [2.5, None]}
    assert chart(table).frame().equals(pl.DataFrame(table))


def test_numbers_and_words_in_one_column_become_words() -> None:
    assert chart({"Value": [1.5, "none"]}).frame()["Value"].to_list() == ["1.5", "none"]


def test_undefined_values_are_listed_as_none() -> None:
    assert listed(np.array([1.5, np.nan, -0.0])) == [1.5, None, 0.0]
