"""Each node of the language of features, as a table and row by row, worked out by hand."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data.home_credit import embedded
from inference.errors import FeatureError
from inference.features.encoding import Feature, FeatureSet
from inference.features.expressions import (
    Constant,
    CountMissing,
    Difference,
    Expression,
    Extreme,
    IsSpecial,
    Mean,
    Negative,
    Product,
    Ratio,
    Raw,
    Script,
    Steps,
    Sum,
    level,
    number,
)


def same_bits(left: NDArray[np.float32], right: NDArray[np.float32]) -> bool:
    """Equal bit for bit, the sign of zero included; a NaN is a NaN, whatever its payload."""
    left, right = (np.where(np.isnan(x), np.float32(np.nan), x) for x in (left, right))
    return left.shape == right.shape and bool((left.view(np.uint32) == right.view(np.uint32)).all())


SEVERAL = (-9.0, -7.0)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (Raw("AMT_CREDIT", SEVERAL), [5.0, math.nan, math.nan, math.nan]),
        (IsSpecial("AMT_CREDIT", SEVERAL), [0.0, 1.0, 1.0, math.nan]),
        (IsSpecial("AMT_CREDIT", (-7.0,)), [0.0, 0.0, 1.0, math.nan]),
        (Sum((Raw("AMT_CREDIT", SEVERAL), Constant(2.0))), [7.0, math.nan, math.nan, math.nan]),
        (Negative(Raw("AMT_CREDIT")), [-5.0, 9.0, 7.0, math.nan]),
        (Extreme((Raw("AMT_CREDIT"), Constant(-8.0), Constant(-0.0))), [-8.0, -9.0, -8.0, -8.0]),
    ],
)
def test_nodes_worked_out_by_hand_as_a_table_and_row_by_row(expression: Expression, wanted: list[float]) -> None:
    features = FeatureSet(embedded.DEFINITION, [Feature("x", "X", expression)])
    values = [5.0, -9.0, -7.0, None]
    table = features.matrix(pl.DataFrame({"AMT_CREDIT": values}, schema={"AMT_CREDIT": pl.Float64}))
    np.testing.assert_array_equal(table[:, 0], np.array(wanted, dtype=np.float32))
    rows = np.concatenate([features.row({"AMT_CREDIT": value}) for value in values])
    assert same_bits(table, rows)


OVER, UNDER = Raw("AMT_CREDIT"), Raw("AMT_ANNUITY")
# Credit and annuity of five applications: both, an annuity of zero, either missing, both missing.
PAIRS: list[tuple[float | None, float | None]] = [(6.0, 4.0), (6.0, 0.0), (None, 4.0), (6.0, None), (None, None)]
NAN = math.nan


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (Ratio(OVER, UNDER), [1.5, NAN, NAN, NAN, NAN]),
        (Difference(OVER, UNDER), [2.0, 6.0, NAN, NAN, NAN]),
        (Product((OVER, UNDER, Constant(0.5))), [12.0, 0.0, NAN, NAN, NAN]),
        # Weights 1 and 3: (6 + 12) / 4, (6 + 0) / 4, then what is there alone.
        (Mean((OVER, UNDER), (1.0, 3.0)), [4.5, 1.5, 4.0, 6.0, NAN]),
        (Mean((OVER, UNDER), (1.0, 3.0), divide=False), [18.0, 6.0, 12.0, 6.0, NAN]),
        (Extreme((OVER, UNDER)), [4.0, 0.0, 4.0, 6.0, NAN]),
        (Extreme((OVER, UNDER), largest=True), [6.0, 6.0, 4.0, 6.0, NAN]),
        (CountMissing((OVER, UNDER)), [0.0, 0.0, 1.0, 1.0, 2.0]),
    ],
)
def test_nodes_of_two_columns_worked_out_by_hand(expression: Expression, wanted: list[float]) -> None:
    features = FeatureSet(embedded.DEFINITION, [Feature("x", "X", expression)])
    schema = {"AMT_CREDIT": pl.Float64, "AMT_ANNUITY": pl.Float64}
    table = features.matrix(pl.DataFrame(PAIRS, schema=schema, orient="row"))
    np.testing.assert_array_equal(table[:, 0], np.array(wanted, dtype=np.float32))
    rows = [features.row({"AMT_CREDIT": over, "AMT_ANNUITY": under}) for over, under in PAIRS]
    assert same_bits(table, np.concatenate(rows))


def test_of_two_zeros_the_first_is_the_smallest_in_both_forms() -> None:
    features = FeatureSet(embedded.DEFINITION, [Feature("x", "X", Extreme((OVER, UNDER)))])
    for first, second in ((0.0, -0.0), (-0.0, 0.0)):
        row = features.row({"AMT_CREDIT": first, "AMT_ANNUITY": second})
        assert math.copysign(1.0, row[0, 0]) == math.copysign(1.0, first)
        assert same_bits(features.matrix(pl.DataFrame({"AMT_CREDIT": [first], "AMT_ANNUITY": [second]})), row)


def test_a_node_that_occurs_twice_is_computed_once() -> None:
    script, ratio = Script(), Ratio(OVER, UNDER)
    first, second, both = script.values([ratio, Ratio(OVER, UNDER), Sum((ratio, ratio))])
    assert first == second
    assert script.lines[-1] == f"{both} = {first} + {first}"
    assert sum(" / " in line for line in script.lines) == 1


def test_a_node_of_a_table_that_occurs_twice_is_computed_once() -> None:
    steps, ratio = Steps(), Ratio(OVER, UNDER)
    first, second, _ = steps.values([ratio, Ratio(OVER, UNDER), Sum((ratio, OVER))])
    assert first.meta.eq(second)
    # The columns as stored, then without special values, then the ratio, and the sum that needs it.
    assert [len(stage) for stage in steps.stages] == [2, 2, 1, 1]
    assert Sum((ratio, OVER)).columns() == ("AMT_CREDIT", "AMT_ANNUITY")


def test_a_table_s_features_nest_without_growing() -> None:
    # Written out, each ratio would name what it is made of twice: more than 2**30 parts in all.
    nested: Expression = OVER
    for _ in range(30):
        nested = Extreme((Ratio(nested, UNDER), UNDER, OVER))
    features = FeatureSet(embedded.DEFINITION, [Feature("x", "X", nested)])
    applications = [{"AMT_CREDIT": over, "AMT_ANNUITY": under} for over, under in PAIRS]
    rows = np.concatenate([features.row(application) for application in applications])
    # 6 / 4 is 1.5; after that 1.5 / 4 and so on, which is smaller than both each time.
    assert rows[0, 0] == np.float32(6 / 4.0**30)
    schema = {"AMT_CREDIT": pl.Float64, "AMT_ANNUITY": pl.Float64}
    assert same_bits(features.matrix(pl.DataFrame(applications, schema=schema)), rows)


@pytest.mark.parametrize("value", [Fraction(1, 4), np.float32(0.25), np.int16(2), True])
def test_every_kind_of_real_number_is_one(value: float) -> None:
    assert number("AMT_CREDIT", value) == float(value)


@pytest.mark.parametrize("value", ["1", Decimal(1), 1j, [1], 10**400])
def test_other_values_are_no_numbers(value: object) -> None:
    with pytest.raises(FeatureError, match=r"^Column AMT_CREDIT holds .*; expected a number or nothing\.$"):
        number("AMT_CREDIT", value)


def test_a_level_is_text() -> None:
    assert level("CODE_GENDER", "never seen") == -1.0
    assert math.isnan(level("CODE_GENDER", math.nan))
    with pytest.raises(FeatureError, match="expected one of its levels as text"):
        level("CODE_GENDER", 1)
