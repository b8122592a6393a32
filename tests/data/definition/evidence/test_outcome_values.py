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


@pytest.mark.parametrize(
    ("values", "bad", "good"),
    [
        (["not in default", "repaid", "in default"], ["in default"], ["repaid"]),
        (["Not delinquent", "Delinquent"], ["Delinquent"], ["Not delinquent"]),
        (["kein Ausfall", "Ausfall"], ["Ausfall"], ["kein Ausfall"]),
        (["No write-off", "Write-off"], ["Write-off"], ["No write-off"]),
        (["Fully Paid", "Cured default", "Charged off"], ["Charged off"], ["Fully Paid"]),
        (["Fully Paid", "Not Fully Paid"], ["Not Fully Paid"], ["Fully Paid"]),
        (["performing", "nondelinquent", "delinquent"], ["delinquent"], ["performing"]),
    ],
)
def test_a_word_that_something_turns_round_leaves_it_open(values: list[str], bad: list[str], good: list[str]) -> None:
    found = outcome_values("status", dict.fromkeys(values, 9))
    assert found is not None
    assert (list(found.bad), list(found.good), found.sure, found.by_words) == (bad, good, False, False)


def test_what_is_turned_round_in_another_sentence_or_by_the_word_itself_is_plain() -> None:
    paid = "Does not meet the credit policy. Status:Fully Paid"
    found = outcome_values("loan_status", {paid: 5, "Charged Off": 3, "no default": 2, "non-performing": 1})
    assert found is not None
    assert (found.bad, found.good, found.sure) == (("Charged Off", "non-performing"), (paid, "no default"), True)


@pytest.mark.parametrize(
    ("name", "n_yes", "sure"),
    [("y", 8, True), ("y", 92, False), ("target_12m", 92, False), ("target", 55, True), ("default", 92, True)],
)
def test_an_event_that_most_have_may_be_the_repayment(name: str, n_yes: int, *, sure: bool) -> None:
    # Of 100 rows 55 yes are one standard error more than no, and 92 more than eight.
    found = outcome_values(name, {"1": n_yes, "0": 100 - n_yes})
    assert found is not None
    assert found.sure is sure


@pytest.mark.parametrize("name", ["good_bad", "non_default", "paid_back", "survived", "no_ausfall"])
def test_names_of_both_ends_or_of_the_good_one_are_not_sure(name: str) -> None:
    found = outcome_values(name, {"0": 9, "1": 2})
    assert found is not None
    assert not found.sure
