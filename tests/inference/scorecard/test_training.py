from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data.home_credit import embedded
from inference.errors import TrainingError
from inference.explain.shapley import ShapleyModel
from inference.features.choice import FeatureChoice
from inference.features.definition_features import feature_set
from inference.features.encoding import FeatureSet
from inference.model.decision import DEFAULT_CUTOFF
from inference.model.export import export_onnx
from inference.model.parity import check_parity
from inference.model.session import OnnxBackend
from inference.model.training import assign_folds
from inference.scorecard.settings import ScorecardSettings
from inference.scorecard.training import TrainedScorecard, train_scorecard
from scripts.study_scorecard import reference_probabilities


def test_the_forest_is_optbinning_and_scikit_learn_on_every_row(
    trained: TrainedScorecard, applications: pl.DataFrame
) -> None:
    matrix = trained.features.matrix(applications)
    target = applications[embedded.TARGET].to_numpy().astype(np.uint8)
    native = np.asarray(trained.booster.predict(matrix))
    assert trained.trees >= 4
    assert native == pytest.approx(reference_probabilities(trained, matrix, target), abs=2e-6)


def test_it_is_exported_and_explained_like_any_forest(trained: TrainedScorecard, applications: pl.DataFrame) -> None:
    features = trained.features
    unknown = applications[:3].with_columns(pl.lit("Somewhere new").alias("ORGANIZATION_TYPE"))
    matrix = np.concatenate([features.matrix(applications), features.matrix(unknown), features.row({})])
    native = np.asarray(trained.booster.predict(matrix))
    exported = OnnxBackend(export_onnx(trained.booster, len(features.names), {})).predict(matrix)
    assert check_parity(native, exported, DEFAULT_CUTOFF).flips == 0
    # What a feature adds is its bin's log-odds less their mean; an indicator shares that with its column.
    model = ShapleyModel(trained.text)
    values = model.values(matrix[:3_000])
    card, column = trained.card, {name: place for place, name in enumerate(features.names)}
    for each in card.characteristics:
        mean = sum(line.log_odds * line.n for line in each.bins) / card.n
        places = [column[name] for name in {each.feature, *(line.indicator for line in each.bins)} if name]
        own = [
            next(line for found, line in card.lines(features, row) if found.feature == each.feature).log_odds
            for row in matrix[:200]
        ]
        # Leaves that no training row reached count as one row.
        assert values[:200, places].sum(axis=1) == pytest.approx(np.array(own) - mean, abs=1e-3)
    assert model.base + values.sum(axis=1) == pytest.approx(
        trained.booster.predict(matrix[:3_000], raw_score=True), abs=1e-9
    )


def test_each_fold_is_predicted_by_a_scorecard_that_did_not_see_it(
    applications: pl.DataFrame, few_features: FeatureSet
) -> None:
    """Of levels alone: numbers are cut into cells on all rows, so that a table of some of them may be cut otherwise."""
    levels = FeatureSet(
        few_features.definition,
        (f for f in few_features.features if f.name in {"ORGANIZATION_TYPE", "NAME_CONTRACT_TYPE", "FLAG_PHONE"}),
    )
    settings = ScorecardSettings(least_iv=0.0, least_rows=20, folds=3, threads=1)
    trained = train_scorecard(applications, levels, seed=5, settings=settings)
    target = applications[embedded.TARGET].to_numpy().astype(np.uint8)
    assert np.array_equal(trained.folds, assign_folds(target, 3, 5))
    held_out = pl.Series(trained.folds == 1)
    alone = train_scorecard(applications.filter(~held_out), levels, seed=1, settings=settings)
    expected = np.asarray(alone.booster.predict(alone.features.matrix(applications.filter(held_out))))
    assert trained.probabilities[trained.folds == 1] == pytest.approx(expected, abs=1e-6)


def test_its_quality_is_that_of_the_held_out_rows(trained: TrainedScorecard, applications: pl.DataFrame) -> None:
    whole = np.asarray(trained.booster.predict(trained.features.matrix(applications)))
    target = applications[embedded.TARGET].to_numpy()
    assert roc_auc_score(target, whole) > trained.quality.roc_auc > 0.6
    assert trained.quality.mean_probability == pytest.approx(target.mean(), abs=0.01)


def test_its_features_are_those_that_the_card_asks(
    applications: pl.DataFrame, few_features: FeatureSet, card_settings: ScorecardSettings
) -> None:
    """They are what a manifest says that leaves the others out."""
    trained = train_scorecard(applications, few_features, seed=5, settings=replace(card_settings, least_iv=0.05))
    assert set(trained.features.names) | set(trained.unused) == set(few_features.names)
    assert len(trained.unused) >= 3
    given = [name for name in feature_set(embedded.DEFINITION).names if name not in few_features.names]
    choice = FeatureChoice((*given, *trained.unused))
    assert feature_set(embedded.DEFINITION, choice).digest == trained.features.digest
    assert trained.trees == len(trained.card.characteristics) == trained.booster.num_trees()


def test_too_few_outcomes_are_refused(applications: pl.DataFrame, few_features: FeatureSet) -> None:
    with pytest.raises(TrainingError, match="are needed for 5 folds"):
        train_scorecard(applications[:20], few_features, seed=1)


def test_ctrl_c_is_pythons_again_once_the_bins_are_solved(trained: TrainedScorecard) -> None:
    assert trained.trees
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
