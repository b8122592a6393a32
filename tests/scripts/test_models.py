from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data.settings import Settings
from inference.inventory.entry import CHAMPION, ModelEntry, ModelKind
from inference.inventory.store import find_model, publish
from scripts import models


def test_lists_renames_and_deletes(call: Callable[..., Any], in_force: Settings, tmp_path: Path) -> None:
    predictions = pl.read_parquet(in_force.predictions)
    # Many ties, which count half.
    pds = (predictions["default_probability"] * 20).round(0) / 20
    digest = find_model(in_force, CHAMPION).data_sha256
    for name, data in (("rounded", digest), ("old", digest[::-1])):
        entry = ModelEntry(name, ModelKind.SCORE, "as imported", "By [b]hand.", data, "2026-01-02T03:04:05+00:00")
        publish(in_force, entry, {}, predictions.select("application_id", pds, pl.lit(None).alias("fold")))
    out = tmp_path / "models.json"
    assert "By [b]hand." in call(models, "--json", str(out)).out
    champion, old, rounded = orjson.loads(out.read_bytes())
    outcomes = predictions["is_default"].to_numpy()
    assert rounded["auc"] == pytest.approx(roc_auc_score(outcomes, pds.to_numpy()), abs=1e-12)
    measured = roc_auc_score(outcomes, predictions["default_probability"].to_numpy())
    assert champion["auc"] == pytest.approx(measured, abs=1e-12)
    assert champion["bytes"] == (in_force.model / "model.onnx").stat().st_size
    assert (old["auc"], old["is_stale"], old["bytes"]) == (None, True, None)
    assert "coarse" in call(models, "--rename", "rounded", "coarse").out
    assert "stale" not in call(models, "--delete", "old").out
    for arguments, said in (
        (("--delete", "champion"), "cannot be deleted"),
        (("--rename", "coarse", "."), "a model's"),
    ):
        done = call(models, *arguments)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert said in done.err
