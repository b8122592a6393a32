"""Days and periods in a column of somebody else's table, and the periods that pages cut by."""

from __future__ import annotations

import polars as pl

from data.files.cells import dates_of

# Up to so many months of data are periods of their own; longer times go by the quarter.
MOST_MONTHS = 36


def dates_in(values: pl.Series) -> pl.Series | None:
    """The days (Date) that a column says, of a period its first; None where it holds no dates or more than one form."""
    if values.dtype == pl.Date:
        return values
    if isinstance(values.dtype, pl.Datetime):
        # The day where the time was taken, not the day in Greenwich.
        return values.dt.replace_time_zone(None).dt.date()
    if values.dtype != pl.String or not values.head(_GLANCE).str.contains(_LIKE_A_DATE).any():
        return None
    dates, wrong = dates_of(values)
    return None if wrong.any() or dates.null_count() == len(dates) else dates


def periods_of(dates: pl.Series) -> pl.Series:
    """Each day's month or quarter as an ordered level, such as 2024-03 or 2024-Q1: what the days themselves keep apart.

    Days of up to 36 months in a row go by the month, and so do those that are all the first of one; others, and those
    that all begin a quarter, by the quarter.
    """
    given = dates.drop_nulls()
    quarters = dates.dt.strftime("%Y") + "-Q" + dates.dt.quarter().cast(pl.String)
    begin_quarters = bool((given.dt.month().is_in([1, 4, 7, 10]) & (given.dt.day() == 1)).all())
    months = dates.dt.strftime("%Y-%m")
    texts = quarters if begin_quarters or months.n_unique() > MOST_MONTHS else months
    return texts.cast(pl.Enum(texts.drop_nulls().unique().sort()))


_GLANCE = 1_000
_LIKE_A_DATE = r"\d{4}|\d[./-]\d"
