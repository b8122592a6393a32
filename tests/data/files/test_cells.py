from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from data.definition.definition import Outcome
from data.files.cells import as_levels, dates_of, flags_of, is_binary, outcomes_of, texts_of, whole_of


def texts(*cells: str | None) -> pl.Series:
    return pl.Series("x", cells, dtype=pl.String)


def test_a_number_is_the_level_of_the_same_value_however_it_is_written() -> None:
    assert as_levels(texts("1", "1.0", "01", " 2", "3", "x", None), ["1", "2.0"]).to_list() == [
        "1",
        "1",
        "1",
        "2.0",
        "3",
        "x",
        None,
    ]
    assert as_levels(pl.Series([1.0, 2.5, None]), ["1", "2.5"]).to_list() == ["1", "2.5", None]
    assert texts_of(pl.Series([10.0, 2.5])).to_list() == ["10", "2.5"]


def test_what_is_neither_good_nor_bad_is_open() -> None:
    outcome = Outcome("x", (" late ", "2"), ("paid",))
    assert outcomes_of(texts("late", "2.0", "paid", "new", None), outcome).to_list() == [1.0, 1.0, 0.0, None, None]
    assert is_binary(Outcome("x", ("1.0",), ("0",)))
    assert not is_binary(Outcome("x", ("0",), ("1",)))
    assert not is_binary(Outcome("x", ("1", "2"), ("0",)))


def test_flags_are_numbers_or_words_for_yes_and_no() -> None:
    assert flags_of(texts("Y", "no", "TRUE", "f", "1", "0.0", "maybe", None)).to_list() == [
        1.0,
        0.0,
        1.0,
        0.0,
        1.0,
        0.0,
        None,
        None,
    ]


def test_ids_keep_every_digit() -> None:
    # 2**53 + 1 is no float.
    assert whole_of(texts("9007199254740993", "7.0", "7.5", "x", None)).to_list() == [
        9007199254740993,
        7,
        None,
        None,
        None,
    ]
    assert whole_of(pl.Series([7.0, 7.5, None])).to_list() == [7, None, None]


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (("2024-01-31", "2024-02-01 09:30"), date(2024, 1, 31)),
        (("31.1.2024", "1.2.2024"), date(2024, 1, 31)),
        (("1/31/2024", "2/1/2024"), date(2024, 1, 31)),
        (("31/1/2024", "1/2/2024"), date(2024, 1, 31)),
    ],
)
def test_one_form_of_dates_holds_for_the_whole_column(cells: tuple[str, str], first: date) -> None:
    dates, wrong = dates_of(texts(*cells, None))
    assert dates.to_list() == [first, date(2024, 2, 1), None]
    assert not wrong.any()


def test_days_and_months_that_could_be_either_are_wrong_unless_both_readings_agree() -> None:
    _, wrong = dates_of(texts("1/2/2024", "3/3/2024"))
    assert wrong.tolist() == [True, False]


def test_another_form_than_most_cells_have_is_wrong() -> None:
    dates, wrong = dates_of(texts("2024-01-31", "2024-02-28", "31.3.2024", "2023-02-29", None))
    assert wrong.tolist() == [False, False, True, True, False]
    assert dates.null_count() == 3
