"""Passes in pieces give what one pass over all rows gives."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from data.predictions.pieces import PIECE, level_counts, recoded, relevelled, tally

N_ROWS = 2 * PIECE + 17


def test_pieces_add_up_to_the_whole() -> None:
    codes = np.random.default_rng(3).integers(0, 250, N_ROWS).astype(np.uint8)
    table = np.arange(1_000, 1_250, dtype=np.uint16)
    assert np.array_equal(recoded(codes, table), table[codes])
    assert np.array_equal(tally(codes, 256), np.bincount(codes, minlength=256))


@pytest.mark.parametrize("n_levels", [3, 255, 300])
@pytest.mark.parametrize("has_missing", [False, True])
def test_levels_become_those_that_occur_in_alphabetical_order(n_levels: int, has_missing: bool) -> None:
    random = np.random.default_rng(n_levels)
    names = [f"level {name}" for name in random.permutation(n_levels)]
    used = [*names[1:], None] if has_missing else names[1:]
    values = pl.Series("level", [used[place] for place in random.integers(0, len(used), N_ROWS)], pl.Enum(names))
    found, n_found = relevelled(values)
    text = values.cast(pl.String)
    assert found.equals(text.cast(pl.Enum(text.drop_nulls().unique().sort())), null_equal=True)
    assert found.dtype == pl.Enum(sorted(names[1:]))
    assert n_found == n_levels - 1
    assert relevelled(found)[0] is found
    counts = text.value_counts(name="n").sort("n", descending=True)
    counted = level_counts(values)
    assert list(counted.values()) == counts["n"].to_list()
    assert counted == dict(counts.rows())


def test_levels_without_a_row_are_gone() -> None:
    found, n_levels = relevelled(pl.Series([None, None], dtype=pl.Enum(["b", "a"])))
    assert n_levels == 0
    assert found.dtype == pl.Enum([])
    assert found.null_count() == 2
