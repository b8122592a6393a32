"""The command that writes reports: its files, made again from a recipe, and its refusals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from data.settings import ROOT, Settings


def report(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.report", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_template_becomes_a_page_and_a_workbook(built: Settings, tmp_path: Path) -> None:
    page, book = tmp_path / "paper.html", tmp_path / "paper.xlsx"
    chosen = ("--where", "NAME_INCOME_TYPE=Working", "--against", "rest", "--cutoff", "0.16")
    done = report("--template", "monthly", *chosen, "--out", page, "--out", book)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert text.count("<figure ") == 12
    assert "16.00 % PD" in text
    rows = dict(
        row[:2] for row in CalamineWorkbook.from_path(book).get_sheet_by_name("Table 1 Key figures").to_python()[2:]
    )
    table = pl.read_parquet(built.predictions).filter(pl.col("NAME_INCOME_TYPE") == "Working")
    approved = table.filter(pl.col("default_probability").cast(pl.Float64) < 0.16)
    assert rows["Default rate"] == pytest.approx(table["is_default"].mean())
    assert rows["Bad rate"] == pytest.approx(approved["is_default"].mean())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--template", "weekly", "--out", "F.html"), "Template 'weekly': is not known"),
        (("--template", "monthly", "--out", "F.pdf"), "print it to PDF from any browser"),
        (("--template", "monthly", "--out", "F.doc"), "is neither of .html, .xlsx"),
        (("--template", "monthly", "--out", "F.html", "--cutoff", "16"), "--cutoff 16: is not a PD"),
        (("--template", "monthly", "--out", "F.html", "--where", "branch=a"), "there is no column 'branch'"),
        (("--template", "monthly", "--out", "F.html", "--against", "rest"), "has no rest"),
        (("--recipe", "none.json", "--out", "F.html"), "none.json: cannot be read (No such file"),
        (("--template", "monthly", "--out", "no/folder/F.html"), "no/folder"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: tuple[str, ...], said: str, built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert built.predictions.exists()
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-m", "scripts.report", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (sentence,) = [line for line in done.stderr.splitlines() if said in line]
    assert sentence.endswith(".")
    assert list(tmp_path.iterdir()) == []
