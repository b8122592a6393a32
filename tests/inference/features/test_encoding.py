"""A list of features computed over a table and over one application: bit for bit the same, and wrong input named."""

from __future__ import annotations

import math
import timeit
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from data.home_credit import embedded
from inference.errors import FeatureError
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.features.expressions import Raw
from scripts._embedded import FEATURES

# Powers of two, so that every expected quotient below is exact.
APPLICANT: dict[str, Any] = {
    "AMT_INCOME_TOTAL": 131072,
    "AMT_CREDIT": 524288.0,
    "AMT_ANNUITY": 32768.0,
    "AMT_GOODS_PRICE": 262144.0,
    "DAYS_BIRTH": -16384,
    "DAYS_EMPLOYED": -4096,
    "CNT_CHILDREN": 1,
    "CNT_FAM_MEMBERS": 4,
    "EXT_SOURCE_1": None,
    "EXT_SOURCE_2": 0.25,
    "EXT_SOURCE_3": 0.75,
    "NAME_CONTRACT_TYPE": "Revolving loans",
    "FLAG_DOCUMENT_3": 1,
    "FLAG_DOCUMENT_8": 1,
    "APARTMENTS_AVG": 0.5,
}
CATEGORIES = [name for name in FEATURES.sources if embedded.column(name).kind is Kind.CATEGORY]


def value(application: dict[str, Any], name: str) -> float:
    return float(FEATURES.row(application)[0, FEATURES.names.index(name)])


def same_bits(left: NDArray[np.float32], right: NDArray[np.float32]) -> bool:
    """Equal bit for bit, the sign of zero included; a NaN is a NaN, whatever its payload."""
    left, right = (np.where(np.isnan(x), np.float32(np.nan), x) for x in (left, right))
    return left.shape == right.shape and bool((left.view(np.uint32) == right.view(np.uint32)).all())


def numbers(column: Column) -> st.SearchStrategy[Any]:
    special = [None, 0, 0.0, -0.0, 1, -1, math.nan, math.inf, -math.inf]
    for value in column.special_values:
        special += [int(value), value]
    whole = st.integers(-(2**60), 2**60)
    return st.sampled_from(special) | whole | st.floats() | st.booleans()


def texts(column: Column) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *column.levels, "never seen", "", column.levels[0].lower()])


def applications_of(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    values = {n: (texts if n in CATEGORIES else numbers)(embedded.column(n)) for n in names}
    return st.fixed_dictionaries({}, optional=values)


def as_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns = {}
    for name in FEATURES.sources:
        found = [row.get(name) for row in rows]
        if name not in CATEGORIES:
            found = [None if x is None else float(x) for x in found]
        columns[name] = pl.Series(name, found, dtype=pl.String if name in CATEGORIES else pl.Float64)
    return pl.DataFrame(columns)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(applications_of(FEATURES.sources), min_size=1, max_size=3))
def test_row_equals_matrix_bit_for_bit(rows: list[dict[str, Any]]) -> None:
    assert same_bits(np.vstack([FEATURES.row(row) for row in rows]), FEATURES.matrix(as_frame(rows)))


def test_row_equals_matrix_on_a_whole_table(applications: pl.DataFrame) -> None:
    single = np.vstack([FEATURES.row(row) for row in applications.to_dicts()])
    assert same_bits(single, FEATURES.matrix(applications))


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float32, pl.Float64])
def test_matrix_does_not_depend_on_how_a_number_is_stored(applications: pl.DataFrame, dtype: pl.DataType) -> None:
    # Whole numbers below 2**24 are exact in each of these types.
    names = [c.name for c in embedded.COLUMNS if c.dtype.is_integer()]
    stored = applications.with_columns(pl.col(names).cast(dtype))
    assert same_bits(FEATURES.matrix(stored), FEATURES.matrix(applications))


def test_matrix_takes_text_categories_and_enums_with_further_levels(applications: pl.DataFrame) -> None:
    name = "NAME_INCOME_TYPE"
    longer = pl.Enum(["Astronaut", *embedded.column(name).levels])
    expected = FEATURES.matrix(applications)
    for dtype in (pl.String(), longer, pl.Categorical()):
        found = FEATURES.matrix(applications.with_columns(pl.col(name).cast(pl.String).cast(dtype)))
        assert same_bits(found, expected)


def test_matrix_is_c_contiguous_float32_and_takes_a_lazy_frame(applications: pl.DataFrame) -> None:
    matrix = FEATURES.matrix(applications.lazy())
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    assert matrix.shape == (applications.height, len(FEATURES.names))


def test_matrix_of_many_parts_equals_the_parts(applications: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = FEATURES.matrix(applications)
    monkeypatch.setattr("inference.features.encoding._CHUNK_ROWS", 700)
    assert same_bits(FEATURES.matrix(applications), whole)


def test_no_rows_give_an_empty_matrix(applications: pl.DataFrame) -> None:
    assert FEATURES.matrix(applications.head(0)).shape == (0, len(FEATURES.names))


def test_unknown_key_is_named() -> None:
    with pytest.raises(FeatureError, match="'AMT_CREDITS'"):
        FEATURES.row({**APPLICANT, "AMT_CREDITS": 1.0})


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("AMT_CREDIT", "524288"),
        ("AMT_CREDIT", np.str_("524288")),
        ("AMT_CREDIT", [1.0]),
        ("AMT_CREDIT", 10**400),
        ("NAME_CONTRACT_TYPE", 3),
        ("NAME_CONTRACT_TYPE", ["Cash loans"]),
    ],
)
def test_value_of_the_wrong_type_names_its_column(column: str, wrong: object) -> None:
    with pytest.raises(FeatureError, match=f"Column {column} holds"):
        FEATURES.row({**APPLICANT, column: wrong})


@pytest.mark.parametrize(
    ("column", "wrong"), [("AMT_CREDIT", pl.String), ("NAME_CONTRACT_TYPE", pl.Int64), ("AMT_CREDIT", pl.Date)]
)
def test_column_of_the_wrong_type_is_named(applications: pl.DataFrame, column: str, wrong: pl.DataType) -> None:
    changed = applications.with_columns(pl.lit(None, dtype=wrong).alias(column))
    with pytest.raises(FeatureError, match=f"Column {column} is of type"):
        FEATURES.matrix(changed)


def test_absent_columns_are_named(applications: pl.DataFrame) -> None:
    with pytest.raises(FeatureError, match="AMT_CREDIT, EXT_SOURCE_2"):
        FEATURES.matrix(applications.drop("EXT_SOURCE_2", "AMT_CREDIT"))


def test_numpy_scalars_count_as_numbers() -> None:
    for kind in (np.float64, np.float32, np.int16):
        assert value({**APPLICANT, "AMT_INCOME_TOTAL": kind(16384)}, "credit_to_income") == 32.0


def test_digest_changes_with_a_definition_and_with_nothing_else() -> None:
    def feature(column: str) -> FeatureSet:
        return FeatureSet(embedded.DEFINITION, [Feature("x", "X", Raw(column))])

    assert feature("AMT_CREDIT").digest == feature("AMT_CREDIT").digest
    assert feature("AMT_CREDIT").digest != feature("AMT_ANNUITY").digest
    assert (
        FeatureSet(embedded.DEFINITION, [raw_feature(embedded.column("AMT_CREDIT"))]).digest
        != feature("AMT_CREDIT").digest
    )


def test_digest_changes_with_a_direction() -> None:
    credit = [raw_feature(embedded.column("AMT_CREDIT"))]
    digests = {
        FeatureSet(embedded.DEFINITION, credit, found).digest for found in ({}, {"AMT_CREDIT": 1}, {"AMT_CREDIT": -1})
    }
    assert len(digests) == 3


def test_single_row_takes_less_than_60_microseconds(applications: pl.DataFrame) -> None:
    row = applications.row(0, named=True)
    assert min(timeit.repeat(lambda: FEATURES.row(row), number=200, repeat=20)) / 200 < 60e-6
