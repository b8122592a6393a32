"""The values that a field moves over, as figures show them: units, order, and how many applications hold which."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.charts.moved_field import MovedField
from dashboard.components.applicant.what_if import field_curve, field_map, moved_field
from dashboard.words.field_ranges import FieldRange, is_levels, make_range, shown_factor
from data.home_credit import embedded
from inference.values import Value

DAYS = pl.Series([-7_305, -14_610, -21_915, -14_610, None], dtype=pl.Int32)


def range_of(name: str, values: list[object], *, n: int = 60) -> FieldRange:
    column = embedded.column(name)
    return make_range(column, pl.Series(name, values, dtype=column.dtype), n=n)


def test_days_before_are_years_from_the_youngest_on() -> None:
    found = make_range(embedded.column("DAYS_BIRTH"), DAYS, n=60)
    # Stored the other way round: the youngest has the fewest days, and so the largest number.
    assert found.grid == (-7_305, -14_610, -21_915)
    moved = moved_field(found, -14_610)
    assert moved == MovedField("Age", "years", (20.0, 40.0, 60.0), 40.0, "40 years")
    assert (found.edges[0], found.edges[-1]) == (20.0, 60.0)
    assert (np.diff(found.edges) > 0).all()
    assert found.density.sum() == 4
    assert found.density[[0, -1]].tolist() == [1, 1]


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


def test_the_sentinel_is_neither_a_value_nor_counted() -> None:
    found = range_of("DAYS_EMPLOYED", [-366, -731, -1_461, 365_243, 365_243])
    assert found.grid == (-366, -731, -1_461)
    assert found.density.sum() == 3
    moved = moved_field(found, 365_243)
    assert (moved.current, moved.current_words) == (None, "Not employed")


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


@pytest.mark.parametrize(
    ("name", "values", "current", "unit", "own", "words"),
    [
        ("AMT_CREDIT", [1.0, 9.0], 25_000.5, "currency units", 25_000.5, "25,000.5"),
        ("EXT_SOURCE_1", [0.1, 0.9], 0.5, "", 0.5, "0.5"),
        ("EXT_SOURCE_1", [0.1, 0.9], None, "", None, "Missing"),
        ("OWN_CAR_AGE", [1, 9], 3, "years", 3.0, "3 years"),
        ("FLAG_PHONE", [0, 1], 1, "", "Yes", "Yes"),
        ("FLAG_PHONE", [0, 1], None, "", None, "Missing"),
        ("NAME_INCOME_TYPE", ["Working"], "Pensioner", "", "Pensioner", "Pensioner"),
        ("NAME_INCOME_TYPE", ["Working"], None, "", None, "Missing"),
    ],
)
def test_a_field_as_figures_show_it(
    name: str, values: list[object], current: Value, unit: str, own: float | str | None, words: str
) -> None:
    moved = moved_field(range_of(name, values), current)
    assert (moved.unit, moved.current, moved.current_words) == (unit, own, words)


def test_zero_days_are_no_negative_years() -> None:
    moved = moved_field(range_of("DAYS_EMPLOYED", [0, -731]), 0)
    assert str(moved.numbers[0]) == "0.0"
    assert str(moved.current) == "0.0"


def test_only_days_before_are_shown_in_another_unit() -> None:
    assert shown_factor(embedded.column("DAYS_BIRTH")) == -1 / 365.25
    assert {shown_factor(embedded.column(name)) for name in ("AMT_CREDIT", "OWN_CAR_AGE", "CODE_GENDER")} == {1.0}


def test_a_curve_and_a_map_take_the_pds_as_they_are() -> None:
    down, across = range_of("DAYS_BIRTH", [-7_305, -14_610]), range_of("FLAG_PHONE", [0, 1])
    curve = field_curve(down, np.array([0.25, 0.5], dtype=np.float32), -7_305, 0.25)
    assert (curve.pds.tolist(), curve.current_pd, curve.density.sum()) == ([0.25, 0.5], 0.25, 2)
    pds = np.array([[0.125, 0.25], [0.5, 0.75]], dtype=np.float32)
    found = field_map(across, down, pds, (1, -14_610), 0.75)
    assert (found.across.label, found.across.current) == (across.column.label, "Yes")
    assert (found.down.label, found.down.current) == ("Age", 40.0)
    assert found.pds.tolist() == pds.tolist()
