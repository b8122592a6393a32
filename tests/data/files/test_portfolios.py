"""A table of a stranger's: blanks between fields, no header, words for outcomes, dates and several special values."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.definition.definition import Definition
from data.definition.reading import parse_definition
from data.errors import TableError
from data.files.convert import convert

SAID = """
name = "Small"
left_out = ["note"]

[table]
separator = " "
header = false
names = ["status", "income", "grade", "owner", "applied", "note"]
missing = ["?"]

[outcome]
column = "status"
bad = ["Charged"]
good = ["Paid"]

[columns.status]

[columns.income]
kind = "numeric"
whole = true
minimum = 0
maximum = 9000
nullable = true
special = { "-7" = "not asked", "-9" = "no record" }

[columns.grade]
kind = "category"
levels = ["1", "2"]

[columns.owner]
kind = "flag"

[columns.applied]
kind = "date"
"""
ROWS = "Paid 100 1.0 yes 31.1.2024 x\nCharged -7 2 F 1.2.2024 y\nCurrent ? 1 1 2.2.2024 z\n"


@pytest.fixture
def small(tmp_path: Path) -> Definition:
    return parse_definition(SAID, tmp_path / "portfolio.toml")


def test_a_strangers_table_is_stored_in_its_own_values(small: Definition, tmp_path: Path) -> None:
    raw, out = tmp_path / "a.data", tmp_path / "a.parquet"
    raw.write_text(ROWS)
    report = convert(raw, out, small)
    found = pl.read_parquet(out).to_dict(as_series=False)
    assert found == {
        "row_number": [1, 2, 3],
        "status": [0, 1, None],
        "income": [100, -7, None],
        "grade": ["1", "2", "1"],
        "owner": [1, 0, 1],
        "applied": [date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2)],
    }
    assert report.open_outcomes == {"Current": 1}
    assert report.left_out == ()


def test_dates_that_could_be_of_two_forms_are_refused(small: Definition, tmp_path: Path) -> None:
    raw = tmp_path / "a.data"
    raw.write_text("Paid 100 1 yes 1/2/2024 x\nCharged 5 2 no 3/4/2024 y\n")
    with pytest.raises(
        TableError, match="column applied has 2 rows with a wrong value, for example '1/2/2024' on line 1"
    ):
        convert(raw, tmp_path / "a.parquet", small)


def test_a_table_of_open_rows_says_what_stands_there(small: Definition, tmp_path: Path) -> None:
    raw = tmp_path / "a.data"
    raw.write_text("Current 100 1 yes 2024-01-02 x\n")
    with pytest.raises(TableError, match="column status has no outcome in any row: it holds 'Current'"):
        convert(raw, tmp_path / "a.parquet", small)
