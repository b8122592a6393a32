"""Contributions to a model of the inventory, computed by the command: they add up to the log-odds of its PDs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.settings import Settings
from inference.explain.comparison import published_log_odds
from inference.inventory.explained import open_model_contributions
from inference.inventory.store import delete
from inference.model.build import PublishedModel
from scripts.explain_model import main
from tests.dashboard.challengers import add_model


def test_contributions_add_up_to_the_models_own_log_odds(
    built: Settings, published: PublishedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model(built, "small", Path(published.directory))
    monkeypatch.setattr(sys, "argv", ["explain_model", "small"])
    try:
        main()
        main()
        said = capsys.readouterr().out.splitlines()
        found = published_log_odds(open_model_contributions(built, "small"))
        scores = pl.read_parquet(built.processed / "models" / "small" / "scores.parquet")
        pds = scores["default_probability"].to_numpy()
    finally:
        delete(built, "small")
    assert said == ["The contributions to small are there.", "Nothing was to be computed for small."]
    np.testing.assert_allclose(1 / (1 + np.exp(-found.astype(np.float64))), pds, atol=2e-4)
