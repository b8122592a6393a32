"""Pages of a large table's order, against Polars' stable sort of all of it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.cohort.row_order import PagedOrder, can_be_paged

N_ROWS = 300_000
LEVELS = pl.Enum(["zulu", "alpha", "mike"])


@pytest.fixture(scope="module")
def columns() -> dict[str, pl.Series]:
    random = np.random.default_rng(6)
    missing = random.random(N_ROWS) < 0.1
    return {
        "single": pl.Series(random.normal(0, 1e3, N_ROWS).astype(np.float32)).set(pl.Series(missing), None),
        "double": pl.Series(random.beta(1, 13, N_ROWS)),
        "whole": pl.Series(random.integers(-(2**31), 2**31, N_ROWS)),
        "few": pl.Series(random.integers(-3, 4, N_ROWS).astype(np.int8)).set(pl.Series(missing), None),
        "same": pl.Series(np.full(N_ROWS, 7, dtype=np.int32)),
        "level": pl.Series(random.choice(LEVELS.categories.to_list(), N_ROWS), dtype=LEVELS).set(
            pl.Series(missing), None
        ),
    }


@pytest.mark.parametrize(("has_cohort", "is_rising"), [(False, True), (True, False)])
@pytest.mark.parametrize("name", ["single", "double", "whole", "few", "same", "level"])
def test_a_page_holds_the_rows_that_a_stable_sort_puts_there(
    columns: dict[str, pl.Series], name: str, has_cohort: bool, is_rising: bool
) -> None:
    values = columns[name]
    met = np.random.default_rng(2).random(N_ROWS) < 0.4 if has_cohort else None
    frame = pl.DataFrame({"value": values}).with_row_index("place")
    kept = frame if met is None else frame.filter(pl.Series(met))
    expected = kept.sort("value", descending=not is_rising, nulls_last=True, maintain_order=True)["place"]
    assert can_be_paged(values)
    order = PagedOrder.of(values, met, is_rising=is_rising)
    assert order.size == len(expected)
    for start in (0, 37, len(expected) // 3, len(expected) - 50):
        assert order[start : start + 50].tolist() == expected[start : start + 50].to_list()
    assert order[len(expected) : len(expected) + 5].size == 0


def test_a_column_whose_values_have_no_keys_of_their_own_is_not_paged() -> None:
    assert not can_be_paged(pl.Series(["a", "b"]))
    assert not can_be_paged(pl.Series([1.0, float("nan")]))
    assert not can_be_paged(pl.Series([None, None], dtype=pl.Int32))
