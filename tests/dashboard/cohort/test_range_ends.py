"""Ends of ranges as people type them."""

from __future__ import annotations

import pytest

from dashboard.cohort.range_ends import EndError, read_end, word_end
from data.definition.columns import Unit
from data.predictions.table import PROBABILITY, CohortColumn, CohortKind

PD = CohortColumn(PROBABILITY, "PD", "", "", CohortKind.RANGE)
AGE = CohortColumn("age", "Age", "", "", CohortKind.RANGE, unit=Unit.DAYS_BEFORE)
AMOUNT = CohortColumn("amount", "Amount", "", "", CohortKind.RANGE, unit=Unit.CURRENCY, currency="EUR")
OPENED = CohortColumn("opened", "Opened", "", "", CohortKind.RANGE, is_date=True)


@pytest.mark.parametrize(
    ("column", "text", "stored"),
    [
        (PD, "0.7", 0.007),
        (PD, " 12 % ", 0.12),
        (AGE, "40", -14_610),
        (AGE, "40 years", -14_610),
        (AGE, "1 year", -365.25),
        (AMOUNT, "1,234,567.5", 1_234_567.5),
        (AMOUNT, "−20 k EUR", -20_000),
        (AMOUNT, "1.2 M", 1_200_000),
        (AMOUNT, "3bn", 3e9),
        (AMOUNT, "1e3", 1_000),
        (AMOUNT, ".5", 0.5),
        (AMOUNT, "", None),
        # 2024 has a 29th of February: 19,723 days to its first, and 31 + 29 more.
        (OPENED, "2024-03-01", 19_783),
    ],
)
def test_an_end_is_read_in_the_unit_that_is_shown(column: CohortColumn, text: str, stored: float | None) -> None:
    assert read_end(text, column) == stored
    # What is written for it to be typed over says the same.
    assert read_end(word_end(stored, column), column) == pytest.approx(stored)


@pytest.mark.parametrize("text", ["much", "0,5", "1.2.3", "12,34", "5 km", "40 %", "1e999", "nan", "inf", "1 2"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(EndError, match=r"“.+” is not a number of EUR; write it as in 1,234\.5 or 1\.2 M\."):
        read_end(text, AMOUNT)


@pytest.mark.parametrize("text", ["01.03.2024", "2024-02-30", "19783", "March"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(EndError, match=rf"“{text}” is not a date; write it as in 2024-03-31\."):
        read_end(text, OPENED)


def test_years_are_written_to_the_hundredth() -> None:
    assert word_end(-9_000, AGE) == "24.64"
    assert word_end(None, AGE) == ""
