from __future__ import annotations

import polars as pl
import pytest

from data.definition.evidence.summaries import Summary, summarise


def one(*cells: str | None, name: str = "x", missing: tuple[str, ...] = ()) -> Summary:
    return summarise(pl.DataFrame({name: pl.Series(cells, dtype=pl.String)}), missing)[0]


def test_gaps_of_a_column_of_numbers_are_left_out() -> None:
    summary = one("10", "NA", "9", "-", None, "9")
    assert (summary.gaps, summary.n_missing, summary.n_given, summary.n_distinct) == (("-", "NA"), 3, 3, 2)
    assert summary.given.tolist() == [9.0, 9.0, 10.0]
    assert summary.counts == {"9": 2, "10": 1}
    assert summary.values() == ["9", "10"]


def test_in_a_column_of_texts_none_may_be_a_level() -> None:
    summary = one("none", "n/a", "car")
    assert (summary.gaps, summary.numbers) == (("n/a",), None)
    assert summary.values() == ["car", "none"]


def test_a_text_known_to_stand_for_nothing_is_a_gap_wherever_it_stands() -> None:
    assert one("1", "999", "2", missing=("999",)).given.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (("2024-01-31", "2023-02-28"), "%Y-%m-%d"),
        (("2024-01-31T09:00", "2023-02-28 10:30:00"), "%Y-%m-%d %H:%M"),
        (("31.1.2024", "1.12.2023"), "%d.%m.%Y"),
        (("31/1/2024", "1/2/2024"), "%d/%m/%Y"),
        (("1/31/2024", "2/1/2024"), "%m/%d/%Y"),
        (("Dec-2011", "Jan-2012"), "%b-%Y"),
        (("2024-01", "2024-12"), "%Y-%m"),
        (("2024Q1", "2024-Q4"), "2024-Q3"),
        (("2024-02-30", "2024-01-01"), None),
        (("202401", "202412"), None),
    ],
)
def test_a_date_is_known_by_how_every_cell_is_written(cells: tuple[str, str], written: str | None) -> None:
    assert one(*cells).date_format == written


def test_six_digits_are_months_where_the_name_says_so() -> None:
    summary = one("202401", "202412", name="period")
    assert (summary.date_format, summary.numbers) == ("%Y%m", None)
    assert one("202401", "202413", name="period").date_format is None


def test_whole_numbers_ids_and_codes_with_zeros_in_front() -> None:
    assert one("1", "2.0").is_whole
    assert not one("1", "2.5").has_whole_text
    huge = one("123456789012345678901", "123456789012345678902")
    assert (huge.is_whole, huge.has_whole_text, huge.is_unique) == (False, True, True)
    assert (one("007", "12").has_padding, one("0.7", "0").has_padding) == (True, False)
    assert (one("a", "a").is_unique, one("a", None).is_unique) == (False, False)
