"""A table as text with numbers in one spelling, for whoever judges cells by a definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import FileError
from data.reading.surveying import survey_text
from data.store.opening import CSV


def test_numbers_are_spelt_alike_and_all_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [
        "code;day;amount;share;gap",
        "007;31.12.2023; 1.234,50 €;5 %;NA",
        "012;01.02.2024;7,25 €;6,92 %;3",
        ";;-;;",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")
    found = survey_text(path, CSV)
    (frame,) = found.texts()
    assert frame.rows() == [
        ("007", "31.12.2023", "1234.50", "0.05", "NA"),
        ("012", "01.02.2024", "7.25", "0.0692", "3"),
        (None, None, "-", None, None),
    ]
    assert (found.n_rows, found.layout.word, found.formats["amount"].currency) == (3, "semicolon", "€")


@pytest.mark.parametrize(
    "text", ['[{"pd": 0.1}]', '{"pd": 0.1}\n{"pd": 0.2}\n', '\n[\n  {\n "pd": 1}]', "[[1, 2], [3, 4]]"]
)
def test_json_is_called_that(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match="is JSON; bring CSV or Parquet"):
        survey_text(path, CSV)
