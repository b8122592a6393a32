from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from data.definition.columns import Kind, Sensitivity
from data.home_credit import embedded
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


def value(application: dict[str, Any], name: str) -> float:
    return float(FEATURES.row(application)[0, FEATURES.names.index(name)])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AMT_CREDIT", 524288.0),
        ("NAME_CONTRACT_TYPE", 1.0),
        ("credit_to_income", 4.0),
        ("annuity_to_income", 0.25),
        ("credit_to_annuity", 16.0),
        ("goods_to_credit", 0.5),
        ("credit_over_goods", 262144.0),
        ("is_not_employed", 0.0),
        ("employed_to_age", 0.25),
        ("external_mean", 0.5),
        ("external_minimum", 0.25),
        ("external_maximum", 0.75),
        ("external_product", 0.1875),
        ("external_missing", 1.0),
        ("external_mean_by_age", -8192.0),
        ("documents_provided", 2.0),
    ],
)
def test_features_worked_out_by_hand(name: str, expected: float) -> None:
    assert value(APPLICANT, name) == expected


def test_weighted_mean_leaves_out_what_is_missing() -> None:
    # Weights 2, 3, 4; the first score is missing: (3 * 0.25 + 4 * 0.75) / 7.
    assert value(APPLICANT, "external_weighted") == np.float32((3 * 0.25 + 4 * 0.75) / 7)


def test_employment_sentinel_is_a_flag_and_a_missing_number() -> None:
    pensioner = {**APPLICANT, "DAYS_EMPLOYED": embedded.NOT_EMPLOYED}
    assert value(pensioner, "is_not_employed") == 1.0
    assert math.isnan(value(pensioner, "DAYS_EMPLOYED"))
    assert math.isnan(value(pensioner, "employed_to_age"))


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_zero_denominator_is_missing(zero: float) -> None:
    assert math.isnan(value({**APPLICANT, "AMT_INCOME_TOTAL": zero}, "credit_to_income"))


def test_level_codes_follow_the_schema_and_an_unknown_level_is_minus_one() -> None:
    for code, level in enumerate(embedded.column("NAME_EDUCATION_TYPE").levels):
        assert value({"NAME_EDUCATION_TYPE": level}, "NAME_EDUCATION_TYPE") == code
    assert value({"NAME_EDUCATION_TYPE": "Doctorate"}, "NAME_EDUCATION_TYPE") == -1.0
    assert math.isnan(value({"NAME_EDUCATION_TYPE": None}, "NAME_EDUCATION_TYPE"))


def test_no_feature_knows_the_identifier_the_target_or_a_protected_column() -> None:
    forbidden = {c.name for c in embedded.COLUMNS if c.kind in (Kind.ID, Kind.TARGET)}
    forbidden |= {c.name for c in embedded.COLUMNS if c.sensitivity is Sensitivity.PROTECTED}
    assert {"CODE_GENDER", "NAME_FAMILY_STATUS"} < forbidden
    assert forbidden.isdisjoint(FEATURES.sources)


def test_protected_values_change_nothing() -> None:
    others = [{"CODE_GENDER": g, "NAME_FAMILY_STATUS": s} for g, s in (("F", "Widow"), ("M", "Married"))]
    first, second = (FEATURES.row({**APPLICANT, **other}) for other in others)
    np.testing.assert_array_equal(first, second)


def test_sources_are_the_columns_behind_a_feature() -> None:
    by_name = {feature.name: feature for feature in FEATURES.features}
    assert by_name["credit_to_income"].sources == ("AMT_CREDIT", "AMT_INCOME_TOTAL")
    assert by_name["external_mean_by_age"].sources == ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "DAYS_BIRTH")


def test_names_and_labels_are_unique() -> None:
    assert len(set(FEATURES.names)) == len(FEATURES.names)
    assert len({feature.label for feature in FEATURES.features}) == len(FEATURES.names)
