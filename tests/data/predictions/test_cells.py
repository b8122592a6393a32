"""What cells say: gaps in any spelling, numbers whatever comes late, and every digit of a code."""

from __future__ import annotations

import polars as pl
import pytest

from data.predictions.cells import are_missing, narrowed, numbers_of, read_cells


@pytest.mark.parametrize(
    ("cells", "read", "gaps"),
    [
        (["1", "NA", "2.5", None], [1.0, None, 2.5, None], {"NA": 1}),
        (["-", "n/a", "N/A", " #N/A ", "7"], [None] * 4 + [7], dict.fromkeys(["#N/A", "-", "N/A", "n/a"], 1)),
        (["NULL", "NULL", "nan", "3"], [None, None, None, 3], {"NULL": 2, "nan": 1}),
        ([" 4", "5 ", "  "], [4, 5, None], {}),
        (["1"] * 12_000 + ["0.5"], [1.0] * 12_000 + [0.5], {}),
        (["007", "12"], ["007", "12"], {}),
        (["007", "NA"], ["007", None], {"NA": 1}),
        (["0", "10"], [0, 10], {}),
        (["0.50", "00.5"], [0.5, 0.5], {}),
        (["9007199254740993", "-1"], [9_007_199_254_740_993, -1], {}),
        (["18446744073709551616", "1"], ["18446744073709551616", "1"], {}),
        (["NA", "north", ""], ["NA", "north", None], {}),
        (["NA", "n/a"], ["NA", "n/a"], {}),
        (["1", "two"], ["1", "two"], {}),
        (["$1", "2"], ["$1", "2"], {}),
    ],
)
def test_text_becomes_a_number_only_where_nothing_is_lost(
    cells: list[str | None], read: list[object], gaps: dict[str, int]
) -> None:
    found, words = read_cells(pl.Series("x", cells, dtype=pl.String))
    assert found.to_list() == read
    assert list(words.items()) == list(gaps.items())
    assert found.name == "x"


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        ([b"700001", b"x", None], ["700001", "x", None]),
        ([b"\xff\x00", b"ab"], ["ff00", "6162"]),
        ([b"a\x00", b"b"], ["6100", "62"]),
    ],
)
def test_bytes_are_text_or_hexadecimal(cells: list[bytes | None], read: list[str | None]) -> None:
    found, _ = read_cells(pl.Series(cells, dtype=pl.Binary))
    assert found.to_list() == read


def test_numbers_and_times_of_a_typed_column_stay_as_they_are() -> None:
    for values in (pl.Series([1, None], dtype=pl.Int8), pl.Series([0.5]), pl.Series([1]).cast(pl.Date)):
        assert read_cells(values)[0] is values


def test_missing_is_null_or_not_a_number_or_a_word() -> None:
    assert are_missing(pl.Series([1.0, float("nan"), None])).to_list() == [False, True, True]
    assert are_missing(pl.Series(["0", " NA ", "", None, "no"])).to_list() == [False, True, True, True, False]
    assert are_missing(pl.Series([[1], None])).to_list() == [False, True]


def test_a_time_or_a_list_is_no_number() -> None:
    for values in (pl.Series([1]).cast(pl.Date), pl.Series([[1]]), pl.Series([{"a": 1}])):
        assert numbers_of(values).to_list() == [None]
    assert numbers_of(pl.Series(["0.5", "x"]).cast(pl.Categorical)).to_list() == [0.5, None]


def test_numbers_are_narrowed_where_none_changes() -> None:
    assert narrowed(pl.Series([0.5, None, 4_096.25])).dtype == pl.Float32
    for number in (0.1, 99_999_999.99, 2.0**24 + 1, 1e39):
        assert narrowed(pl.Series([number])).to_list() == [number]
