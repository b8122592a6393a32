"""The JSON of a command: in a file, in place of its tables, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import FileError
from scripts._report_file import STANDARD_OUTPUT, check_report_place, write_report


def test_it_goes_where_it_was_asked_for(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    target = tmp_path / "out.json"
    assert not write_report({"name": "Ä"}, target)
    assert target.read_text(encoding="utf-8") == '{\n "name": "Ä"\n}\n'
    assert not write_report({"name": "Ä"}, None)
    assert write_report({"name": "Ä"}, STANDARD_OUTPUT)
    assert capfdbinary.readouterr().out == target.read_bytes()


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    check_report_place(STANDARD_OUTPUT)
    with pytest.raises(FileError):
        check_report_place(tmp_path)
