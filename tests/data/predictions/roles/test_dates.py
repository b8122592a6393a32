"""Days in any of the usual forms, and the periods they fall into."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from data.predictions.roles.dates import dates_in, periods_of


@pytest.mark.parametrize(
    ("cells", "periods"),
    [
        (["31.12.2023", "01.02.2024", None], ["2023-12", "2024-02", None]),
        (["Feb-2024", "Dec-2023"], ["2024-02", "2023-12"]),
        (["2024-Q2", "2023-Q4"], ["2024-Q2", "2023-Q4"]),
        ([dt.date(2020, 2, 3), dt.date(2024, 1, 1)], ["2020-02", "2024-01"]),
        (["nothing", "2024-01-01"], None),
        (["1234", "5678"], None),
        ([20, 30], None),
    ],
)
def test_columns_of_dates_become_periods(cells: list[Any], periods: list[str | None] | None) -> None:
    dates = dates_in(pl.Series(cells))
    assert (None if dates is None else periods_of(dates).to_list()) == periods


def test_the_day_is_the_one_where_the_time_was_taken() -> None:
    late = pl.Series([dt.datetime(2024, 3, 31, 22, 30, tzinfo=dt.UTC)])
    found = dates_in(late.dt.convert_time_zone("Europe/Berlin"))
    assert found is not None
    assert found.to_list() == [dt.date(2024, 4, 1)]


def test_levels_are_in_the_order_of_time_and_many_months_are_quarters() -> None:
    months = pl.date_range(dt.date(2020, 1, 15), dt.date(2024, 1, 15), "1mo", eager=True)
    periods = periods_of(months.reverse()).dtype
    assert isinstance(periods, pl.Enum)
    levels = periods.categories
    assert (levels[0], levels[-1], len(levels)) == ("2020-Q1", "2024-Q1", 17)
