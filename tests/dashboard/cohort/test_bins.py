"""Bins: every row has one group, groups are alike in size, and a group's filter selects exactly its rows."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from dashboard.cohort.bins import MOST_BINS, OTHER, make_bins, make_grid
from dashboard.cohort.filters import RangeFilter
from data.definition.columns import Special
from data.home_credit import embedded
from data.predictions.table import CohortColumn, CohortKind, describe_columns

random = np.random.default_rng(5)
N = 4_000
MANY = [f"level {i:03d}" for i in range(100)]
FRAME = pl.DataFrame(
    {
        "income": pl.Series(np.exp(random.normal(12, 0.5, N)), dtype=pl.Float32),
        "score": pl.Series([None if random.random() < 0.2 else v for v in random.random(N)], dtype=pl.Float32),
        "amount": pl.Series(
            np.append(np.round(np.exp(random.normal(9, 1, N - 2)), 2), [99_999_999.99, 123_456_789_012.5])
        ),
        "fine": pl.Series([None if random.random() < 0.2 else v for v in np.round(random.random(N), 2)]),
        "children": pl.Series(random.poisson(0.5, N), dtype=pl.Int8),
        "DAYS_BIRTH": pl.Series(random.integers(-25_000, -7_500, N), dtype=pl.Int16),
        "DAYS_EMPLOYED": pl.Series(
            np.where(random.random(N) < 0.2, embedded.NOT_EMPLOYED, random.integers(-9_000, 0, N)), dtype=pl.Int32
        ),
        "kind": pl.Series(random.choice(["x", "y"], N)).cast(pl.Enum(["x", "y", "never"])),
        "gap": pl.Series([None if i % 7 == 0 else "x" for i in range(N)]).cast(pl.Enum(["x"])),
        "share": pl.Series(np.round(random.random(N), 2), dtype=pl.Float32),
        "count": pl.Series(random.choice(["few", "many"], N)).cast(pl.Enum(["few", "many"])),
        "employer": pl.Series(random.choice(MANY, N)).cast(pl.Enum(MANY)),
    }
)
COLUMNS = {column.name: column for column in describe_columns(FRAME, embedded.DEFINITION)}


@pytest.mark.parametrize("name", FRAME.columns)
@pytest.mark.parametrize("n_groups", [2, 7, 10])
def test_a_group_s_filter_selects_exactly_its_rows(name: str, n_groups: int) -> None:
    bins = make_bins(FRAME[name], COLUMNS[name], n_groups)
    codes = FRAME.select(bins.code()).to_series()
    assert codes.dtype == pl.UInt8
    assert codes.null_count() == 0
    assert int(str(codes.max())) < len(bins.labels)
    for code in range(len(bins.labels)):
        assert FRAME.select(bins.condition(code).expression()).to_series().equals(codes == code, check_names=False)


@pytest.mark.parametrize("name", ["income", "score", "amount", "DAYS_BIRTH"])
def test_groups_of_a_number_are_alike_in_size(name: str) -> None:
    bins = make_bins(FRAME[name], COLUMNS[name], 10)
    sizes = FRAME.select(bins.code()).to_series().value_counts().sort(name)["count"].to_numpy()[: bins.n_values]
    assert sizes.size == 10
    np.testing.assert_allclose(sizes, sizes.sum() / 10, rtol=0.25)


def test_ages_rise_from_the_first_group_to_the_last() -> None:
    bins = make_bins(FRAME["DAYS_BIRTH"], COLUMNS["DAYS_BIRTH"], 4)
    mean = FRAME.group_by(bins.code().alias("code")).agg(pl.col("DAYS_BIRTH").mean()).sort("code")["DAYS_BIRTH"]
    assert mean.is_sorted(descending=True)
    assert bins.labels[0].startswith("below ")
    assert bins.labels[-1].endswith(" and more")


def test_a_sentinel_and_missing_values_have_groups_of_their_own() -> None:
    employed = make_bins(FRAME["DAYS_EMPLOYED"], COLUMNS["DAYS_EMPLOYED"], 5)
    codes = FRAME.select(employed.code()).to_series()
    assert (codes == employed.n_values).equals(FRAME["DAYS_EMPLOYED"] == embedded.NOT_EMPLOYED, check_names=False)
    assert make_bins(FRAME["score"], COLUMNS["score"], 5).labels[-1] == "Missing"
    assert make_bins(FRAME["gap"], COLUMNS["gap"], 5).labels == ("x", "Missing")


def test_each_special_value_has_a_group_and_no_range_holds_one() -> None:
    frame = pl.DataFrame({"income": [-9, 10, -7, 20, 30, None, -9, 40]})
    special = (Special(-7.0, "not asked"), Special(-8.0, "refused"), Special(-9.0, "no record"))
    column = CohortColumn("income", "Income", "", "", CohortKind.RANGE, minimum=10, maximum=40, special=special)
    bins = make_bins(frame["income"], column, 2)
    assert bins.labels == ("below 30", "30 and more", "not asked", "no record", "Missing")
    assert frame.select(bins.code()).to_series().to_list() == [3, 0, 2, 0, 1, 4, 3, 1]
    selected = [
        frame.select(bins.condition(code).expression()).to_series().arg_true().to_list()
        for code in range(len(bins.labels))
    ]
    assert selected == [[1, 3], [4, 7], [2], [0, 6], [5]]
    grid = make_grid(frame["income"], column)
    assert (sum(grid.counts), grid.special, grid.n_missing) == (4, ((-7.0, 1), (-9.0, 2)), 1)


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt8, pl.Int16, pl.Float32])
@pytest.mark.parametrize("name", ["DAYS_EMPLOYED", "REGION_RATING_CLIENT_W_CITY"])
def test_a_column_too_narrow_for_the_schema_s_sentinel_has_none(name: str, dtype: type[pl.DataType]) -> None:
    frame = pl.DataFrame({name: pl.Series([1, 2, 2, 3, 100], dtype=dtype)})
    (column,) = describe_columns(frame, embedded.DEFINITION)
    assert sum(make_grid(frame[name], column).counts) == frame.height
    bins = make_bins(frame[name], column, 10)
    assert bins.special == ()
    codes = frame.select(bins.code()).to_series()
    for code in range(len(bins.labels)):
        assert frame.select(bins.condition(code).expression()).to_series().equals(codes == code, check_names=False)


def test_words_in_a_column_that_the_schema_has_as_a_number_are_levels() -> None:
    frame = pl.DataFrame({"DAYS_EMPLOYED": pl.Series(["long", "short"]).cast(pl.Enum(["long", "short"]))})
    bins = make_bins(frame["DAYS_EMPLOYED"], describe_columns(frame, embedded.DEFINITION)[0], 5)
    assert bins.labels == ("long", "short")
    assert bins.title == "Time employed"


def test_the_filter_of_a_group_says_its_edge_in_few_digits() -> None:
    bins = make_bins(FRAME["share"], COLUMNS["share"], 7)
    starts = [bins.condition(code) for code in range(1, bins.n_values)]
    assert all(isinstance(start, RangeFilter) and len(str(start.low)) <= 4 for start in starts)
    assert [np.float32(edge) for edge in bins.edges] == list(bins.edges)


def test_an_edge_of_a_64_bit_column_is_the_number_that_the_file_has() -> None:
    bins = make_bins(FRAME["fine"], COLUMNS["fine"], 7)
    assert [float(f"{edge:.2f}") for edge in bins.edges] == list(bins.edges)
    for code, (low, high) in enumerate(itertools.pairwise(bins.edges), 1):
        found = FRAME.filter(bins.condition(code).expression())["fine"]
        assert found.equals(FRAME.filter(pl.col("fine").ge(low) & pl.col("fine").lt(high))["fine"])


def test_few_values_get_a_group_each() -> None:
    values = pl.Series("n", [0, 0, 1, 3], dtype=pl.Int8)
    column = CohortColumn("n", "N", "", "", CohortKind.RANGE, minimum=0, maximum=3)
    assert make_bins(values, column, 10).labels == ("0", "1", "3")


def test_levels_that_nobody_has_are_left_out_and_rare_ones_share_a_group() -> None:
    assert make_bins(FRAME["kind"], COLUMNS["kind"], 10).labels == ("x", "y")
    employers = make_bins(FRAME["employer"], COLUMNS["employer"], 10)
    assert len(employers.labels) == MOST_BINS
    assert employers.labels[-1] == OTHER
    assert len(employers.levels[-1]) == len(MANY) - MOST_BINS + 1


def test_the_grid_of_a_slider_holds_every_row_with_a_value() -> None:
    for name in ("income", "score", "children", "DAYS_BIRTH", "DAYS_EMPLOYED"):
        grid = make_grid(FRAME[name], COLUMNS[name])
        values = FRAME[name].drop_nulls()
        n_sentinel = int((values == embedded.NOT_EMPLOYED).sum()) if name == "DAYS_EMPLOYED" else 0
        assert sum(grid.counts) == len(values) - n_sentinel
        assert list(grid.stops) == sorted(set(grid.stops))
        assert len(grid.stops) == len(grid.counts) + 1
        assert grid.n_missing == FRAME[name].null_count()


def test_the_grid_of_a_column_of_one_value_is_that_value() -> None:
    column = CohortColumn("n", "N", "", "", CohortKind.RANGE, minimum=2, maximum=2)
    assert make_grid(pl.Series("n", [2, 2]), column).stops == (2.0,)
    assert make_grid(pl.Series("n", [2, 2]), column).few == ((2.0, 2),)
    assert make_grid(pl.Series("n", [5, 2, 5, None]), column).few == ((2.0, 1), (5.0, 2))
    assert make_grid(pl.Series("n", [5, 2, 3]), column).few == ()
    nothing = make_grid(pl.Series("n", [None, None], dtype=pl.Float64), column)
    assert (nothing.stops, nothing.counts, nothing.n_missing, nothing.few) == ((), (), 2, ())


def test_a_range_that_holds_one_whole_number_is_called_by_it() -> None:
    states = pl.Series(
        "pay", [-2] * 30 + [-1] * 60 + [0] * 150 + [1] * 40 + [2] * 26 + [3, 4, 5, 6, 7, 8], dtype=pl.Int8
    )
    (column,) = describe_columns(states.to_frame(), embedded.DEFINITION)
    bins = make_bins(states, column, 10)
    assert bins.labels == ("below −1", "−1", "0", "1", "2 and more")
    assert bins.condition(2) == RangeFilter("pay", 0, 0)
