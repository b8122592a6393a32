"""The values over which a field moves, and the PD at each of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest

from data.home_credit import embedded
from inference.explain.sensitivity import field_grid, sensitivity, sensitivity_map
from inference.model.build import PublishedModel
from inference.model.session import ScoringSession
from inference.values import Value

EMPLOYED = embedded.column("DAYS_EMPLOYED")


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


def test_a_category_takes_the_levels_that_occur_in_the_schemas_order() -> None:
    column = embedded.column("NAME_EDUCATION_TYPE")
    values = pl.Series(["Higher education", None, "Doctorate", "Lower secondary", "Apprentice", "Higher education"])
    assert field_grid(column, values) == ("Lower secondary", "Higher education", "Apprentice", "Doctorate")
    stored = pl.Series(["Higher education", "Lower secondary"], dtype=column.dtype)
    assert field_grid(column, stored) == ("Lower secondary", "Higher education")


def test_few_whole_numbers_are_taken_as_they_are() -> None:
    flag = field_grid(embedded.column("FLAG_PHONE"), pl.Series([1, 0, 1, None], dtype=pl.Int8))
    assert flag == (0, 1)
    assert all(type(value) is int for value in flag)
    assert field_grid(embedded.column("REGION_RATING_CLIENT_W_CITY"), pl.Series([3, -1, 1, 3])) == (1, 3)
    assert field_grid(EMPLOYED, pl.Series([-7, embedded.NOT_EMPLOYED, -90, None])) == (-90, -7)


def test_many_whole_numbers_are_spaced_evenly_between_the_quantiles() -> None:
    # Of 0 to -2000 the 0.5 % quantile is -1990, the 99.5 % one -10: 5 values are 495 apart.
    values = pl.Series([*range(-2_000, 1), *[embedded.NOT_EMPLOYED] * 500], dtype=pl.Int32)
    assert field_grid(EMPLOYED, values, n=5) == (-1_990, -1_495, -1_000, -505, -10)
    # One distinct value too many to be taken as they are: -1.98 to -0.02 has two points, not three.
    assert field_grid(EMPLOYED, pl.Series([-2, -1, 0]), n=3) == (-2, -1, 0)
    assert field_grid(EMPLOYED, pl.Series([-2, -1, 0]), n=2) == (-2, 0)
    # Nearly all values are the same: what is left after rounding stands there once.
    heap = pl.Series([*[-3] * 10_000, *range(-100, 0)])
    assert field_grid(EMPLOYED, heap, n=60) == tuple(dict.fromkeys(np.rint(np.linspace(*_ends(heap), 60)).astype(int)))


def _ends(values: pl.Series) -> tuple[float, float]:
    """The quantiles in the plain definition: linear between the ordered values."""
    ordered = sorted(values.to_list())
    found = []
    for share in (0.005, 0.995):
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found.append(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
    return found[0], found[1]


def test_fractions_are_spaced_evenly_and_not_rounded() -> None:
    column = embedded.column("EXT_SOURCE_2")
    grid = field_grid(column, pl.Series([*np.linspace(0, 1, 1_001).tolist(), None, float("nan")]), n=3)
    assert grid == pytest.approx((0.005, 0.5, 0.995))
    assert field_grid(column, pl.Series([0.25, None, 0.25])) == (0.25,)


def test_nothing_known_is_no_grid() -> None:
    assert field_grid(embedded.column("EXT_SOURCE_1"), pl.Series([None, None], dtype=pl.Float64)) == ()
    assert field_grid(EMPLOYED, pl.Series([embedded.NOT_EMPLOYED])) == ()
    assert field_grid(embedded.column("OCCUPATION_TYPE"), pl.Series([None], dtype=pl.String)) == ()


def test_every_field_of_a_portfolio_has_a_grid_of_values_it_could_hold(applications: pl.DataFrame) -> None:
    for column in embedded.COLUMNS:
        grid = field_grid(column, applications[column.name], n=25)
        assert 0 < len(grid) <= max(25, len(column.levels))
        assert len(set(grid)) == len(grid)
        if not column.levels:
            numbers = [value for value in grid if isinstance(value, int | float)]
            assert list(grid) == sorted(numbers)
            assert column.minimum is None or numbers[0] >= column.minimum
            assert column.maximum is None or numbers[-1] <= column.maximum


def test_the_curve_is_the_score_at_each_value(session: ScoringSession, applications: pl.DataFrame) -> None:
    application = applications.row(11, named=True)
    for name in ("EXT_SOURCE_3", "NAME_INCOME_TYPE", "DAYS_EMPLOYED"):
        grid: tuple[Value, ...] = (*field_grid(embedded.column(name), applications[name]), None)
        found = sensitivity(session, application, name, grid)
        assert found.dtype == np.float32
        wanted = np.array([session.score({**application, name: value}) for value in grid], dtype=np.float32)
        assert found.tolist() == wanted.tolist()
    assert len(set(sensitivity(session, application, "EXT_SOURCE_3", (0.05, 0.95)).tolist())) == 2


def test_the_map_is_the_score_at_each_pair(session: ScoringSession, applications: pl.DataFrame) -> None:
    application = applications.row(12, named=True)
    scores, levels = (0.1, 0.5, None, 0.9), ("Cash loans", "Revolving loans", "New")
    found = sensitivity_map(session, application, ("EXT_SOURCE_2", scores), ("NAME_CONTRACT_TYPE", levels))
    assert found.shape == (4, 3)
    for (row, score), (place, level) in product(enumerate(scores), enumerate(levels)):
        changed = {**application, "EXT_SOURCE_2": score, "NAME_CONTRACT_TYPE": level}
        assert found[row, place] == np.float32(session.score(changed))


def test_a_map_of_a_field_with_itself_or_of_nothing(session: ScoringSession) -> None:
    with pytest.raises(ValueError, match="two different fields, not AMT_CREDIT twice"):
        sensitivity_map(session, {}, ("AMT_CREDIT", (1.0,)), ("AMT_CREDIT", (2.0,)))
    assert sensitivity_map(session, {}, ("AMT_CREDIT", ()), ("AMT_ANNUITY", (2.0, 3.0))).shape == (0, 2)
