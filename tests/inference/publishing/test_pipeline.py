"""The build: every step once, again only when what it was made from has changed, and a dropped file first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from data.errors import TableError
from data.home_credit import embedded
from data.home_credit.synthetic import make_applications
from data.predictions.table import load_predictions
from data.settings import Settings
from inference.errors import ArtifactError
from inference.explain.contributions import load_contributions
from inference.model.session import ScoringSession
from inference.model.training_settings import TrainingSettings
from inference.publishing.pipeline import Advance, build

ALL_STEPS = ("applications", "predictions", "contributions", "quality")


@contextmanager
def silent(_: str) -> Iterator[Advance]:
    yield lambda *_: None


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("a checkout")
    made = Settings(root / "raw", root / "processed", root / "model", 2_000, 7, "CPUExecutionProvider")
    assert build(made, silent) == ALL_STEPS
    return made


def test_a_second_build_does_nothing(settings: Settings) -> None:
    before = settings.predictions.stat().st_mtime_ns
    assert build(settings, silent) == ()
    assert settings.predictions.stat().st_mtime_ns == before


def test_predictions_are_out_of_fold_and_belong_to_the_applications(settings: Settings) -> None:
    applications = pl.read_parquet(settings.applications)
    predictions = load_predictions(settings.predictions, embedded.DEFINITION)
    assert predictions.frame["application_id"].to_list() == applications["SK_ID_CURR"].to_list()
    assert predictions.frame["is_default"].to_list() == (applications["TARGET"] == 1).to_list()
    assert sorted(predictions.frame["fold"].unique()) == [0, 1, 2, 3, 4]
    # The final model has seen every row, the model behind a prediction has not: they agree on hardly any.
    seen = ScoringSession.open(settings.model, embedded.DEFINITION).score_frame(applications)
    assert (predictions.frame["default_probability"].to_numpy() == seen).mean() < 0.01


def test_another_seed_makes_another_portfolio_and_another_model(settings: Settings, tmp_path: Path) -> None:
    other = replace(settings, processed=tmp_path / "processed", model=tmp_path / "model", seed=8)
    build(other, silent)
    assert not pl.read_parquet(other.applications).equals(pl.read_parquet(settings.applications))
    assert build(replace(other, seed=9), silent) == ALL_STEPS


def test_lost_predictions_are_made_again_and_are_the_same(settings: Settings) -> None:
    before = pl.read_parquet(settings.predictions)
    settings.predictions.unlink()
    assert build(settings, silent) == ("predictions",)
    assert pl.read_parquet(settings.predictions).equals(before)


def test_a_dropped_file_takes_the_place_of_the_embedded_portfolio(settings: Settings, tmp_path: Path) -> None:
    theirs = replace(settings, raw=tmp_path / "raw", processed=tmp_path / "processed", model=tmp_path / "model")
    theirs.raw.mkdir()
    table = make_applications(1_500, seed=3)
    table.write_csv(theirs.raw / "application_train.csv")
    assert build(theirs, silent) == ALL_STEPS
    assert pl.read_parquet(theirs.applications).equals(table)
    assert load_predictions(theirs.predictions, embedded.DEFINITION).source.name == "application_train.csv"
    assert build(theirs, silent) == ()


def test_a_wrong_file_leaves_what_was_built(settings: Settings, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "application_train.csv").write_text("SK_ID_CURR,TARGET\n1,0\n", encoding="utf-8")
    before = settings.applications.read_bytes()
    with pytest.raises(TableError, match="columns are missing"):
        build(replace(settings, raw=raw), silent)
    assert settings.applications.read_bytes() == before
    assert sorted(child.name for child in settings.processed.iterdir()) == [
        "applications.parquet",
        "contributions.parquet",
        "portfolio.json",
        "predictions.parquet",
        "quality.json",
    ]


def test_a_changed_training_setting_makes_the_model_stale(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingSettings, "__init__", _with_fewer_trees(TrainingSettings.__init__))
    assert build(settings, silent) == ("predictions", "contributions")
    monkeypatch.undo()
    assert build(settings, silent) == ("predictions", "contributions")


def _with_fewer_trees(original: Callable[..., None]) -> Callable[..., None]:
    return lambda self, *args, **kwargs: original(self, *args, **{"trees": 40, **kwargs})


def test_an_altered_model_file_is_built_again(settings: Settings) -> None:
    onnx = settings.model / "model.onnx"
    whole = onnx.read_bytes()
    onnx.write_bytes(whole[:-1])
    assert build(settings, silent) == ("predictions",)
    assert onnx.read_bytes() == whole


def test_a_model_without_its_graph_is_still_a_model(settings: Settings) -> None:
    onnx = settings.model / "model.onnx"
    whole = onnx.read_bytes()
    onnx.unlink()
    assert build(settings, silent) == ()
    assert ScoringSession.open(settings.model, embedded.DEFINITION).backend == "model.txt"
    onnx.write_bytes(whole)


def test_a_folder_of_something_else_is_not_replaced(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "precious.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(ArtifactError, match="holds files but no model"):
        build(replace(settings, model=folder), silent)
    assert [child.name for child in folder.iterdir()] == ["precious.txt"]


def test_a_checkout_whose_path_looks_like_a_pattern_builds(settings: Settings, tmp_path: Path) -> None:
    odd = replace(settings, processed=tmp_path / "a [b]*", model=tmp_path / "m [x]")
    assert build(odd, silent) == ALL_STEPS
    assert build(odd, silent) == ()


def test_lost_or_foreign_contributions_are_made_again_and_are_the_same(settings: Settings) -> None:
    before = settings.contributions.read_bytes()
    settings.contributions.unlink()
    assert build(settings, silent) == ("contributions",)
    assert settings.contributions.read_bytes() == before
    settings.contributions.write_bytes(settings.predictions.read_bytes())
    assert build(settings, silent) == ("contributions",)
    settings.contributions.write_text("no table", encoding="utf-8")
    assert build(settings, silent) == ("contributions",)
    assert build(settings, silent) == ()


def test_contributions_are_of_the_predictions_row_by_row(settings: Settings) -> None:
    ids = load_predictions(settings.predictions, embedded.DEFINITION).frame["application_id"]
    found = load_contributions(settings.contributions)
    assert found.frame.height == len(ids)
    assert found.are_of(ids)
    assert not found.are_of(ids.reverse())


def test_a_model_without_its_text_keeps_its_contributions(settings: Settings) -> None:
    text = settings.model / "model.txt"
    whole, contributions = text.read_bytes(), settings.contributions.read_bytes()
    text.unlink()
    assert build(settings, silent) == ()
    settings.contributions.unlink()
    assert build(settings, silent) == ()
    text.write_bytes(whole)
    settings.contributions.write_bytes(contributions)
    assert build(settings, silent) == ()
