from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from data.definition.reading import read_definition
from data.settings import ROOT


def describe(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.describe", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_prints_a_line_for_each_column_and_writes_the_definition(tmp_path: Path) -> None:
    rows = [f"{i},{i * 31 % 900 + 100},{i % 7},{'yes' if i % 4 == 0 else 'no'}" for i in range(300)]
    (tmp_path / "loans.csv").write_text("\n".join(["id,amount,\x1b[31mrooms,default", *rows]))
    done = describe(tmp_path / "loans.csv", "--out", tmp_path / "folder")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["id", "the", "identifier", "sure"] in [line[:4] for line in lines]
    assert "\N{REPLACEMENT CHARACTER}[31mrooms" in [line[0] for line in lines if line]
    assert "\x1b" not in done.stdout
    assert done.stdout.endswith(f"4 columns, 2 to be checked: {tmp_path}/folder/portfolio.toml\n")
    assert read_definition(tmp_path / "folder" / "portfolio.toml").target == "default"


def test_says_how_the_table_is_encoded(tmp_path: Path) -> None:
    rows = [f"{i};{i * 5000};{'Köln' if i % 2 else 'Bonn'};{i % 3 == 0:d}" for i in range(300)]
    (tmp_path / "loans.csv").write_bytes("\n".join(["id;amount;town;default", *rows]).encode("cp1252"))
    done = describe(tmp_path / "loans.csv", "--out", tmp_path / "folder")
    assert "The file is Windows-1252.\n" in done.stdout
    # Twice the largest amount, 299 x 5,000, rounded up and never 5e+06.
    assert "5,000,000" in done.stdout


def test_what_is_said_of_the_file_is_kept_in_the_definition(tmp_path: Path) -> None:
    rows = [f"{i};{i % 90},{i % 7}25;{i % 3 == 0:d}" for i in range(300)]
    (tmp_path / "loans.csv").write_text("\n".join(["id;rate;default", *rows]))
    done = describe(tmp_path / "loans.csv", "--out", tmp_path / "folder", "--read", "decimal=,")
    assert done.returncode == 0, done.stderr
    definition = read_definition(tmp_path / "folder" / "portfolio.toml")
    assert definition.table.read == ("decimal=,",)
    assert definition.column("rate").dtype.is_float()
    wrong = describe(tmp_path / "loans.csv", "--out", tmp_path / "folder", "--read", "decimal=x")
    assert (wrong.returncode, wrong.stderr) == (2, "--read decimal=x: 'x' is no decimal; give , or ..\n")


def test_says_that_no_column_is_the_outcome(tmp_path: Path) -> None:
    (tmp_path / "loans.csv").write_text("\n".join(["id,amount", *(f"{i},{i * 31 % 900 + 100}" for i in range(300))]))
    done = describe(tmp_path / "loans.csv", "--out", tmp_path / "folder")
    assert done.returncode == 0, done.stderr
    assert "No column says how loans ended" in done.stdout


def test_a_file_that_is_not_there_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    done = describe(tmp_path / "none.csv", "--out", tmp_path / "folder")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{tmp_path}/none.csv: no such file; check the path.\n"
    assert list(tmp_path.iterdir()) == []
