"""The values that a field moves over, as figures show them: units, order, and how many applications hold which."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.moved_field import MovedField
from dashboard.components.applicant.what_if import field_curve, field_map, moved_field
from dashboard.words.field_ranges import make_range
from data.home_credit import embedded
from inference.values import Value
from tests.dashboard.words.test_field_ranges import DAYS, range_of


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


def test_the_sentinel_is_neither_a_value_nor_counted() -> None:
    found = range_of("DAYS_EMPLOYED", [-366, -731, -1_461, 365_243, 365_243])
    assert found.grid == (-366, -731, -1_461)
    assert found.density.sum() == 3
    moved = moved_field(found, 365_243)
    assert (moved.current, moved.current_words) == (None, "Not employed")


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


def test_a_curve_and_a_map_take_the_pds_as_they_are() -> None:
    down, across = range_of("DAYS_BIRTH", [-7_305, -14_610]), range_of("FLAG_PHONE", [0, 1])
    curve = field_curve(down, np.array([0.25, 0.5], dtype=np.float32), -7_305, 0.25)
    assert (curve.pds.tolist(), curve.current_pd, curve.density.sum()) == ([0.25, 0.5], 0.25, 2)
    pds = np.array([[0.125, 0.25], [0.5, 0.75]], dtype=np.float32)
    found = field_map(across, down, pds, (1, -14_610), 0.75)
    assert (found.across.label, found.across.current) == (across.column.label, "Yes")
    assert (found.down.label, found.down.current) == ("Age", 40.0)
    assert found.pds.tolist() == pds.tolist()
