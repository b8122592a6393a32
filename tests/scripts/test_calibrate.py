"""The command: a model of the portfolio, a table beside a file, and one sentence for what cannot be done."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from data.errors import ScoreroomError
from data.settings import ROOT, Settings
from inference.inventory.store import delete, find_model, list_models, read_scores
from scripts.calibrate import main


def calibrate(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.calibrate", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def test_a_shift_to_a_target_becomes_a_model(built: Settings, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    done = calibrate("--method", "target", "--target-rate", 0.03, "--floor", 0.002, "--name", "long-run", "--json", out)
    try:
        assert (done.returncode, "Published as long-run, of champion" in done.stdout) == (0, True), done.stderr
        scores = read_scores(built, "long-run")
        assert scores.mean() == pytest.approx(0.03, abs=1e-12)
        assert scores.min() == 0.002
        told = read(out)
        assert (told["model"], told["parent"], told["can_score"]) == ("long-run", "champion", True)
        assert told["figures"]["mean_pd"]["after"]["value"] == pytest.approx(0.03, abs=1e-12)
        own, before = told["calibrator"], read_scores(built, "champion").to_numpy()
        moved = 1 / (1 + np.exp(-(np.log(before / (1 - before)) + own["shift"])))
        assert scores.to_numpy() == pytest.approx(np.maximum(moved, 0.002), abs=1e-12)
        assert find_model(built, "long-run").said in done.stdout.replace("\n", " ")
    finally:
        delete(built, "long-run")


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of points with outcomes."""
    random = np.random.default_rng(6)
    log_odds = random.normal(-2, 1, 3_000)
    path: Path = tmp_path_factory.mktemp("points") / "bureau.csv"
    pl.DataFrame(
        {
            "loan_id": np.arange(3_000) + 1,
            "outcome": (random.random(3_000) < 1 / (1 + np.exp(-log_odds))).astype(int),
            "score": np.round(500 - 40 * log_odds),
            "region": random.choice(["north", "south"], 3_000),
        }
    ).write_csv(path)
    return path


def test_points_of_a_file_become_pds_in_a_table_beside_it(built: Settings, points: Path) -> None:
    before = points.read_bytes()
    done = calibrate("--predictions", points, "--method", "platt", "--where", "region=north")
    table = points.with_name("bureau-platt.parquet")
    assert (done.returncode, done.stderr) == (0, "")
    frame = pl.read_parquet(table)
    assert points.read_bytes() == before
    assert frame["score_before"].to_list() == pl.read_csv(points)["score"].to_list()
    # It opens as predictions whose score is a PD, without a question.
    opened = subprocess.run(
        [sys.executable, "-m", "scripts.evaluate", str(table), "--where", "region=north", "--json", "-"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (opened.returncode, opened.stderr) == (0, "")
    told = json.loads(opened.stdout)
    assert told["brier"]["value"] is not None
    assert told["calibration_slope"]["low"] < 1 < told["calibration_slope"]["high"]
    again = calibrate("--predictions", points, "--method", "platt")
    assert (again.returncode, str(table) in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--name", "champion"], "always means the model in service"),
        (["--name", "x", "--method", "target"], "--target-rate"),
        (["--name", "x", "--target-rate", "3"], "write 0.03 for 3 %"),
        (["--name", "x", "--floor", "1"], "--floor 1"),
        (["--name", "x", "--model", "nobody"], "no model called 'nobody'"),
        (["--name", "x", "--where", "observed=Repaid"], "chosen by its outcomes"),
    ],
)
def test_what_cannot_be_done_is_said(
    built: Settings, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["calibrate", "--method", "platt", *arguments])
    with pytest.raises(ScoreroomError, match=re.escape(sentence)):
        main()
    assert [entry.name for entry in list_models(built)] == ["champion"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--name", "x", "--bands", "0.1"],
        ["--name", "x", "--method", "grades", "--bands", "0.2,0.1"],
        ["--name", "x", "--method", "grades", "--bands", "0.1", "--grade", "region"],
        ["--name", "x", "--out", "table.parquet"],
        ["--name", "x", "--folds", "1"],
        ["--predictions", "table.csv", "--name", "x"],
    ],
)
def test_arguments_that_do_not_go_together_are_refused(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["calibrate", "--method", "platt", *arguments])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2
