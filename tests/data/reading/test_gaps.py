"""Words for gaps are compared in lower case, so that is how they are listed."""

from __future__ import annotations

from data.reading.gaps import GAPS


def test_words_are_in_the_form_in_which_they_are_compared() -> None:
    assert [word for word in GAPS if word != word.strip().lower() or not word] == []
    assert len(set(GAPS)) == len(GAPS)
