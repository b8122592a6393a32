"""Variants of one application score as each of them does by itself, whichever way they are computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data.home_credit import embedded
from inference.errors import FeatureError
from inference.explain.variants import move_fields, score_variants
from inference.model.build import PublishedModel
from inference.model.session import ScoringSession
from inference.values import Value
from scripts._embedded import FEATURES

CHANGES: dict[str, Sequence[Value]] = {
    "AMT_CREDIT": [1, 450_000, 123_456.78, None, 2**53 + 1, 0.0, math.nan],
    "DAYS_EMPLOYED": [-1, embedded.NOT_EMPLOYED, float(embedded.NOT_EMPLOYED), -2_000, None, 0, -30_000],
    "NAME_INCOME_TYPE": ["Working", "Astronaut", None, "Pensioner", "", "Student", math.nan],
    "FLAG_PHONE": [0, 1, None, 1, 0, 1, 0],
    # No feature knows it.
    "CODE_GENDER": ["F", "M", "XNA", None, "F", "M", "F"],
}


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


@pytest.fixture(scope="module")
def rows(applications: pl.DataFrame) -> list[dict[str, Value]]:
    return applications.head(25).to_dicts()


def alone(
    session: ScoringSession, application: dict[str, Value], changes: Mapping[str, Sequence[Value]]
) -> NDArray[np.float64]:
    """The PD of each variant, scored by itself."""
    each = (dict(zip(changes, values, strict=True)) for values in zip(*changes.values(), strict=True))
    return np.array([session.score({**application, **changed}) for changed in each], dtype=np.float32)


def test_variants_score_as_each_of_them_alone(session: ScoringSession, rows: list[dict[str, Value]]) -> None:
    seen = set[float]()
    for application in rows:
        expected = alone(session, application, CHANGES)
        np.testing.assert_array_equal(score_variants(session, application, CHANGES), expected)
        seen.update(expected)
    assert len(seen) > 2 * len(rows)


def test_every_column_moves_as_it_does_alone(session: ScoringSession, applications: pl.DataFrame) -> None:
    application, others = applications.row(0, named=True), applications.slice(1, 10)
    for name in FEATURES.sources:
        changes = {name: [None, *others[name].to_list()]}
        expected = alone(session, application, changes)
        np.testing.assert_array_equal(score_variants(session, application, changes), expected)


def test_one_field_of_some_applications_moved(session: ScoringSession, applications: pl.DataFrame) -> None:
    table = applications.head(6)
    others = applications.row(99, named=True)
    which = np.array([4, 1, 1])
    moves = [(name, which, value) for name in FEATURES.sources for value in (None, others[name])]
    found = move_fields(FEATURES, table, FEATURES.matrix(table), moves)
    given = [{**table.row(row, named=True), name: value} for name, _, value in moves for row in which]
    expected = [FEATURES.row(application)[0] for application in given]
    np.testing.assert_array_equal(found, np.array(expected))
    assert move_fields(FEATURES, table, FEATURES.matrix(table), []).shape == (0, len(FEATURES.names))


def test_without_changes_it_is_the_application(session: ScoringSession, rows: list[dict[str, Value]]) -> None:
    assert score_variants(session, rows[3], {}).tolist() == [np.float32(session.score(rows[3]))]


def test_no_values_are_no_variants(session: ScoringSession, rows: list[dict[str, Value]]) -> None:
    assert score_variants(session, rows[0], {"AMT_CREDIT": []}).shape == (0,)


def test_the_application_itself_stays_as_it_was(session: ScoringSession, rows: list[dict[str, Value]]) -> None:
    application = dict(rows[0])
    score_variants(session, application, CHANGES)
    assert application == rows[0]


@pytest.mark.parametrize(
    ("application", "changes", "said"),
    [
        ({}, {"AMT_CREDITS": [1.0]}, "no column 'AMT_CREDITS'"),
        ({"AMT_CREDITS": 1.0}, {"AMT_CREDIT": [1.0]}, "no column 'AMT_CREDITS'"),
        ({}, {"AMT_CREDIT": [1.0, "much"]}, "AMT_CREDIT holds 'much'"),
        ({"AMT_CREDIT": "much"}, {"FLAG_PHONE": [1]}, "AMT_CREDIT holds 'much'"),
        ({}, {"AMT_CREDIT": [10**400]}, "expected a number"),
        ({}, {"NAME_INCOME_TYPE": ["Working", 3.0]}, "NAME_INCOME_TYPE holds 3.0"),
    ],
)
def test_wrong_keys_and_values_are_named(
    session: ScoringSession, application: dict[str, Value], changes: dict[str, list[Value]], said: str
) -> None:
    with pytest.raises(FeatureError, match=said):
        score_variants(session, application, changes)


def test_columns_of_different_lengths_are_no_variants(session: ScoringSession) -> None:
    with pytest.raises(ValueError, match=r"different lengths: \[1, 2\]"):
        score_variants(session, {}, {"AMT_CREDIT": [1.0], "AMT_ANNUITY": [1.0, 2.0]})
