"""The embedded columns against themselves, and against the publisher's table where that lies beside the project."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import polars as pl
import pytest

from data.definition.columns import Column, Kind, Sensitivity
from data.errors import SchemaError
from data.files.convert import read_applications
from data.home_credit import embedded
from data.home_credit.embedded import COLUMNS

ROOT = Path(__file__).resolve().parents[3]
BESIDE = ROOT.parent / "shared" / "data"
EVERY = pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)


def test_table_has_the_publishers_122_columns_by_kind() -> None:
    kinds = [column.kind for column in COLUMNS]
    assert len(COLUMNS) == len(embedded.BY_NAME) == 122
    assert [kinds.count(kind) for kind in (Kind.ID, Kind.TARGET, Kind.CATEGORY)] == [1, 1, 16]
    assert [column.name for column in COLUMNS[:3]] == ["SK_ID_CURR", "TARGET", "NAME_CONTRACT_TYPE"]
    assert COLUMNS[-1].name == "AMT_REQ_CREDIT_BUREAU_YEAR"


@EVERY
def test_column_is_told_in_plain_words(column: Column) -> None:
    assert column.label.strip() == column.label != ""
    assert "_" not in column.label
    assert column.description.endswith(".")


def test_labels_are_distinct() -> None:
    assert len({column.label for column in COLUMNS}) == len(COLUMNS)


@EVERY
def test_range_is_one_the_dtype_holds_exactly(column: Column) -> None:
    if column.kind is Kind.CATEGORY:
        assert (column.minimum, column.maximum, column.special) == (None, None, ())
        return
    assert column.minimum is not None
    assert column.maximum is not None
    assert column.minimum < column.maximum
    ends = [column.minimum, column.maximum, *column.special_values]
    assert pl.Series(ends, dtype=pl.Float64).cast(column.dtype, strict=True).to_list() == ends


@EVERY
def test_special_values_lie_outside_the_range_and_have_a_meaning(column: Column) -> None:
    for special in column.special:
        assert column.minimum is not None
        assert column.maximum is not None
        assert not column.minimum <= special.value <= column.maximum
        assert special.meaning


@EVERY
def test_levels_are_the_enums_categories(column: Column) -> None:
    assert (column.kind is Kind.CATEGORY) == bool(column.levels)
    assert len(set(column.levels)) == len(column.levels)
    if column.levels:
        assert isinstance(column.dtype, pl.Enum)
        assert tuple(column.dtype.categories) == column.levels


@EVERY
def test_flag_is_zero_or_one_and_never_missing(column: Column) -> None:
    if column.kind in {Kind.FLAG, Kind.TARGET}:
        assert (column.minimum, column.maximum, column.dtype, column.nullable) == (0, 1, pl.Int8(), False)


def test_equal_treatment_is_marked() -> None:
    marked = {kind: {column.name for column in COLUMNS if column.sensitivity is kind} for kind in Sensitivity}
    assert marked[Sensitivity.PROTECTED] == {"CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS"}
    assert {"DAYS_BIRTH", "CNT_CHILDREN"} <= marked[Sensitivity.SENSITIVE]


def test_protected_columns_can_still_cut_cohorts() -> None:
    assert {"CODE_GENDER", "NAME_FAMILY_STATUS"} <= {column.name for column in embedded.DEFINITION.cohort_columns()}


def test_building_measures_come_in_three_statistics() -> None:
    triples = [f"{measure}_{how}" for how in embedded.BUILDING_STATISTICS for measure in embedded.BUILDING_MEASURES]
    assert len(triples) == 42
    assert all(embedded.column(name).nullable for name in triples)


def test_employment_sentinel_is_the_publishers() -> None:
    assert embedded.column("DAYS_EMPLOYED").special_values == (embedded.NOT_EMPLOYED,) == (365_243,)


def test_schema_is_in_table_order() -> None:
    assert embedded.DEFINITION.polars_schema().names() == [column.name for column in COLUMNS]
    assert embedded.DEFINITION.polars_schema()["DAYS_BIRTH"] == pl.Int16


def test_unknown_column_is_named() -> None:
    with pytest.raises(SchemaError, match=r"^There is no column 'AGE' in the application table"):
        embedded.column("AGE")


@pytest.mark.parametrize(
    "module", ["files/convert", "store/opening", "files/sources", "files/validate", "store/storage"]
)
def test_no_column_is_named_a_second_time_where_files_are_read(module: str) -> None:
    tree = ast.parse((ROOT / "data" / f"{module}.py").read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert texts.isdisjoint(embedded.BY_NAME)
    assert texts.isdisjoint(level for column in COLUMNS for level in column.levels)
    numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is int}
    assert numbers.isdisjoint(value for column in COLUMNS for value in column.special_values if value > 0)


@pytest.mark.skipif(not BESIDE.is_dir(), reason="the publisher's sample does not lie beside the project")
def test_real_rows_are_valid_and_keep_every_value() -> None:
    path = BESIDE / "home_credit_sample.parquet"
    ours, theirs = read_applications(path, embedded.DEFINITION), pl.read_parquet(path)
    assert ours.schema == embedded.DEFINITION.polars_schema()
    assert ours.cast(theirs.schema).equals(theirs)


@pytest.mark.skipif(not BESIDE.is_dir(), reason="the publisher's column list does not lie beside the project")
def test_descriptions_are_our_own_words() -> None:
    with (BESIDE / "home_credit_columns_raw.csv").open(encoding="latin-1", newline="") as stream:
        theirs = {cell.strip().rstrip(".").lower() for row in csv.reader(stream) for cell in row if len(cell) > 20}
    assert theirs.isdisjoint(column.description.rstrip(".").lower() for column in COLUMNS)
