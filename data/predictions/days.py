"""The days behind the periods of somebody's table, which filters may name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from data.predictions.table import DAY, CohortColumn, describe_column


class DayColumns:
    """Dates (Date) of which predictions carry the period, each under its name with `~day` behind it."""

    def __init__(self, dates: Iterable[pl.Series]) -> None:
        self._dates = {each.name + DAY: each for each in dates}

    @property
    def columns(self) -> Mapping[str, CohortColumn]:
        """What they are, by name."""
        return {name: describe_column(name, pl.Date(), _ends(each), None) for name, each in self._dates.items()}

    def values(self, name: str) -> pl.Series:
        """A column's values, called `name`, as days since 1970-01-01."""
        return self._dates[name].to_physical().alias(name)


def _ends(dates: pl.Series) -> tuple[float, float]:
    days = dates.to_physical()
    return float(str(days.min())), float(str(days.max()))
