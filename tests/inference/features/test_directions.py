from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.home_credit import embedded
from inference.errors import DirectionError
from inference.features.directions import constraint
from inference.features.encoding import Feature, FeatureSet
from inference.features.expressions import (
    Constant,
    CountMissing,
    Difference,
    Expression,
    Extreme,
    Mean,
    Negative,
    Product,
    Ratio,
    Raw,
    Sum,
)
from scripts._embedded import DIRECTIONS, FEATURES

INCOME, CREDIT, AGE, EMPLOYED = (
    Raw(name) for name in ("AMT_INCOME_TOTAL", "AMT_CREDIT", "DAYS_BIRTH", "DAYS_EMPLOYED")
)
FIRST, SECOND = Raw("EXT_SOURCE_1"), Raw("EXT_SOURCE_2")
BOTH = (FIRST, SECOND)
# Worked out by hand; days count down from 0, so that an earlier one is a smaller number.
BY_HAND = [
    (INCOME, {"AMT_INCOME_TOTAL": -1}, -1),
    (INCOME, {"AMT_CREDIT": 1}, 0),
    (Ratio(CREDIT, INCOME), {"AMT_INCOME_TOTAL": -1}, 1),
    (Ratio(CREDIT, INCOME), {"AMT_INCOME_TOTAL": -1, "AMT_CREDIT": 1}, 1),
    (Ratio(INCOME, AGE), {"AMT_INCOME_TOTAL": -1}, 1),
    (Product((FIRST, AGE)), {"EXT_SOURCE_1": -1}, 1),
    (Product((FIRST, AGE)), {"DAYS_BIRTH": 1}, 1),
    (Ratio(EMPLOYED, AGE), {"DAYS_EMPLOYED": 1}, -1),
    (Ratio(EMPLOYED, AGE), {"DAYS_BIRTH": 1}, 1),
    (Mean(BOTH, (1.0, 2.0)), {"EXT_SOURCE_1": -1, "EXT_SOURCE_2": -1}, -1),
    (Extreme(BOTH), {"EXT_SOURCE_2": -1}, -1),
    (Difference(CREDIT, INCOME), {"AMT_INCOME_TOTAL": -1}, 1),
    (Sum((CREDIT, Negative(INCOME))), {"AMT_INCOME_TOTAL": -1}, 1),
    (Ratio(Sum((CREDIT, Constant(1.0))), INCOME), {"AMT_INCOME_TOTAL": -1}, 1),
    (CountMissing(BOTH), {"EXT_SOURCE_1": -1}, 0),
]


@pytest.mark.parametrize(("expression", "directions", "wanted"), BY_HAND)
def test_a_feature_is_held_to_the_direction_of_what_it_is_made_from(
    expression: Expression, directions: dict[str, int], wanted: int
) -> None:
    assert constraint("x", expression, directions, embedded.DEFINITION.by_name) == wanted


@pytest.mark.parametrize(
    ("expression", "directions"),
    [
        (Difference(Extreme(BOTH, largest=True), Extreme(BOTH)), {"EXT_SOURCE_1": -1}),
        (Product((Difference(CREDIT, INCOME), FIRST)), {"EXT_SOURCE_1": -1}),
        (Mean(BOTH, (1.0, -1.0)), {"EXT_SOURCE_1": -1}),
        # Zero days employed make the ratio missing.
        (Ratio(INCOME, EMPLOYED), {"DAYS_EMPLOYED": 1}),
    ],
)
def test_a_feature_that_rises_and_falls_with_a_directed_field_is_refused(
    expression: Expression, directions: dict[str, int]
) -> None:
    with pytest.raises(DirectionError, match=f"Feature x can both rise and fall with {next(iter(directions))}"):
        FeatureSet(embedded.DEFINITION, [Feature("x", "X", expression)], directions)


def test_a_feature_that_two_fields_pull_apart_is_refused() -> None:
    with pytest.raises(DirectionError, match="pulled opposite ways by the directions of AMT_CREDIT and AMT_INCOME"):
        FeatureSet(
            embedded.DEFINITION, [Feature("x", "X", Ratio(CREDIT, INCOME))], {"AMT_CREDIT": -1, "AMT_INCOME_TOTAL": -1}
        )


def test_every_directed_field_is_one_of_the_model_and_reaches_it_held() -> None:
    held = {name for f, c in zip(FEATURES.features, FEATURES.constraints, strict=True) if c for name in f.sources}
    assert set(DIRECTIONS) <= set(FEATURES.sources) & held
    assert set(DIRECTIONS.values()) <= {1, -1}


@given(st.sampled_from(sorted(DIRECTIONS)), st.integers(0, 2_999), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_moving_a_field_moves_no_feature_against_its_constraint(
    applications: pl.DataFrame, name: str, row: int, shares: tuple[float, float]
) -> None:
    column = embedded.column(name)
    low, high = float(column.minimum or 0), float(column.maximum or 0)
    ends = sorted(low + share * (high - low) for share in shares)
    if column.dtype.is_integer():
        ends = [float(round(end)) for end in ends]
    before, after = (FEATURES.row({**applications.row(row, named=True), name: end})[0] for end in ends)
    moves = np.array(FEATURES.constraints) * DIRECTIONS[name] * np.sign(after.astype(float) - before)
    is_built_on_it = np.array([name in feature.sources for feature in FEATURES.features])
    free = is_built_on_it & (np.array(FEATURES.constraints) == 0)
    # What is free of a constraint stays; the others move as the field asks.
    assert not np.any(free & (before != after) & ~(np.isnan(before) & np.isnan(after)))
    assert np.all(moves[~np.isnan(moves)] >= 0)
