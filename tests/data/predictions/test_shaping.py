"""Cohort columns: grades in the order of risk, codes beside quantities."""

from __future__ import annotations

import polars as pl

from data.definition.columns import Unit
from data.predictions.shaping import ordered_grades, special_in, with_special
from data.predictions.table import CohortColumn, CohortKind


def test_grades_are_in_the_order_of_their_mean_pds() -> None:
    grades = pl.Series("grade", ["AAA", "A", "CCC", "A", "AAA", None])
    found = ordered_grades(grades, pl.Series([0.01, 0.02, 0.5, 0.04, 0.02, 0.9]))
    assert isinstance(found.dtype, pl.Enum)
    assert found.dtype.categories.to_list() == ["AAA", "A", "CCC"]
    assert found.to_list() == grades.to_list()


def test_codes_are_groups_of_their_own_outside_the_range() -> None:
    frame = pl.DataFrame({"income": [1_000, 2_000, 9_000] * 10 + [-9] * 5 + [-7] * 3, "age": list(range(38))})
    assert special_in(frame, frame.columns) == {"income": {-9.0: 5, -7.0: 3}}
    column = CohortColumn("income", "income", "", "", CohortKind.RANGE, minimum=-9, maximum=9_000, unit=Unit.NONE)
    found = with_special(column, frame, [-9.0, -7.0])
    assert (found.special_values, found.minimum, found.maximum) == ((-9, -7), 1_000, 9_000)
