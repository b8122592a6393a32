"""A challenger is trained on what it was told, is compared on the champion's folds, and opens like any model."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data.home_credit import embedded
from data.settings import Settings
from inference.errors import TrainingError
from inference.features.choice import ChoiceError
from inference.inventory.challenger import Order, train_challenger
from inference.inventory.entry import CHAMPION, InventoryError, ModelKind
from inference.inventory.store import find_model, folder_of_model, open_model, read_rows
from inference.model.artifact import Manifest
from inference.model.session import ScoringSession
from scripts._kills import quiet
from tests.inference.inventory.conftest import LEFT_OUT


def order(**changed: object) -> Order:
    return Order(**{"kind": ModelKind.LIGHTGBM, "name": "other", **changed})  # type: ignore[arg-type]


def test_it_does_not_see_what_was_left_out(untouched: Settings) -> None:
    manifest = Manifest.load(folder_of_model(untouched, "lean"))
    assert all(LEFT_OUT not in feature.sources for feature in manifest.features)
    assert {feature.constraint for feature in manifest.features} == {0}
    assert manifest.directions == {}
    entry = find_model(untouched, "lean")
    assert (entry.kind, entry.how, entry.is_monotone, entry.n_features) == (
        "lightgbm",
        "out of fold",
        False,
        len(manifest.features),
    )
    trees = int(manifest.metrics["trees"])
    assert entry.said.startswith(f"LightGBM; {trees} trees; trees 30; {len(manifest.features)} of ")
    assert entry.said.endswith(f" features; without {LEFT_OUT}; no direction kept.")


def test_it_is_compared_on_the_champions_folds(untouched: Settings) -> None:
    ours, theirs = read_rows(untouched, "lean"), read_rows(untouched, CHAMPION)
    assert ours["fold"].equals(theirs["fold"])
    outcomes = pl.read_parquet(untouched.predictions)["is_default"].to_numpy()
    manifest = Manifest.load(folder_of_model(untouched, "lean"))
    measured = roc_auc_score(outcomes, ours["default_probability"].to_numpy())
    assert manifest.metrics["oof_auc"] == pytest.approx(measured, abs=1e-6)


def test_it_opens_with_the_portfolios_definition_and_scores_as_its_trees_do(untouched: Settings) -> None:
    import lightgbm as lgb

    folder = folder_of_model(untouched, "lean")
    session = ScoringSession.open(folder, embedded.DEFINITION)
    assert session.definition == embedded.DEFINITION
    applications = pl.read_parquet(untouched.applications)
    found = open_model(untouched, "lean").score_frame(applications)
    native = lgb.Booster(model_str=(folder / "model.txt").read_text()).predict(session.features.matrix(applications))
    assert np.abs(found - native).max() < 1e-6
    # What it does not see changes nothing.
    one = applications.drop(embedded.TARGET, embedded.ID).row(0, named=True)
    assert session.score(one) == session.score({**one, LEFT_OUT: None})


def test_orders_that_cannot_be_met_are_said_and_publish_nothing(untouched: Settings) -> None:
    for bad, error, said in (
        (order(name="lean"), InventoryError, "already"),
        (order(name="no/name"), InventoryError, "cannot be a model's name"),
        (order(leave_out=("SHOE_SIZE",)), ChoiceError, "'SHOE_SIZE': no feature of the definition is made of that"),
        (order(only=(LEFT_OUT,), leave_out=(LEFT_OUT,)), ChoiceError, "No feature is left"),
        (order(), InventoryError, "'other' would be the champion over again; nothing was published"),
        # Found out when it is made.
        (order(given={"threads": "1"}), InventoryError, "would be the champion over again"),
        (order(given={"leafs": "3"}), TrainingError, "There is no setting 'leafs'; there are trees, leaves"),
        (order(given={"leaves": "many"}), TrainingError, "leaves is 'many'; it has to be a whole number"),
        (order(given={"leaves": "1"}), TrainingError, "leaves is 1; it has to be from 2 to 1024"),
    ):
        with pytest.raises(error, match=said):
            train_challenger(untouched, bad, quiet)
    assert not folder_of_model(untouched, "other").exists()
