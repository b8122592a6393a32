from __future__ import annotations

import shutil
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from data.errors import FileError
from data.home_credit import embedded
from inference.errors import ParityError, TrainingError
from inference.model.build import PublishedModel, publish_model
from inference.model.export import export_onnx
from inference.model.session import ScoringSession
from inference.model.training_settings import TrainingSettings
from scripts._embedded import FEATURES


def test_out_of_fold_predictions_come_with_the_model(published: PublishedModel, applications: pl.DataFrame) -> None:
    assert published.ids.tolist() == applications["SK_ID_CURR"].to_list()
    assert published.probabilities.dtype == np.float32
    assert sorted(set(published.folds.tolist())) == [0, 1, 2]
    # The final model saw every row, those behind the predictions did not.
    seen = ScoringSession.open(published.directory, embedded.DEFINITION).score_frame(applications)
    assert (published.probabilities == seen).mean() < 0.01


def test_metrics_are_those_of_the_predictions(published: PublishedModel, applications: pl.DataFrame) -> None:
    from sklearn.metrics import roc_auc_score

    metrics = published.manifest.metrics
    target = applications["TARGET"].to_numpy()
    assert metrics["oof_auc"] == pytest.approx(roc_auc_score(target, published.probabilities), abs=1e-6)
    assert metrics["oof_mean_pd"] == pytest.approx(published.probabilities.mean(), abs=1e-6)
    assert metrics["default_rate"] == target.mean()
    assert metrics["parity_rows"] == applications.height
    assert metrics["parity_flips"] == 0
    # One rounding to float32 of a number below one: at most half of 2**-24.
    assert metrics["parity_max_abs"] <= 2**-25
    assert published.manifest.cutoff == 0.0909


def test_published_text_model_is_the_published_onnx_model(
    published: PublishedModel, applications: pl.DataFrame
) -> None:
    booster = lgb.Booster(model_file=str(published.directory / "model.txt"))
    native = np.asarray(booster.predict(FEATURES.matrix(applications)), dtype=np.float32)
    np.testing.assert_array_equal(
        native, ScoringSession.open(published.directory, embedded.DEFINITION).score_frame(applications)
    )


def test_graph_names_the_model_it_was_made_from(published: PublishedModel) -> None:
    import onnx

    model = onnx.load(published.directory / "model.onnx")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["model_sha256"] == published.manifest.files["model.txt"].sha256
    assert metadata["features_sha256"] == FEATURES.digest
    assert metadata["training_data_sha256"] == "0" * 64


def test_a_model_that_fails_parity_is_not_published(
    published: PublishedModel,
    applications: pl.DataFrame,
    small_settings: TrainingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def export_another(booster: lgb.Booster, *rest: object) -> bytes:
        other = lgb.Booster(model_str=booster.model_to_string())
        other.set_leaf_output(0, 0, other.get_leaf_output(0, 0) + 0.5)
        return export_onnx(other, *rest)  # type: ignore[arg-type]

    directory = Path(shutil.copytree(published.directory, tmp_path / "model"))
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    monkeypatch.setattr("inference.model.build.export_onnx", export_another)
    with pytest.raises(ParityError, match=r"over 3,000 rows, .* nothing was published"):
        publish_model(applications, embedded.DEFINITION, directory, data_digest="", seed=1, settings=small_settings)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert list(tmp_path.iterdir()) == [directory]


def test_publishing_replaces_the_whole_directory_and_leaves_nothing_beside_it(
    published: PublishedModel, applications: pl.DataFrame, small_settings: TrainingSettings, tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(published.directory, tmp_path / "model"))
    (directory / "stale").touch()
    calls: list[tuple[int, int]] = []
    publish_model(
        applications,
        embedded.DEFINITION,
        directory,
        data_digest="",
        seed=1,
        settings=small_settings,
        progress=lambda *call: calls.append(call),
    )
    assert {path.name for path in directory.iterdir()} == {
        "manifest.json",
        "model.onnx",
        "model.pkl",
        "model.txt",
        "portfolio.toml",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert calls == sorted(calls)
    assert calls[-1] == (1_000, 1_000)


def test_a_place_that_cannot_be_written(
    applications: pl.DataFrame, small_settings: TrainingSettings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"):
        publish_model(
            applications,
            embedded.DEFINITION,
            tmp_path / "file" / "model",
            data_digest="",
            seed=1,
            settings=small_settings,
        )


def test_a_table_of_repaid_loans_alone_cannot_be_trained_on(
    applications: pl.DataFrame, small_settings: TrainingSettings, tmp_path: Path
) -> None:
    repaid = applications.filter(pl.col("TARGET") == 0)
    with pytest.raises(TrainingError, match="and 0 defaulted"):
        publish_model(repaid, embedded.DEFINITION, tmp_path / "model", data_digest="", seed=1, settings=small_settings)
    assert list(tmp_path.iterdir()) == []
