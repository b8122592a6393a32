"""Cells against a loop over their rows, and what cannot be counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.metrics.cell_counts import count_cells
from dashboard.metrics.row_counts import table_rows


def codes_of(frame: pl.DataFrame) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    return frame["v"].to_numpy(), frame["h"].to_numpy()


def table(n: int, shape: tuple[int, int], seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "is_default": random.random(n) < 0.3,
            "default_probability": pl.Series(random.beta(1, 4, n), dtype=pl.Float32),
            "v": pl.Series(random.integers(0, shape[0], n), dtype=pl.UInt8),
            "h": pl.Series(random.integers(0, shape[1], n), dtype=pl.UInt8),
        }
    )


@settings(max_examples=40)
@given(st.integers(0, 300), st.integers(1, 4), st.integers(1, 5), st.integers(0, 1_000), st.integers(0, 10_000))
def test_cells_hold_what_a_loop_over_rows_finds(n: int, down: int, across: int, seed: int, step: int) -> None:
    frame = table(n, (down, across), seed)
    cutoff = step / 10_000
    chosen = (frame["default_probability"] > 0.05).to_numpy()
    found = count_cells(table_rows(frame, None), codes_of(frame), (down, across), cutoff=cutoff, chosen=chosen)
    wanted = {name: np.zeros((down, across)) for name in ("n", "d", "a", "b", "p")}
    for row in frame.iter_rows(named=True):
        pd = row["default_probability"]
        if pd > np.float32(0.05):
            place = row["v"], row["h"]
            approved = pd < cutoff
            added = (1, row["is_default"], approved, approved and row["is_default"], pd)
            for name, value in zip("ndabp", added, strict=True):
                wanted[name][place] += value
    for name, array in zip(
        "ndab", (found.applications, found.defaults, found.approved, found.approved_defaults), strict=True
    ):
        np.testing.assert_array_equal(array, wanted[name], err_msg=name)
    np.testing.assert_allclose(found.pd_sum, wanted["p"], atol=1e-9)


def test_code_outside_of_the_table_is_refused() -> None:
    frame = table(100, (5, 2), 1)
    with pytest.raises(ValueError, match=r"Codes run from 0 to [34] where there are 2 groups"):
        count_cells(table_rows(frame, None), codes_of(frame), (2, 2))


def test_cells_of_the_portfolio_add_up(portfolio: pl.DataFrame) -> None:
    codes = ((portfolio["default_probability"] * 9).cast(pl.UInt8).to_numpy(), portfolio["region"].to_numpy())
    cells = count_cells(table_rows(portfolio, None), codes, (10, 4), cutoff=0.0909)
    assert cells.applications.sum() == portfolio.height
    approved = portfolio.filter(pl.col("default_probability").cast(pl.Float64) < 0.0909)
    assert cells.approved[:, 2].sum() == approved.filter(pl.col("region") == 2).height
    assert cells.approved_defaults.sum() == approved["is_default"].sum()
    assert cells.pd_sum.sum() == pytest.approx(portfolio["default_probability"].cast(pl.Float64).sum(), rel=1e-12)
