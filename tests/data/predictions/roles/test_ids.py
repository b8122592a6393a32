"""Ids keep every digit, or name no row."""

from __future__ import annotations

import polars as pl
import pytest

from data.predictions.roles.ids import identifies, ids_of


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        (pl.Series(["001", "1"]), ["001", "1"]),
        (pl.Series([2**53 + 1, 5]), [2**53 + 1, 5]),
        (pl.Series([2**64 - 1, 1], dtype=pl.UInt64), ["18446744073709551615", "1"]),
        (pl.Series([2**70, 1], dtype=pl.Int128), ["1180591620717411303424", "1"]),
        (pl.Series([700_001.0, 5.0]), [700_001, 5]),
        (pl.Series(["a", "b"]).cast(pl.Categorical), ["a", "b"]),
        (pl.Series([0.5, 1.0]), None),
        (pl.Series([2.0**60, 1.0]), None),
        (pl.Series([[1], [2]]), None),
        (pl.Series([{"a": 1}, {"a": 2}]), None),
        (pl.Series([1, 2]).cast(pl.Date), None),
    ],
)
def test_ids_keep_every_digit(values: pl.Series, ids: list[object] | None) -> None:
    found = ids_of(values)
    assert (None if found is None else found.to_list()) == ids


def test_an_id_is_there_in_every_row_and_once() -> None:
    assert [identifies(pl.Series(cells)) for cells in ([1, 2], ["a", "a"], [1, None])] == [True, False, False]
