from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from data.files.cells import dates_of
from data.reading.dates import FORMS


@pytest.mark.parametrize(
    ("written", "cells", "days"),
    [
        ("%Y-%m-%d", ["2015-12-31", "2016-1-2"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%Y-%m-%d %H:%M", ["2015-12-31 23:59:59.5", "2016-01-02T00:00"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%d.%m.%Y", ["31.12.2015", "2.1.2016"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%m/%d/%Y", ["12/31/2015", "1/2/2016"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%d/%m/%Y", ["31/12/2015", "2/1/2016"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%Y/%m/%d", ["2015/12/31", "2016/1/2"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%d-%b-%Y", ["31-Dec-2015", "2-JAN-2016"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%d-%b-%y", ["28-Feb-97", "1-mar-05"], [date(1997, 2, 28), date(2005, 3, 1)]),
        ("%d.%m.%y", ["31.12.97", "02.01.16 10:30"], [date(1997, 12, 31), date(2016, 1, 2)]),
        ("%d%b%Y", ["31DEC2015", "2jan2016:10:30:00"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("%d%b%y", ["31DEC15", "02MAI16"], [date(2015, 12, 31), date(2016, 5, 2)]),
        ("%b-%Y", ["DEC2015", "Okt-2016"], [date(2015, 12, 1), date(2016, 10, 1)]),
        ("%b-%Y", ["Dec-2015", "jan-2016"], [date(2015, 12, 1), date(2016, 1, 1)]),
        ("%Y-%m", ["2015-12", "2016-01"], [date(2015, 12, 1), date(2016, 1, 1)]),
        ("%Y%m", ["201512", "201601"], [date(2015, 12, 1), date(2016, 1, 1)]),
        ("%Y%m%d", ["20151231", "20160102"], [date(2015, 12, 31), date(2016, 1, 2)]),
        ("2024-Q3", ["2015-Q4", "2016Q1"], [date(2015, 10, 1), date(2016, 1, 1)]),
    ],
)
def test_every_form_is_read_and_found_by_itself(written: str, cells: list[str], days: list[date]) -> None:
    assert FORMS[written].read(pl.Series(cells)).to_list() == days
    found, wrong = dates_of(pl.Series([*cells, None]))
    assert found.to_list() == [*days, None]
    assert not wrong.any()


@pytest.mark.parametrize(
    "cell", ["1.2.24", "29.2.2023", "2015-13", "2015-Q5", "201513", "31-Foo-2015", "12.5", "today"]
)
def test_what_is_no_date_is_none_in_any_form(cell: str) -> None:
    assert [form.written for form in FORMS.values() if not form.read(pl.Series([cell])).null_count()] == []
