"""The command on a table that somebody brought, against scikit-learn, and what it says of bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from data.settings import ROOT

N = 2_000


def compare(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.compare", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    rng = np.random.default_rng(12)
    pd = np.round(rng.beta(1.2, 9, N), 6)
    return pl.DataFrame(
        {
            "id": np.arange(N) + 1,
            "outcome": (rng.random(N) < pd).astype(int),
            "pd": pd,
            "pd_old": np.round(np.clip(pd * np.exp(0.6 * rng.normal(size=N)), 1e-4, 0.9), 6),
            "region": rng.choice(["north", "south"], N),
        }
    )


@pytest.fixture(scope="module")
def source(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("brought") / "scored.csv"
    rows.write_csv(path)
    return path


def test_two_scores_of_a_file_are_compared(source: Path, rows: pl.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "compared.json"
    done = compare("--predictions", source, "--models", "champion,pd_old", "--json", out, "--cutoff", "0.1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "champion ranks better than pd_old" in done.stdout
    assert "Reasons are not compared. A file of scores has no contributions" in done.stdout
    found: dict[str, Any] = json.loads(out.read_text())
    outcome, pd, old = (rows[name].to_numpy() for name in ("outcome", "pd", "pd_old"))
    gap = sk.roc_auc_score(outcome, old) - sk.roc_auc_score(outcome, pd)
    assert found["auc_difference"]["value"] == pytest.approx(gap, abs=1e-9)
    assert found["auc_difference"]["high"] < 0
    assert found["swap_set"]["in"]["n"] == ((old < 0.1) & (pd >= 0.1)).sum()
    assert found["swap_set"]["out"]["n"] == ((old >= 0.1) & (pd < 0.1)).sum()
    assert [row["name"] for row in found["models"]] == ["champion", "pd_old"]
    assert found["reasons"] == {
        "compared": False,
        "reason": "A file of scores has no contributions that reasons could be made of.",
    }


def test_the_model_that_is_named_first_is_the_one_that_is_shown(rows: pl.DataFrame, tmp_path: Path) -> None:
    # Neither column is the score by its name alone, so that opening the file asks.
    two = rows.rename({"pd": "pd_a", "pd_old": "pd_b"})
    two.write_csv(source := tmp_path / "two.csv")
    asked = compare(source)
    assert (asked.returncode, "which is it?" in asked.stderr) == (2, True)
    done = compare(source, "--models", "pd_b,pd_a", "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    assert [row["name"] for row in report["models"]] == ["pd_b", "pd_a"]
    gap = sk.roc_auc_score(two["outcome"], two["pd_a"]) - sk.roc_auc_score(two["outcome"], two["pd_b"])
    assert report["auc_difference"]["value"] == pytest.approx(gap, abs=1e-9)


def test_a_name_may_hold_a_comma(rows: pl.DataFrame, tmp_path: Path) -> None:
    stacked = pl.concat(
        rows.select("id", "outcome", pl.lit(name).alias("model"), pd=column)
        for name, column in (("old", "pd_old"), ("new, v2", "pd"))
    )
    stacked.write_csv(source := tmp_path / "stacked.csv")
    done = compare(source, "--models", 'old,"new, v2"', "--json", "-")
    report: dict[str, Any] = json.loads(done.stdout)
    assert [row["name"] for row in report["models"]] == ["old", "new, v2"]
    aucs = [sk.roc_auc_score(rows["outcome"], rows[name]) for name in ("pd_old", "pd")]
    assert [row["auc"] for row in report["models"]] == pytest.approx(aucs, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--models", "champion,nobody"), "There is no model called 'nobody'; there are champion, pd_old."),
        (("--models", "champion"), "a comparison is of two models or more"),
        (("--models", "champion,pd"), "champion and pd are the same score of this file"),
        (("--cutoff", "16 %"), "is not a PD from 0 to 1"),
        (("--where", "region=west"), "region"),
    ],
)
def test_bad_input_is_one_sentence(source: Path, arguments: tuple[str, ...], said: str) -> None:
    done = compare(source, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
