"""The values that a field moves over, and how many applications hold which."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.words.field_ranges import FieldRange, is_levels, make_range, shown_factor
from data.home_credit import embedded
from inference.values import Value

DAYS = pl.Series([-7_305, -14_610, -21_915, -14_610, None], dtype=pl.Int32)


def range_of(name: str, values: list[object], *, n: int = 60) -> FieldRange:
    column = embedded.column(name)
    return make_range(column, pl.Series(name, values, dtype=column.dtype), n=n)


def test_the_density_counts_what_lies_between_two_edges() -> None:
    random = np.random.default_rng(4)
    values = np.round(random.lognormal(13, 0.7, 2_000), 1)
    found = range_of("AMT_CREDIT", [*values.tolist(), None])
    low, high = np.quantile(values, (0.005, 0.995))
    assert (found.grid[0], found.grid[-1], len(found.grid)) == (low, high, 60)
    for place in (0, 7, 39):
        left, right = found.edges[place], found.edges[place + 1]
        inside = (values >= left) & ((values <= right) if place == 39 else (values < right))
        assert found.density[place] == inside.sum()
    assert found.density.sum() == ((values >= low) & (values <= high)).sum()


@pytest.mark.parametrize(
    ("name", "values", "grid", "density"),
    [
        ("FLAG_PHONE", [1, 0, 0, 0], (0, 1), [3, 1]),
        ("FLAG_DOCUMENT_2", [0, 0], (0,), [2]),
        ("CODE_GENDER", ["M", "F", "F", "XNA"], ("F", "M", "XNA"), [2, 1, 1]),
        ("OCCUPATION_TYPE", ["Laborers", None, "Drivers", None], ("Drivers", "Laborers"), [1, 1]),
        ("OCCUPATION_TYPE", [None, None], (), []),
    ],
)
def test_levels_are_counted_one_by_one(
    name: str, values: list[object], grid: tuple[Value, ...], density: list[int]
) -> None:
    found = range_of(name, values)
    assert found.grid == grid
    assert found.density.tolist() == density
    assert is_levels(found.column)


@pytest.mark.parametrize("values", [[None, None], [5, 5, None], []])
def test_a_field_that_does_not_move_has_no_density(values: list[object]) -> None:
    found = range_of("OWN_CAR_AGE", values)
    assert found.grid == tuple({value for value in values if value is not None})
    assert (found.density.size, found.edges.size) == (0, 0)


def test_only_days_before_are_shown_in_another_unit() -> None:
    assert shown_factor(embedded.column("DAYS_BIRTH")) == -1 / 365.25
    assert {shown_factor(embedded.column(name)) for name in ("AMT_CREDIT", "OWN_CAR_AGE", "CODE_GENDER")} == {1.0}
