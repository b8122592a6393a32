"""A promoted model is served whole, with its PDs and contributions; nothing is lost, and a rollback undoes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from data.home_credit import embedded
from data.predictions.table import load_predictions
from data.settings import Settings
from inference.errors import HoldError
from inference.explain.contributions import open_contributions
from inference.inventory.entry import CHAMPION, InventoryError, ModelEntry, ModelKind
from inference.inventory.explained import open_model_contributions
from inference.inventory.promotion import promote
from inference.inventory.store import (
    contributions_of_model,
    delete,
    find_model,
    folder_of_model,
    list_models,
    now,
    publish,
    read_rows,
)
from inference.model.artifact import ENTRY, Manifest
from inference.model.session import ScoringSession
from inference.publishing import staging as staging_module
from inference.publishing.backup import back_up, restore
from inference.publishing.pipeline import belongs_together, build
from inference.publishing.rollback import roll_back
from inference.publishing.staging import PREVIOUS, has_leftovers, read_hold
from scripts._kills import Portfolios, quiet, settings_in, state_of

Contents = Callable[[Path], dict[str, bytes]]


def served(settings: Settings) -> dict[str, str]:
    return state_of(settings.processed, settings.model)


def names(settings: Settings) -> list[str]:
    return [entry.name for entry in list_models(settings)]


def test_what_is_promoted_is_served_and_the_champion_is_kept(settings: Settings) -> None:
    before, lean = read_rows(settings, CHAMPION), read_rows(settings, "lean")
    contributions = open_contributions(settings, Manifest.load(settings.model))
    done = promote(settings, "lean", quiet)
    assert done.kept_as == f"lightgbm-{now()[:10]}"
    assert read_rows(settings, CHAMPION).equals(lean)
    assert read_rows(settings, done.kept_as).equals(before)
    assert open_model_contributions(settings, done.kept_as).frame.equals(contributions.frame)
    # All else of the predictions is as it was.
    frame = load_predictions(settings.predictions, embedded.DEFINITION).frame
    other = pl.read_parquet(settings.processed / PREVIOUS / "predictions.parquet")
    assert frame.drop("default_probability", "fold").equals(other.drop("default_probability", "fold"))
    # It is open with its own features, and explained by its own trees.
    session = ScoringSession.open_built(settings)
    assert session.manifest.choice.left_out
    assert open_contributions(settings, session.manifest).digest != contributions.digest
    entry = find_model(settings, CHAMPION)
    assert (entry.kind, entry.how, entry.is_monotone) == (ModelKind.LIGHTGBM, "out of fold", False)
    assert entry.said.startswith("Promoted from lean. LightGBM; ")
    assert names(settings) == [CHAMPION, done.kept_as]
    assert belongs_together(settings)


def test_builds_are_held_until_they_are_released(settings: Settings, portfolios: Portfolios) -> None:
    promote(settings, "lean", quiet)
    after = served(settings)
    hold = read_hold(settings)
    assert hold is not None
    assert hold.notice().startswith(f"Promoted model {after['model.onnx'][:12]} at 20")
    assert f"`python -m scripts.rollback` serves model {portfolios.later['model.onnx'][:12]} again." in hold.notice()
    assert build(settings, quiet) == ()
    settings.contributions.unlink()
    assert build(settings, quiet) == ("contributions",)
    assert served(settings) == after
    assert build(settings, quiet, release=True) == ("predictions", "contributions")
    assert served(settings) == portfolios.later
    # What was promoted is there still.
    assert "lean" in names(settings)


def test_a_rollback_undoes_it_and_can_be_undone(settings: Settings, portfolios: Portfolios) -> None:
    kept_as = promote(settings, "lean", quiet, keep_as="trees").kept_as
    promoted = served(settings)
    roll_back(settings)
    assert served(settings) == portfolios.later
    assert names(settings) == [CHAMPION, "lean"]
    forward = roll_back(settings, forward=True).hold
    assert served(settings) == promoted
    # No build makes what was promoted.
    assert forward is not None
    assert forward.notice().startswith("Promoted model")
    assert build(settings, quiet) == ()
    assert names(settings) == [CHAMPION, kept_as]


def test_back_and_forth_adds_no_copies(settings: Settings, portfolios: Portfolios) -> None:
    promote(settings, "lean", quiet, keep_as="trees")
    assert promote(settings, "trees", quiet).kept_as == "lean"
    after = served(settings)
    assert after["model.onnx"] == portfolios.later["model.onnx"]
    assert after["contributions.parquet"] == portfolios.later["contributions.parquet"]
    assert names(settings) == [CHAMPION, "lean"]
    assert sorted(path.name for path in (settings.processed / "models").iterdir()) == ["lean", "trees"]


def test_what_cannot_be_promoted_is_said_and_nothing_changes(settings: Settings, contents: Contents) -> None:
    rows = read_rows(settings, "lean")
    stale = find_model(settings, "lean").data_sha256[::-1]
    for name, digest in (("points", find_model(settings, "lean").data_sha256), ("old", stale)):
        entry = ModelEntry(name, ModelKind.SCORE, "as imported", "By hand.", digest, now())
        publish(settings, entry, {}, rows)
    before = contents(settings.processed.parent)
    for name, keep_as, said in (
        ("nobody", "", "no model called 'nobody'"),
        (CHAMPION, "", "is the one in service already"),
        ("points", "", "has to score new applications"),
        ("old", "", "was scored on other applications"),
        ("lean", "points", "There is a model called 'points' already"),
        ("lean", "a b", "cannot be a model's name"),
    ):
        with pytest.raises(InventoryError, match=said):
            promote(settings, name, quiet, keep_as=keep_as)
    assert contents(settings.processed.parent) == before


@pytest.mark.parametrize("name", ["model.onnx", "model.txt", "portfolio.toml"])
def test_damaged_files_are_not_promoted(settings: Settings, portfolios: Portfolios, name: str) -> None:
    path = folder_of_model(settings, "lean") / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(HoldError, match=r"models/lean: cannot be served \(.+\); nothing was changed\.$"):
        promote(settings, "lean", quiet)
    path.unlink()
    with pytest.raises(HoldError, match="cannot be served"):
        promote(settings, "lean", quiet)
    assert served(settings) == portfolios.later
    assert names(settings) == [CHAMPION, "lean"]


def test_a_damaged_portfolio_is_not_replaced(settings: Settings) -> None:
    with settings.predictions.open("r+b") as file:
        file.write(bytes(8))
    with pytest.raises(HoldError, match="no whole model is in service to go back to, so that nothing was changed"):
        promote(settings, "lean", quiet)
    assert has_leftovers(settings) is False
    assert not (settings.model / ENTRY).exists()


def test_an_interrupted_promotion_is_finished_by_the_next_build(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of its files has taken its place when it dies."""
    real = staging_module._put
    puts: list[Path] = []

    def put(source: Path, place: Path) -> None:
        if len(puts) == 2:
            raise KeyboardInterrupt
        puts.append(place)
        real(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(staging_module, "_put", put)
        with pytest.raises(KeyboardInterrupt):
            promote(settings, "lean", quiet, keep_as="trees")
    assert not belongs_together(settings)
    assert build(settings, quiet) == ()
    assert belongs_together(settings)
    assert not has_leftovers(settings)
    assert find_model(settings, CHAMPION).said.startswith("Promoted from lean.")
    assert names(settings) == [CHAMPION, "trees"]


def test_one_that_dies_before_it_is_ready_changes_nothing(
    settings: Settings, portfolios: Portfolios, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(staging_module.Staging, "commit", die)
        with pytest.raises(KeyboardInterrupt):
            promote(settings, "lean", quiet, keep_as="trees")
    assert served(settings) == portfolios.later
    assert read_hold(settings) is None
    # The copy of the champion is not shown beside it, and is no obstacle to trying again.
    assert names(settings) == [CHAMPION, "lean"]
    assert promote(settings, "lean", quiet, keep_as="trees").kept_as == "trees"
    assert names(settings) == [CHAMPION, "trees"]


def test_a_backup_carries_all_models_along(settings: Settings, contents: Contents, tmp_path: Path) -> None:
    promote(settings, "lean", quiet, keep_as="trees")
    archive, _ = back_up(settings, tmp_path / "all.tar")
    other = settings_in(tmp_path / "elsewhere", Portfolios.SEEDS[1])
    assert restore(other, archive).hold is not None
    assert served(other) == served(settings)
    assert contents(other.processed / "models") == contents(settings.processed / "models")
    assert build(other, quiet) == ()
    # Where a name is taken by another model, both stay.
    delete(other, "trees")
    shutil.copytree(folder_of_model(other, "lean"), folder_of_model(other, "trees"))
    restore(other, archive)
    assert contents(folder_of_model(other, "trees-2")) == contents(folder_of_model(settings, "trees"))
    assert contents(folder_of_model(other, "trees")) == contents(folder_of_model(settings, "lean"))
    assert contributions_of_model(other, "trees-2").is_file()
