"""Neighbours are those that a plain walk over all applications finds, in a distance that can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from data.definition.columns import Column, Kind, Sensitivity
from data.home_credit import embedded
from inference.errors import FeatureError
from inference.explain.contributions import Contributions, make_contributions
from inference.explain.neighbours import Neighbours, main_fields
from inference.explain.shapley import ShapleyModel
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.features.expressions import Ratio, Raw
from inference.model.build import PublishedModel
from inference.values import Value
from scripts._embedded import FEATURES

# Powers of two, as is the number of rows: all distances are exact in float32, and ties are real ones.
N_ROWS = 256
WEIGHTS = {
    "AMT_CREDIT": 1 / 4,
    "DAYS_EMPLOYED": 1 / 4,
    "EXT_SOURCE_1": 1 / 8,
    "NAME_EDUCATION_TYPE": 1 / 8,
    "OCCUPATION_TYPE": 1 / 8,
    "FLAG_PHONE": 1 / 8,
}


@pytest.fixture(scope="module")
def portfolio() -> pl.DataFrame:
    """Few distinct values, many ties; half of the scores and of the jobs are missing, half are not employed."""
    random = np.random.default_rng(5)
    employed = np.concatenate([np.full(N_ROWS // 2, embedded.NOT_EMPLOYED), random.integers(-40, 0, N_ROWS // 2) * 100])
    scores = [None] * (N_ROWS // 2) + random.integers(0, 9, N_ROWS // 2).tolist()
    jobs = [*random.choice(["Drivers", "Managers", "Space crew"], N_ROWS // 2).tolist(), *[None] * (N_ROWS // 2)]
    return pl.DataFrame(
        {
            "AMT_CREDIT": random.integers(1, 30, N_ROWS) * 10_000.0,
            "DAYS_EMPLOYED": random.permutation(employed),
            "EXT_SOURCE_1": [None if each is None else each / 10 for each in scores],
            "NAME_EDUCATION_TYPE": random.choice(embedded.column("NAME_EDUCATION_TYPE").levels, N_ROWS),
            "OCCUPATION_TYPE": jobs,
            "FLAG_PHONE": random.integers(0, 2, N_ROWS),
        }
    )


def difference(column: Column, values: list[Value], first: Value, second: Value) -> Fraction:
    """How much two values of a field differ, in exact arithmetic over all the portfolio's `values`."""
    special = (None, *column.special_values)
    if column.kind is Kind.CATEGORY or first in special or second in special:
        return Fraction(first != second)
    quantities = [value for value in values if value not in special]

    def average_rank(value: Value) -> Fraction:
        assert isinstance(value, int | float)
        below = sum(each < value for each in quantities if isinstance(each, int | float))
        return Fraction(2 * below + quantities.count(value), 2)

    return abs(average_rank(first) - average_rank(second)) / len(quantities)


def reference(table: pl.DataFrame, application: Mapping[str, Value]) -> list[tuple[Fraction, int]]:
    """Distance and position of every row, nearest first."""
    columns = {name: table[name].to_list() for name in WEIGHTS}
    return sorted(
        (
            sum(
                (
                    Fraction(weight)
                    * difference(embedded.column(name), columns[name], columns[name][row], application.get(name))
                    for name, weight in WEIGHTS.items()
                ),
                Fraction(0),
            ),
            row,
        )
        for row in range(table.height)
    )


OTHERS: tuple[dict[str, Value], ...] = (
    {},
    # A credit amount, an employment and a score that nobody has, within and beyond what they have; levels of no row.
    {"AMT_CREDIT": 123_456.5, "DAYS_EMPLOYED": -1_234, "EXT_SOURCE_1": 0.55, "FLAG_PHONE": 1},
    {"AMT_CREDIT": 9e8, "DAYS_EMPLOYED": embedded.NOT_EMPLOYED, "EXT_SOURCE_1": None, "OCCUPATION_TYPE": "Secretaries"},
    {"AMT_CREDIT": 1, "NAME_EDUCATION_TYPE": "Doctorate", "OCCUPATION_TYPE": "Space crew", "FLAG_PHONE": 0.0},
    {"AMT_CREDIT": math.nan, "DAYS_EMPLOYED": float(embedded.NOT_EMPLOYED), "OCCUPATION_TYPE": math.nan},
)


@pytest.mark.parametrize("n", [1, 7, 40, N_ROWS, 1_000])
def test_neighbours_are_those_of_a_plain_walk(portfolio: pl.DataFrame, n: int) -> None:
    neighbours = Neighbours(portfolio, embedded.DEFINITION, WEIGHTS)
    n_ties = 0
    for application in [*portfolio.gather_every(32).to_dicts(), *OTHERS]:
        plain = {name: None if value != value else value for name, value in application.items()}
        expected = reference(portfolio, plain)
        n_ties += len(expected) - len({distance for distance, _ in expected})
        found = neighbours.nearest(application, n=n)
        assert found.rows.tolist() == [row for _, row in expected][:n]
        # Exact where every group of quantities is a power of two; the ranks of 128 and 256 values are.
        assert found.distances.tolist() == [float(distance) for distance, _ in expected][:n]
    assert n_ties > 100


def test_distances_by_hand() -> None:
    table = pl.DataFrame(
        {
            "AMT_CREDIT": [100.0, 200.0, 200.0, 400.0],
            "DAYS_EMPLOYED": [-10, embedded.NOT_EMPLOYED, None, -20],
            "NAME_INCOME_TYPE": ["Working", "Student", None, "Working"],
        }
    )
    neighbours = Neighbours(table, embedded.DEFINITION, {"AMT_CREDIT": 4, "DAYS_EMPLOYED": 2, "NAME_INCOME_TYPE": 2})
    assert neighbours.weights == {"AMT_CREDIT": 0.5, "DAYS_EMPLOYED": 0.25, "NAME_INCOME_TYPE": 0.25}
    # Ranks of the amounts: 1/8, 4/8, 4/8, 7/8; of the days -20 and -10: 1/4, 3/4.
    found = neighbours.nearest({"AMT_CREDIT": 100.0, "DAYS_EMPLOYED": -10, "NAME_INCOME_TYPE": "Working"})
    assert found.rows.tolist() == [0, 3, 1, 2]
    # Last two: half of 3/8, and 1/4 twice.
    assert found.distances.tolist() == [0.0, 0.5 * 0.75 + 0.25 * 0.5, 0.6875, 0.6875]
    # 300 lies between the third and the fourth amount: 3 of 4 are below it. The days are between the two, too.
    between = neighbours.nearest({"AMT_CREDIT": 300.0, "DAYS_EMPLOYED": -15, "NAME_INCOME_TYPE": "Astronaut"})
    assert between.rows.tolist() == [3, 0, 1, 2]
    assert between.distances.tolist() == [
        0.5 * 0.125 + 0.25 * 0.25 + 0.25,
        0.5 * 0.625 + 0.25 * 0.25 + 0.25,
        0.5 * 0.25 + 0.25 + 0.25,
        0.5 * 0.25 + 0.25 + 0.25,
    ]
    nothing = neighbours.nearest({"AMT_CREDIT": 200.0})
    assert nothing.rows.tolist() == [2, 1, 0, 3]
    assert nothing.distances.tolist() == [0.0, 0.5, 0.6875, 0.6875]


def test_the_applicant_itself_is_left_out(portfolio: pl.DataFrame) -> None:
    neighbours = Neighbours(portfolio, embedded.DEFINITION, WEIGHTS)
    row = 17
    application = portfolio.row(row, named=True)
    everybody = neighbours.nearest(application, n=N_ROWS)
    assert everybody.distances[everybody.rows.tolist().index(row)] == 0.0
    others = neighbours.nearest(application, n=N_ROWS, leave_out=row)
    is_other = everybody.rows != row
    np.testing.assert_array_equal(others.rows, everybody.rows[is_other])
    np.testing.assert_array_equal(others.distances, everybody.distances[is_other])
    assert neighbours.nearest(application, n=5, leave_out=row).rows.tolist() == others.rows[:5].tolist()


def test_results_are_of_the_stated_types_and_may_be_empty(portfolio: pl.DataFrame) -> None:
    for table, n in ((portfolio, 3), (portfolio, 0), (portfolio.head(0), 3)):
        found = Neighbours(table, embedded.DEFINITION, WEIGHTS).nearest({}, n=n)
        assert [str(found.rows.dtype), str(found.distances.dtype)] == ["int64", "float32"]
        assert found.rows.shape == found.distances.shape == (min(n, table.height),)
    assert Neighbours(portfolio.head(1), embedded.DEFINITION, WEIGHTS).nearest({}, leave_out=0).rows.tolist() == []


def test_a_field_that_nobody_has_tells_nobody_apart(portfolio: pl.DataFrame) -> None:
    empty = portfolio.with_columns(
        pl.lit(None, dtype=pl.Float64).alias("EXT_SOURCE_1"), pl.lit(None, dtype=pl.String).alias("OCCUPATION_TYPE")
    )
    weights = {"EXT_SOURCE_1": 3.0, "OCCUPATION_TYPE": 1.0}
    neighbours = Neighbours(empty, embedded.DEFINITION, weights)
    assert neighbours.nearest({}, n=2).distances.tolist() == [0.0, 0.0]
    found = neighbours.nearest({"EXT_SOURCE_1": 0.5}, n=3)
    assert (found.rows.tolist(), found.distances.tolist()) == ([0, 1, 2], [0.75] * 3)
    assert neighbours.nearest({"OCCUPATION_TYPE": "Drivers"}, n=1).distances.tolist() == [0.25]


def test_stored_categories_and_text_are_the_same(make_table: Callable[..., pl.DataFrame]) -> None:
    stored = make_table(400, seed=9)
    text = stored.with_columns(pl.col(pl.Enum).cast(pl.String))
    for application in stored.head(5).to_dicts():
        first, second = (
            Neighbours(table, embedded.DEFINITION, WEIGHTS).nearest(application, n=50) for table in (stored, text)
        )
        np.testing.assert_array_equal(first.rows, second.rows)


def test_rows_beyond_one_block_are_reached(
    make_table: Callable[..., pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(500, seed=10)
    application = table.row(499, named=True)
    whole = Neighbours(table, embedded.DEFINITION, WEIGHTS).nearest(application, n=500)
    monkeypatch.setattr("inference.explain.neighbours._BLOCK_ROWS", 64)
    parts = Neighbours(table, embedded.DEFINITION, WEIGHTS).nearest(application, n=500)
    assert (parts.rows[0], parts.distances[0]) == (499, 0.0)
    np.testing.assert_array_equal(parts.rows, whole.rows)
    np.testing.assert_array_equal(parts.distances, whole.distances)


def test_what_cannot_be_compared_is_refused(portfolio: pl.DataFrame) -> None:
    with pytest.raises(FeatureError, match="lacks columns that the model needs: AMT_ANNUITY"):
        Neighbours(portfolio, embedded.DEFINITION, {"AMT_ANNUITY": 1.0})
    for weights in ({}, {"AMT_CREDIT": 0.0}, {"AMT_CREDIT": 2.0, "FLAG_PHONE": -1.0}):
        with pytest.raises(ValueError, match="weights"):
            Neighbours(portfolio, embedded.DEFINITION, weights)
    neighbours = Neighbours(portfolio, embedded.DEFINITION, WEIGHTS)
    with pytest.raises(FeatureError, match="AMT_CREDIT holds 'much'"):
        neighbours.nearest({"AMT_CREDIT": "much"})
    with pytest.raises(FeatureError, match="OCCUPATION_TYPE holds 3"):
        neighbours.nearest({"OCCUPATION_TYPE": 3})


FOUR = FeatureSet(
    embedded.DEFINITION,
    (
        *(raw_feature(embedded.column(name)) for name in ("AMT_CREDIT", "AMT_ANNUITY", "CODE_GENDER")),
        Feature("credit_to_annuity", "Credit to annuity", Ratio(Raw("AMT_CREDIT"), Raw("AMT_ANNUITY"))),
        Feature("children_to_credit", "Children to credit", Ratio(Raw("CNT_CHILDREN"), Raw("AMT_CREDIT"))),
    ),
)


def test_weights_by_hand() -> None:
    # Mean sizes in steps: credit 2, annuity 0.5, gender 100, the ratios 4 and 1, each shared by two.
    frame = pl.DataFrame(
        {
            "AMT_CREDIT": [-3, 1],
            "AMT_ANNUITY": [1, 0],
            "CODE_GENDER": [100, -100],
            "credit_to_annuity": [4, -4],
            "children_to_credit": [-2, 0],
        },
        schema=dict.fromkeys(FOUR.names, pl.Int16),
    )
    contributions = Contributions(frame, (), 1e-4, 0.0, 0.0, "", "")
    # Credit 2 + 2 + 0.5, annuity 0.5 + 2, children 0.5; gender is protected.
    expected = {"AMT_CREDIT": 4.5 / 7.5, "AMT_ANNUITY": 2.5 / 7.5, "CNT_CHILDREN": 0.5 / 7.5}
    found = main_fields(contributions, FOUR)
    assert dict(found) == pytest.approx(expected)
    assert list(found) == list(expected)
    assert dict(main_fields(contributions, FOUR, n=2)) == pytest.approx({"AMT_CREDIT": 4.5 / 7, "AMT_ANNUITY": 2.5 / 7})


def test_main_fields_of_a_model(published: PublishedModel, applications: pl.DataFrame) -> None:
    model = ShapleyModel((published.directory / "model.txt").read_text(encoding="utf-8"))
    contributions = make_contributions(applications, model, digest="d", features=FEATURES)
    found = main_fields(contributions, FEATURES)
    values = np.abs(model.values(FEATURES.matrix(applications)))
    means = dict.fromkeys(FEATURES.sources, 0.0)
    for feature, mean in zip(FEATURES.features, values.mean(axis=0), strict=True):
        for name in feature.sources:
            means[name] += float(mean) / len(feature.sources)
    expected = sorted(means, key=lambda name: -means[name])[:20]
    total = sum(means[name] for name in expected)
    assert sum(found.values()) == pytest.approx(1.0)
    assert dict(found) == pytest.approx({name: means[name] / total for name in expected}, abs=1e-3)
    assert not any(embedded.column(name).sensitivity is Sensitivity.PROTECTED for name in found)
    assert {"EXT_SOURCE_2", "EXT_SOURCE_3"} <= set(list(found)[:3])
