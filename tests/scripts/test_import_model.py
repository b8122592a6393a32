from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import lightgbm as lgb
import pytest

from data.definition.at_hand import load_definition
from data.settings import ROOT, load_settings
from inference.explain.contributions import load_contributions
from inference.features.definition_features import feature_set
from inference.inventory.store import contributions_of_model, list_models
from inference.publishing.pipeline import build
from scripts._kills import quiet
from tests.inference.bringing.conftest import N_ROWS, TOML, make_loans


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.import_model", *arguments, "--portfolio", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)


def test_a_model_is_added_with_its_contributions_and_a_refusal_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "portfolio.toml").write_text(TOML, encoding="utf-8")
    loans = make_loans()
    loans.write_csv(tmp_path / "loans.csv")
    monkeypatch.setenv("SCOREROOM_PORTFOLIO", str(tmp_path))
    settings = load_settings()
    build(settings, quiet)
    matrix = feature_set(load_definition(settings)).matrix(loans)
    target = (loans["status"] == "bad").cast(int).to_numpy()
    booster = lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, lgb.Dataset(matrix, target), 10)
    booster.save_model(tmp_path / "theirs.txt")

    asked = run(tmp_path, str(tmp_path / "theirs.txt"), "--name", "theirs")
    assert asked.returncode == 2
    assert "does not name its 4 columns; say --in-order" in asked.stderr
    assert [entry.name for entry in list_models(settings)] == ["champion"]

    done = run(tmp_path, str(tmp_path / "theirs.txt"), "--name", "theirs", "--in-order")
    assert done.returncode == 0, done.stderr
    assert f"Over {N_ROWS} rows, PDs differ by up to" in done.stdout
    assert "0 decisions change" in done.stdout
    assert "for the champion" in done.stdout
    assert load_contributions(contributions_of_model(settings, "theirs")).frame.height == N_ROWS

    (tmp_path / "any.pkl").write_bytes(pickle.dumps(1))
    refused = run(tmp_path, str(tmp_path / "any.pkl"), "--name", "any")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "is a pickle" in refused.stderr
