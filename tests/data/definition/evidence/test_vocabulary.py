from __future__ import annotations

import pytest

from data.definition.evidence import vocabulary as words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BILL_AMT1", ("bill", "amt", "1")),
        ("loanStatusID", ("loan", "status", "id")),
        ("SeriousDlqin2yrs", ("serious", "dlqin", "2", "yrs")),
        ("Fälligkeit-Datum", ("falligkeit", "datum")),
        ("__", ()),
    ],
)
def test_a_name_is_cut_into_words(name: str, expected: tuple[str, ...]) -> None:
    assert words.words_of(name) == expected
    assert words.plain(name) == "".join(expected)


def test_a_word_counts_alone_or_as_the_whole_name() -> None:
    assert words.has_word("loan_id", words.IDS)
    assert words.has_word("Member ID", frozenset({"memberid"}))
    assert not words.has_word("paid", words.IDS)


@pytest.mark.parametrize(
    ("name", "label"),
    [("LIMIT_BAL", "Limit bal"), ("loanAmount", "Loan amount"), ("income", "Income"), ("a.b\u200b", "A b"), ("_", "_")],
)
def test_a_label_reads_as_words(name: str, label: str) -> None:
    assert words.label_of(name) == label


@pytest.mark.parametrize("cell", ["charged off", "default", "bad", "written-off", "not paid", "status:default"])
def test_cells_that_mean_a_bad_outcome(cell: str) -> None:
    assert words.BAD_CELLS.search(cell)
    assert not words.GOOD_CELLS.search(cell)


@pytest.mark.parametrize("cell", ["fully paid", "paid", "good", "repaid", "no default", "performing"])
def test_cells_that_mean_a_good_outcome(cell: str) -> None:
    assert words.GOOD_CELLS.search(cell)


@pytest.mark.parametrize("cell", ["current", "late (31-120 days)", "in grace period", "issued", "prepaid card"])
def test_cells_that_mean_neither(cell: str) -> None:
    assert not words.BAD_CELLS.search(cell)
    assert not words.GOOD_CELLS.search(cell)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("default12m", "bad"),
        ("notfullypaid", "bad"),
        ("nonperforming", "bad"),
        ("nondefault", "good"),
        ("notbad", "good"),
        ("repaid", "good"),
        ("goodbad", "both"),
        ("region", ""),
    ],
)
def test_which_end_of_an_outcome_a_name_says(name: str, end: str) -> None:
    assert words.outcome_said(name) == end
