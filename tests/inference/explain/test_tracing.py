"""Shares of the fields behind a derived feature: worked by hand, by brute force, one by one and many at once."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.facts import describe_table
from data.home_credit import embedded
from inference.errors import FeatureError
from inference.explain.tracing import Tracing
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.features.expressions import CountMissing, Extreme, Mean, Product, Ratio, Raw
from inference.values import Value
from scripts._embedded import FEATURES

CREDIT, INCOME, AGE, CAR_AGE = (Raw(name) for name in ("AMT_CREDIT", "AMT_INCOME_TOTAL", "DAYS_BIRTH", "OWN_CAR_AGE"))
SCORES = tuple(Raw(f"EXT_SOURCE_{number}") for number in (1, 2, 3))
FIRST, SECOND, THIRD = (score.column for score in SCORES)
SMALL = FeatureSet(
    embedded.DEFINITION,
    (
        raw_feature(embedded.column("AMT_CREDIT")),
        Feature("credit_to_income", "Credit to income", Ratio(CREDIT, INCOME)),
        Feature("car_to_age", "Car to age", Ratio(CAR_AGE, AGE)),
        Feature("mean", "Mean", Mean(SCORES, (1.0, 1.0, 1.0))),
        Feature("lowest", "Lowest", Extreme(SCORES)),
        Feature("product", "Product", Product((SCORES[1], SCORES[2], CREDIT))),
        Feature("missing", "Missing", CountMissing(SCORES)),
    ),
)
# The car's age is missing: most have none.
TYPICAL: dict[str, Value] = {
    "AMT_CREDIT": 400.0,
    "AMT_INCOME_TOTAL": 100.0,
    "DAYS_BIRTH": -16_000,
    "OWN_CAR_AGE": None,
    FIRST: 0.5,
    SECOND: 0.5,
    THIRD: 0.5,
}
TRACING = Tracing(SMALL, TYPICAL)
CREDIT_ALONE, INCOME_ALONE, HALVES = (1.0, 0.0), (0.0, 1.0), (0.5, 0.5)
THIRDS = (1 / 3, 1 / 3, 1 / 3)


def shares(feature: str, **values: Value) -> tuple[float, ...]:
    """The shares of `feature` in the typical application with other `values`, in the order of its fields."""
    application = TYPICAL | values
    return tuple(TRACING.of_one(application, SMALL.row(application)[0])[feature].values())


@pytest.mark.parametrize(
    ("credit", "income", "wanted"),
    [
        (400.0, 50.0, INCOME_ALONE),  # 8, 4 with the typical income, 8 with the typical credit
        (900.0, 100.0, CREDIT_ALONE),
        (100.0, 100.0, CREDIT_ALONE),
        (600.0, 50.0, (0.4, 0.6)),  # 12; 8 with the typical credit, 6 with the typical income
        (800.0, 50.0, HALVES),  # 16; 8 and 8
        (800.0, 125.0, CREDIT_ALONE),  # 6.4; 3.2 with the typical credit; the income pulled the other way
        (400.0, 100.0, HALVES),  # the typical one itself
        (800.0, 200.0, HALVES),  # 4 all the same
    ],
)
def test_a_ratio_goes_to_what_moved_it(credit: float, income: float, wanted: tuple[float, float]) -> None:
    assert shares("credit_to_income", AMT_CREDIT=credit, AMT_INCOME_TOTAL=income) == pytest.approx(wanted, abs=1e-7)


def test_a_high_score_has_no_part_in_a_mean_that_a_low_one_pulled_down() -> None:
    assert shares("mean", EXT_SOURCE_2=0.75, EXT_SOURCE_3=0.125) == (0.0, 0.0, 1.0)
    # Moved up by the second after all.
    assert shares("mean", EXT_SOURCE_2=0.75, EXT_SOURCE_3=0.375) == (0.0, 1.0, 0.0)
    # Down by 0.1 / 3 and by 0.3 / 3.
    assert shares("mean", EXT_SOURCE_1=0.4, EXT_SOURCE_3=0.2) == pytest.approx((0.25, 0.0, 0.75), abs=1e-6)


def test_the_lowest_goes_to_the_lowest() -> None:
    assert shares("lowest", EXT_SOURCE_1=0.3, EXT_SOURCE_2=0.2) == (0.0, 1.0, 0.0)
    # Setting one of two equal ones back changes nothing: they moved it only together.
    assert shares("lowest", EXT_SOURCE_1=0.25, EXT_SOURCE_2=0.25) == THIRDS


@pytest.mark.parametrize(
    ("feature", "values", "wanted"),
    [
        # The feature is missing, and typically is not.
        ("credit_to_income", {"AMT_INCOME_TOTAL": None}, INCOME_ALONE),
        ("credit_to_income", {"AMT_CREDIT": None}, CREDIT_ALONE),
        ("credit_to_income", {"AMT_CREDIT": None, "AMT_INCOME_TOTAL": None}, HALVES),
        ("product", {SECOND: None, "AMT_CREDIT": 900.0}, (1.0, 0.0, 0.0)),
        ("mean", {FIRST: None, SECOND: None, THIRD: None}, THIRDS),
        # It is there, and typically is not.
        ("car_to_age", {"OWN_CAR_AGE": 4.0, "DAYS_BIRTH": -9_000}, (1.0, 0.0)),
        # It is missing in both, for want of the car's age alone.
        ("car_to_age", {"DAYS_BIRTH": -9_000}, (1.0, 0.0)),
        ("car_to_age", {"DAYS_BIRTH": None}, HALVES),
        # 0.375; 0.41667 with the typical first score, without which the second weighs more; 0.5 with the second.
        ("mean", {FIRST: None, SECOND: 0.25}, (0.25, 0.75, 0.0)),
        ("missing", {FIRST: None, THIRD: None}, (0.5, 0.0, 0.5)),
    ],
)
def test_missing_values(feature: str, values: Mapping[str, Value], wanted: tuple[float, ...]) -> None:
    assert shares(feature, **values) == pytest.approx(wanted, abs=1e-6)


def test_a_value_that_goes_missing_without_a_field_says_nothing_of_that_field() -> None:
    typical = TYPICAL | {FIRST: None}
    application = typical | {FIRST: 0.25, SECOND: None, THIRD: None}
    found = Tracing(SMALL, typical).of_one(application, SMALL.row(application)[0])["mean"]
    # 0.25, typically 0.5: 0.375 with either of the others, nothing without the first.
    assert found == {FIRST: 0.0, SECOND: 0.5, THIRD: 0.5}


def test_a_column_that_is_a_feature_keeps_all_of_its_own() -> None:
    for credit in (400.0, 900.0, None):
        assert shares("AMT_CREDIT", AMT_CREDIT=credit) == (1.0,)


def test_an_infinite_value_is_shared_equally() -> None:
    frame = pl.DataFrame({name: [value] for name, value in TYPICAL.items()})
    matrix = SMALL.matrix(frame)
    matrix[0, 1] = np.inf
    found = TRACING.of_many(frame, matrix)
    assert found[1:3, 0].tolist() == [0.5, 0.5]


def plainly(application: Mapping[str, Value], typical: Mapping[str, Value], feature: Feature) -> list[float]:
    """The rule as it is written down, without arrays."""
    alone = FeatureSet(embedded.DEFINITION, (feature,))

    def value(values: Mapping[str, Value]) -> float:
        return float(alone.row(values)[0, 0])

    own, usual = value(application), value(typical)
    without = [value({**application, name: typical.get(name)}) for name in feature.sources]
    if math.isnan(own) != math.isnan(usual):
        parts = [float(math.isnan(each) != math.isnan(own)) for each in without]
    elif math.isnan(own):
        columns = [FeatureSet(embedded.DEFINITION, (raw_feature(embedded.column(name)),)) for name in feature.sources]
        parts = [
            float(math.isnan(column.row({name: application.get(name)})[0, 0]))
            for column, name in zip(columns, feature.sources, strict=True)
        ]
    elif own == usual:
        parts = [0.0] * len(without)
    else:
        sign = 1 if own > usual else -1
        parts = [0.0 if math.isnan(each) else max(0.0, (own - each) * sign) for each in without]
    total = sum(parts)
    return [part / total if total > 0 else 1 / len(parts) for part in parts]


NUMBERS = {
    "AMT_CREDIT": st.sampled_from([None, 100.0, 400.0, 900.0]),
    "AMT_INCOME_TOTAL": st.sampled_from([None, 0.0, 50.0, 100.0, 300.0]),
    "DAYS_BIRTH": st.sampled_from([None, -9_000, -16_000]),
    "OWN_CAR_AGE": st.sampled_from([None, 0.0, 4.0, 12.0]),
    **dict.fromkeys((FIRST, SECOND, THIRD), st.sampled_from([None, 0.1, 0.3, 0.5, 0.7, 0.9])),
}


@given(rows=st.lists(st.fixed_dictionaries(NUMBERS), min_size=1, max_size=6), typical=st.fixed_dictionaries(NUMBERS))
@settings(max_examples=150)
def test_shares_follow_the_rule_one_by_one_and_many_at_once(
    rows: list[dict[str, Value]], typical: dict[str, Value]
) -> None:
    tracing = Tracing(SMALL, typical)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(NUMBERS, pl.Float64), strict=False)
    together = tracing.of_many(frame, SMALL.matrix(frame))
    for column, application in zip(together.T, rows, strict=True):
        found = tracing.of_one(application, SMALL.row(application)[0])
        assert tuple(found) == SMALL.names
        for feature in SMALL.features:
            assert tuple(found[feature.name]) == feature.sources
            assert list(found[feature.name].values()) == pytest.approx(plainly(application, typical, feature), abs=1e-9)
        alone = [share for fields in found.values() for share in fields.values()]
        np.testing.assert_allclose(column, alone, rtol=0, atol=1e-12)


def test_shares_of_the_models_features_add_up(applications: pl.DataFrame) -> None:
    typical = {name: facts.typical for name, facts in describe_table(applications.lazy(), embedded.DEFINITION).items()}
    tracing = Tracing(FEATURES, typical)
    matrix = FEATURES.matrix(applications)
    found = tracing.of_many(applications, matrix)
    assert np.all(found >= 0)
    amounts = np.random.default_rng(5).normal(size=matrix.T.shape)
    by_field = tracing.by_field(amounts, found)
    assert by_field.shape == (len(FEATURES.sources), applications.height)
    np.testing.assert_allclose(by_field.sum(axis=0), amounts.sum(axis=0), rtol=0, atol=1e-12)
    for row in range(0, applications.height, 50):
        application = applications.row(row, named=True)
        alone = tracing.of_one(application, matrix[row])
        for each in FEATURES.features:
            assert math.fsum(alone[each.name].values()) == pytest.approx(1, abs=1e-12)
            wanted = plainly(application, typical, each)
            assert list(alone[each.name].values()) == pytest.approx(wanted, abs=1e-9), each.name
        flat = [share for fields in alone.values() for share in fields.values()]
        np.testing.assert_allclose(found[:, row], flat, rtol=0, atol=1e-12)


def test_no_applications_have_no_shares() -> None:
    none = pl.DataFrame(schema=dict.fromkeys(NUMBERS, pl.Float64))
    assert TRACING.of_many(none, SMALL.matrix(none)).shape == (1 + 2 + 2 + 3 + 3 + 3 + 3, 0)


def test_what_is_no_application_is_named() -> None:
    with pytest.raises(FeatureError, match="AMT_CREDIT holds 'much'"):
        Tracing(SMALL, {"AMT_CREDIT": "much"})
    with pytest.raises(FeatureError, match="AMT_CREDITS"):
        Tracing(SMALL, {"AMT_CREDITS": 4.0})
    frame = pl.DataFrame({name: [1.0] for name in NUMBERS})
    with pytest.raises(FeatureError, match="OWN_CAR_AGE"):
        TRACING.of_many(frame.drop("OWN_CAR_AGE"), SMALL.matrix(frame))
