"""The embedded default's definition: facts counted by hand, and the modules that it replaces."""

from __future__ import annotations

import polars as pl
import pytest

from data.definition.columns import Kind, Special
from data.definition.definition import Definition, Outcome
from data.definition.reading import parse_definition, read_definition
from data.definition.writing import definition_text
from data.home_credit import HOME_CREDIT_TOML
from inference.features.definition_features import feature_set


@pytest.fixture(scope="module")
def definition() -> Definition:
    return read_definition(HOME_CREDIT_TOML)


def test_has_the_columns_that_the_publisher_lists(definition: Definition) -> None:
    names = [column.name for column in definition.columns]
    assert len(names) == 122
    assert names[:3] == ["SK_ID_CURR", "TARGET", "NAME_CONTRACT_TYPE"]
    assert names[-1] == "AMT_REQ_CREDIT_BUREAU_YEAR"
    kinds = [column.kind for column in definition.columns]
    assert {kind: kinds.count(kind) for kind in Kind if kind in kinds} == {
        Kind.ID: 1,
        Kind.TARGET: 1,
        Kind.NUMERIC: 72,
        Kind.FLAG: 32,
        Kind.CATEGORY: 16,
    }


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("SK_ID_CURR", pl.Int32()),
        ("TARGET", pl.Int8()),
        ("CODE_GENDER", pl.Enum(["F", "M", "XNA"])),
        ("CNT_CHILDREN", pl.Int8()),
        ("AMT_CREDIT", pl.Float64()),
        ("DAYS_BIRTH", pl.Int16()),
        ("DAYS_EMPLOYED", pl.Int32()),
        ("FLAG_DOCUMENT_21", pl.Int8()),
        ("EXT_SOURCE_1", pl.Float64()),
        ("OBS_60_CNT_SOCIAL_CIRCLE", pl.Int16()),
    ],
)
def test_stores_a_column_in_the_smallest_exact_type(definition: Definition, name: str, dtype: pl.DataType) -> None:
    assert definition.column(name).dtype == dtype


def test_says_what_stands_for_something_else(definition: Definition) -> None:
    special = {column.name: column.special for column in definition.columns if column.special}
    assert special == {
        "DAYS_EMPLOYED": (Special(365243.0, "not employed"),),
        "REGION_RATING_CLIENT_W_CITY": (Special(-1.0, "not rated"),),
    }
    assert definition.protected == ("CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS")
    assert len(definition.column("ORGANIZATION_TYPE").levels) == 58


def test_gives_columns_their_roles(definition: Definition) -> None:
    assert definition.outcome == Outcome("TARGET", ("1",), ("0",))
    assert (definition.id, definition.roles.exposure, definition.currency) == ("SK_ID_CURR", "AMT_CREDIT", "")
    loan = definition.loan
    assert loan is not None
    assert (loan.credit, loan.annuity, loan.goods) == ("AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
    assert (loan.kind, loan.revolving) == ("NAME_CONTRACT_TYPE", "Revolving loans")
    assert [lever.column for lever in definition.levers] == [
        "FLAG_PHONE",
        "FLAG_WORK_PHONE",
        "FLAG_DOCUMENT_3",
        "FLAG_DOCUMENT_8",
    ]
    assert definition.groups == (
        "Person",
        "Work and income",
        "Credit",
        "External scores",
        "Residence",
        "Contact and process",
        "Social circle",
        "Credit enquiries",
        "Documents",
        "Building",
        "Record",
    )


def test_is_what_it_reads_as_when_it_is_written_again(definition: Definition) -> None:
    again = parse_definition(definition_text(definition), HOME_CREDIT_TOML)
    assert again == definition
    assert again.digest == definition.digest


def test_makes_the_features_of_the_model_that_is_embedded(definition: Definition) -> None:
    # The digest of the features that the first model was trained on, before definitions were.
    first = "60bde39fdc4f8b98a237bb49cd8c9813f0964515f1ba3e822a56dd05ead338ea"
    assert feature_set(definition).digest == first
    assert len(definition.example) == 21
