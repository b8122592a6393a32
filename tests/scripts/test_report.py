"""The command that writes reports: its files, made again from a recipe, and its refusals."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from dashboard.report.recipe import read_template
from data.definition.at_hand import load_definition
from data.errors import ScoreroomError
from data.settings import ROOT, Settings
from scripts.report import main


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
    found = CalamineWorkbook.from_path(book).get_sheet_by_name("Table 1 Key figures").to_python()
    rows = {str(row[0]): row[1] for row in found[2:]}
    table = pl.read_parquet(built.predictions).filter(pl.col("NAME_INCOME_TYPE") == "Working")
    approved = table.filter(pl.col("default_probability").cast(pl.Float64) < 0.16)
    assert rows["Default rate"] == pytest.approx(table["is_default"].mean())
    assert rows["Bad rate"] == pytest.approx(approved["is_default"].mean())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--template", "weekly", "--out", "F.html"), "Template 'weekly': is not known"),
        (("--template", "monthly", "--out", "F.doc"), "is none of .html, .pdf, .xlsx"),
        (("--template", "monthly", "--out", "F.html", "--cutoff", "16"), "--cutoff 16: is not a PD"),
        (("--template", "monthly", "--out", "F.html", "--where", "branch=a"), "there is no column 'branch'"),
        (("--template", "monthly", "--out", "F.html", "--against", "rest"), "has no rest"),
        (("--template", "applicant", "--out", "F.pdf"), "is of one application; name it with --applicant ID"),
        (("--template", "monthly", "--applicant", "1", "--out", "F.pdf"), "--applicant 1: belongs to --template"),
        (
            ("--template", "applicant", "--applicant", "1", "--where", "a=b", "--out", "F.pdf"),
            "leave out --where and --against",
        ),
        (("--recipe", "none.json", "--out", "F.html"), "none.json: cannot be read (No such file"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    arguments: tuple[str, ...], said: str, built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert built.predictions.exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["report", *arguments])
    with pytest.raises(ScoreroomError, match=re.escape(said)) as refused:
        main()
    assert str(refused.value).endswith(".")
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = report("--template", "monthly", "--out", tmp_path / "paper.doc")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is none of .html, .pdf, .xlsx" in done.stderr


def test_an_applicant_s_paper_needs_no_server_and_an_unknown_one_leaves_no_file(
    built: Settings, tmp_path: Path
) -> None:
    first = pl.read_parquet(built.predictions, n_rows=1)
    identifier, pd = first["application_id"][0], first["default_probability"][0]
    page = tmp_path / "paper.html"
    done = report("--template", "applicant", "--applicant", identifier, "--out", page)
    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr
    text = page.read_text(encoding="utf-8")
    assert f"<h1>Application {identifier}: " in text
    assert f"{100 * float(pd):.1f}" in text
    nobody = report("--template", "applicant", "--applicant", "nobody", "--out", tmp_path / "none.pdf")
    assert nobody.returncode == 2
    assert nobody.stderr.endswith("There is no application 'nobody' in the table; give the id of one that is.\n")
    assert list(tmp_path.iterdir()) == [page]


def test_the_same_paper_is_made_again_from_a_recipe(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, page = read_template("monthly", load_definition(built)), tmp_path / "paper.html"
    (tmp_path / "mine.json").write_bytes(replace(recipe, title="Mine", cutoff=0.16, parts=recipe.parts[:3]).to_json())
    papers = []
    for arguments in (
        ("--recipe", str(tmp_path / "mine.json")),
        ("--template", "monthly", "--title", "Mine", "--cutoff", "0.16"),
    ):
        monkeypatch.setattr(sys, "argv", ["report", *arguments, "--out", str(page)])
        main()
        text = page.read_text(encoding="utf-8")
        assert text.count("<h1>Mine</h1>") == 1
        papers.append(re.findall(r'<table class="data short" id="table-1">.*?</table>', text, re.DOTALL))
    assert papers[0] == papers[1] != []
