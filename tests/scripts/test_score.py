from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from data.settings import ROOT
from inference.model.build import PublishedModel


def score(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.score", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def source(applications: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("a folder") / "applications.parquet"
    applications.drop("TARGET").write_parquet(path)
    return path


def test_scores_a_file_and_says_so(source: Path, published: PublishedModel, tmp_path: Path) -> None:
    done = score("--in", source, "--out", tmp_path / "scores.csv", "--model", published.directory)
    assert (done.returncode, "3,000 applications scored" in done.stdout) == (0, True), done.stderr
    assert pl.read_csv(tmp_path / "scores.csv").height == 3_000


def test_fallback_is_said(source: Path, published: PublishedModel, tmp_path: Path) -> None:
    directory = tmp_path / "model"
    directory.mkdir()
    for name in ("manifest.json", "model.txt"):
        (directory / name).write_bytes((published.directory / name).read_bytes())
    done = score("--in", source, "--out", tmp_path / "scores.csv", "--model", directory)
    assert done.returncode == 0
    assert "Notice: model.onnx missing" in done.stdout


@pytest.mark.parametrize(
    ("out", "model", "said"),
    [("scores.xlsx", None, "is not supported"), ("scores.csv", "nowhere", "holds no model")],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    source: Path, published: PublishedModel, tmp_path: Path, out: str, model: str | None, said: str
) -> None:
    directory = tmp_path / model if model else published.directory
    done = score("--in", source, "--out", tmp_path / out, "--model", directory)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_is_no_application_table(published: PublishedModel, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    done = score("--in", tmp_path / "other.csv", "--out", tmp_path / "scores.csv", "--model", published.directory)
    assert done.returncode == 2
    assert "other.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "scores.csv").exists()


def test_a_workbook_is_scored_by_the_sheet_that_is_said(
    source: Path, published: PublishedModel, tmp_path: Path
) -> None:
    few = pl.read_parquet(source).head(5)
    with xlsxwriter.Workbook(tmp_path / "few.xlsx") as book:
        for name in ("One", "Two"):
            sheet = book.add_worksheet(name)
            for at, row in enumerate([few.columns, *few.rows()]):
                sheet.write_row(at, 0, row)
    asked = ("--in", tmp_path / "few.xlsx", "--out", tmp_path / "scores.csv", "--model", published.directory)
    done = score(*asked)
    assert (done.returncode, "--read sheet='One'" in done.stderr) == (2, True)
    done = score(*asked, "--read", "sheet=Two")
    assert (done.returncode, "5 applications scored" in done.stdout) == (0, True), done.stderr
    assert "Notice: Read as a workbook: sheet Two." in done.stdout
    assert pl.read_csv(tmp_path / "scores.csv").height == 5
