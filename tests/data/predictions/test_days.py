"""The days behind periods, as a filter finds them."""

from __future__ import annotations

import datetime as dt

import polars as pl

from data.predictions.days import DayColumns


def test_days_are_numbers_under_a_name_of_their_own() -> None:
    found = DayColumns([pl.Series("applied", [dt.date(1970, 1, 3), None, dt.date(1970, 2, 1)])])
    (column,) = found.columns.values()
    assert (column.name, column.is_date, column.minimum, column.maximum) == ("applied~day", True, 2, 31)
    assert found.values("applied~day").to_list() == [2, None, 31]
