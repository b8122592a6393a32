"""Which values are bad: by the words they are, by the column's name, or not to be known."""

from __future__ import annotations

import pytest

from data.definition.evidence.outcome_values import outcome_values


@pytest.mark.parametrize(
    ("name", "values", "bad", "good", "sure"),
    [
        ("loan_status", ["Fully Paid", "Charged Off", "Current"], ["Charged Off"], ["Fully Paid"], True),
        ("anything", ["gut", "schlecht"], ["schlecht"], ["gut"], True),
        ("flag", ["B", "G"], ["B"], ["G"], True),
        ("is_bad", ["no", "yes"], ["yes"], ["no"], True),
        ("y", ["no", "yes", "unknown"], ["yes"], ["no"], True),
        ("ausfall", ["nein", "ja"], ["ja"], ["nein"], True),
        ("repaid", ["1", "0"], ["0"], ["1"], False),
        ("status", ["0", "1"], ["1"], ["0"], False),
        ("Loan_Status", ["Y", "N"], ["N"], ["Y"], False),
        ("x", ["1", "2"], ["2"], ["1"], False),
    ],
)
def test_values_that_are_bad(name: str, values: list[str], bad: list[str], good: list[str], *, sure: bool) -> None:
    found = outcome_values(name, dict.fromkeys(values, 9))
    assert found is not None
    assert (list(found.bad), list(found.good), found.sure) == (bad, good, sure)


def test_other_numbers_beside_0_and_1_leave_it_open() -> None:
    assert outcome_values("target", {"0": 5, "1": 3, "2": 1}) is None
