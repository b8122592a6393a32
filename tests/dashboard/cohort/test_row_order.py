"""The order of rows, whole and page by page, against Polars' own stable sort."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.cohort.row_order import PagedOrder, can_be_paged, counting_sort, sort_keys

N_ROWS = 4_000
EDGES = [-(2**40), -1, 0, 1, 2**40]


def _columns() -> dict[str, pl.Series]:
    rng = np.random.default_rng(3)
    whole = np.concatenate([rng.integers(-50, 50, N_ROWS - len(EDGES)), EDGES])
    parts = np.concatenate([rng.normal(size=N_ROWS - 6).round(1), [-0.0, 0.0, 1e300, -1e300, np.inf, -np.inf]])
    levels = pl.Series(rng.choice(["b", "a", "c"], N_ROWS)).cast(pl.Enum(["c", "a", "b"]))
    missing = pl.Series(rng.random(N_ROWS) < 0.1)
    plain = {"whole": pl.Series(whole), "parts": pl.Series(parts), "few": pl.Series(parts).cast(pl.Float32)}
    with_levels = {**plain, "levels": levels}
    gaps = {
        f"{name}, some missing": pl.DataFrame({"v": each, "m": missing}).select(
            pl.when(~pl.col("m")).then(pl.col("v"))
        )["v"]
        for name, each in with_levels.items()
    }
    return with_levels | gaps


COLUMNS = _columns()


def _expected(values: pl.Series, met: np.ndarray | None, *, is_rising: bool) -> list[int]:
    """Positions of the rows that are met, by Polars; equal values in the order of the table."""
    # The two zeros are one number, which a sort by bits would not see.
    keys = values + 0.0 if values.dtype.is_float() else values
    table = pl.DataFrame({"at": np.arange(len(values)), "key": keys})
    table = table if met is None else table.filter(pl.Series(met))
    return table.sort("key", descending=not is_rising, nulls_last=True, maintain_order=True)["at"].to_list()


@pytest.mark.parametrize("is_rising", [True, False])
@pytest.mark.parametrize("name", COLUMNS)
def test_every_page_is_a_part_of_the_whole_order(name: str, is_rising: bool) -> None:
    values = COLUMNS[name]
    assert can_be_paged(values)
    some = np.random.default_rng(4).random(N_ROWS) < 0.3
    for met in (None, some):
        expected = _expected(values, met, is_rising=is_rising)
        order = PagedOrder.of(values, met, is_rising=is_rising)
        assert order.size == len(expected)
        for start, stop in ((0, 25), (len(expected) - 7, len(expected) + 9), (400, 650), (9, 9), (10**6, 10**6 + 25)):
            assert order[start:stop].tolist() == expected[start:stop]


@pytest.mark.parametrize("is_rising", [True, False])
@pytest.mark.parametrize("name", COLUMNS)
def test_all_rows_are_sorted_by_their_keys(name: str, is_rising: bool) -> None:
    values = COLUMNS[name]
    found = counting_sort(sort_keys(values, is_rising=is_rising))
    assert found.tolist() == _expected(values, None, is_rising=is_rising)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1.0, float("nan")]),
        pl.Series(["b", "a"]),
        pl.Series([1, 2], dtype=pl.UInt64),
        pl.Series([None, None], dtype=pl.Float64),
    ],
)
def test_what_has_no_key_of_its_own_is_not_paged(values: pl.Series) -> None:
    assert not can_be_paged(values)
