from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.metrics.column_counts import (
    MAX_CELLS,
    ColumnCodes,
    ColumnCountsError,
    count_both,
    count_columns,
    make_column_codes,
    select_rows,
)
from dashboard.metrics.weighing import Overlap

SIZES = {"two": 2, "many": 60, "one": 1, "eleven": 11, "most": 256, "ten": 10, "three": 3}


def drawn(n_rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {name: pl.Series(rng.integers(0, size, n_rows), dtype=pl.UInt8) for name, size in SIZES.items()}
    )


def coded(frame: pl.DataFrame) -> ColumnCodes:
    return make_column_codes(frame, {name: (pl.col(name), size) for name, size in SIZES.items()})


def tallied(frame: pl.DataFrame) -> dict[str, list[int]]:
    return {name: [frame.filter(pl.col(name) == code).height for code in range(size)] for name, size in SIZES.items()}


def listed(codes: ColumnCodes, chosen: npt.NDArray[np.bool_] | None) -> dict[str, list[int]]:
    return {name: number.tolist() for name, number in count_columns(codes, chosen).by_column.items()}


@settings(max_examples=60)
@given(n_rows=st.integers(0, 300), share=st.floats(0, 1), seed=st.integers(0, 1_000))
def test_counts_are_those_of_the_rows(n_rows: int, share: float, seed: int) -> None:
    frame = drawn(n_rows, seed)
    chosen = np.random.default_rng(seed).random(n_rows) < share
    codes = coded(frame)
    assert listed(codes, chosen) == tallied(frame.filter(pl.Series(chosen)))
    assert listed(codes, None) == tallied(frame)


def test_columns_keep_their_order_and_share_small_tables() -> None:
    codes = coded(drawn(100, seed=1))
    assert codes.names == count_columns(codes, None).names == tuple(SIZES)
    assert sorted(name for joint in codes.joint for name in joint.names) == sorted(SIZES)
    assert len(codes.joint) < len(SIZES)
    assert all(math.prod(joint.shape) <= MAX_CELLS for joint in codes.joint)


def test_parts_add_up_and_the_rest_is_what_is_left() -> None:
    frame = drawn(500, seed=2)
    codes = coded(frame)
    chosen = frame["two"].to_numpy() == 1
    part, rest = count_columns(codes, chosen), count_columns(codes, ~chosen)
    for name in SIZES:
        assert (part + rest)[name].tolist() == codes.whole[name].tolist()
        assert (codes.whole[name] - part[name]).tolist() == rest[name].tolist()


def test_codes_are_expressions_over_the_rows() -> None:
    frame = pl.DataFrame({"x": [1.0, None, 5.0, 2.0]})
    code = pl.when(pl.col("x") > 3).then(1).otherwise(0)
    assert listed(make_column_codes(frame, {"x": (code, 2)}), None) == {"x": [3, 1]}


@pytest.mark.parametrize("codes", [[0, None], [0, 2]])
def test_a_code_that_is_no_bin_is_refused(codes: list[int | None]) -> None:
    with pytest.raises(ColumnCountsError, match="x has rows whose code is missing or not one of its 2 bins"):
        make_column_codes(pl.DataFrame({"x": codes}), {"x": (pl.col("x"), 2)})


def test_rows_are_selected_and_a_null_is_no() -> None:
    frame = pl.DataFrame({"x": [1, None, 3]})
    assert select_rows(frame, None) is None
    for filters, wanted in (
        (pl.col("x") > 1, [False, False, True]),
        (pl.lit(value=True), [True, True, True]),
        (~pl.lit(value=True), [False, False, False]),
    ):
        found = select_rows(frame, filters)
        assert found is not None
        assert found.tolist() == wanted


def test_rows_in_both() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3, 4]})
    low, high = pl.col("x") <= 3, pl.col("x") >= 2
    assert count_both(frame, low, high) == Overlap.of_rows(2)
    assert count_both(frame, low, None) == Overlap.of_rows(3)
    assert count_both(frame, None, None) == Overlap.of_rows(4)
    assert count_both(frame, low, ~low) == Overlap.of_rows(0)
