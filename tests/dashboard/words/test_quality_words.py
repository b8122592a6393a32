"""What is odd about a table, in words."""

from __future__ import annotations

from dashboard.words.quality_words import ADVICE, WHAT, detail, summary
from data.quality.oddities import Issue, Oddity


def test_every_issue_has_its_words() -> None:
    assert set(WHAT) == set(ADVICE) == set(Issue)
    for issue in Issue:
        assert summary([Oddity(issue, "x", 3, 0.1, 0.5, "y")]).endswith(".")
        detail(Oddity(issue, "x", 3, 0.1, 0.5, "y"), "Y")


def test_what_was_found_is_one_sentence() -> None:
    found = [
        Oddity(Issue.MISSING, "a", 3, 0.1),
        Oddity(Issue.MISSING, "b", 3, 0.1),
        Oddity(Issue.LEAK, "c", 9, 0.1, 0.99951),
        Oddity(Issue.REPEATED_ROWS, "", 9, 0.1),
    ]
    assert summary(found) == "1 column tells the outcome, rows are repeated, 2 columns have gaps."
    assert summary([]) == "Nothing is odd about the data."
    assert detail(found[2], "") == "AUC of its values: 0.999"
    assert detail(Oddity(Issue.SAME_COLUMNS, "a", 9, 1.0, other="b"), "Bee") == "the same as Bee"
    assert detail(Oddity(Issue.RARE, "a", 9, 1.0, 1.0), "") == "1 level of fewer than 30 rows"
