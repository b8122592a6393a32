from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import asdict, replace

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from data.home_credit import embedded
from inference.errors import TrainingError
from inference.model.measures import quality
from inference.model.training import assign_folds, check_enough, out_of_fold, outcomes, round_leaves, train
from inference.model.training_settings import TrainingSettings
from scripts._embedded import FEATURES


def test_folds_are_stratified_and_cover_every_row() -> None:
    target = np.array([1] * 7 + [0] * 23, dtype=np.uint8)
    folds = assign_folds(target, 5, seed=3)
    assert sorted(np.bincount(folds[target == 1])) == [1, 1, 1, 2, 2]
    assert sorted(np.bincount(folds[target == 0])) == [4, 4, 5, 5, 5]


def test_folds_follow_the_seed() -> None:
    target = np.arange(100, dtype=np.uint8) % 2
    assert (assign_folds(target, 5, seed=1) == assign_folds(target, 5, seed=1)).all()
    assert (assign_folds(target, 5, seed=1) != assign_folds(target, 5, seed=2)).any()


def test_too_few_defaults_for_the_folds_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"6 repaid and 4 defaulted .* at least 5 of each"):
        assign_folds(np.array([0] * 6 + [1] * 4, dtype=np.uint8), 5, seed=0)


def test_rows_without_an_outcome_are_left_out(applications: pl.DataFrame) -> None:
    some = applications.with_columns(pl.when(pl.col(embedded.ID) > 100_003).then(pl.col(embedded.TARGET)))
    np.testing.assert_array_equal(outcomes(some, embedded.DEFINITION), applications[embedded.TARGET].to_numpy()[3:])


def test_a_table_without_an_outcome_is_refused(applications: pl.DataFrame) -> None:
    with pytest.raises(TrainingError, match="has no outcome to learn from"):
        outcomes(applications.drop(embedded.TARGET), embedded.DEFINITION)


def test_fewer_than_five_of_an_outcome_a_fold_are_refused() -> None:
    check_enough(np.array([1] * 15 + [0] * 15, dtype=np.uint8), 3)
    with pytest.raises(TrainingError, match="16 repaid and 14 defaulted applications; at least 15 of each"):
        check_enough(np.array([1] * 14 + [0] * 16, dtype=np.uint8), 3)


def test_no_row_is_judged_by_a_model_that_saw_it(small_settings: TrainingSettings) -> None:
    # Noise can be learnt by heart but not predicted: seen rows would be told apart, held-out ones are not.
    random = np.random.default_rng(5)
    matrix = random.random((4_000, 8), dtype=np.float32)
    target = (random.random(4_000) < 0.3).astype(np.uint8)
    folds = assign_folds(target, small_settings.folds, seed=1)
    held_out = out_of_fold(matrix, target, folds, small_settings, seed=1)
    seen = lgb.train(small_settings.parameters(1), lgb.Dataset(matrix, target), small_settings.trees)
    assert quality(target, np.asarray(seen.predict(matrix))).roc_auc > 0.65
    assert abs(quality(target, held_out.probabilities).roc_auc - 0.5) < 0.03
    # Nothing is to be learnt, so that few trees do least harm.
    assert held_out.trees < 10


def test_the_keyboard_stops_all_folds_after_the_tree_at_hand(small_settings: TrainingSettings) -> None:
    random = np.random.default_rng(5)
    matrix = random.random((4_000, 8), dtype=np.float32)
    target = (random.random(4_000) < 0.3).astype(np.uint8)
    settings = replace(small_settings, threads=2, fixed_trees=20_000)
    seen: list[object] = []

    def press(environment: object) -> None:
        seen.append(environment)
        if len(seen) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        out_of_fold(matrix, target, assign_folds(target, 3, seed=1), settings, seed=1, report=press)
    assert len(seen) < 20_000


def test_out_of_fold_equals_a_model_trained_on_the_other_rows_alone(small_settings: TrainingSettings) -> None:
    # Features of few values bin alike whichever rows are seen, so that the reference may bin for itself.
    random = np.random.default_rng(6)
    matrix = random.integers(0, 12, (3_000, 5)).astype(np.float32)
    target = (random.random(3_000) < 0.1 + 0.05 * matrix[:, 0]).astype(np.uint8)
    folds = assign_folds(target, small_settings.folds, seed=1)
    found = out_of_fold(matrix, target, folds, small_settings, seed=1)
    for fold in range(small_settings.folds):
        rows = folds == fold
        parameters = small_settings.parameters(1)
        seen, trees = lgb.Dataset(matrix[~rows], target[~rows], params=parameters), found.trees_by_fold[fold]
        reference = lgb.train(parameters, seen, trees)
        np.testing.assert_allclose(found.probabilities[rows], reference.predict(matrix[rows]), rtol=1e-12)
    assert found.trees == round(np.mean(found.trees_by_fold))


def test_rows_that_are_measured_do_not_choose_the_number_of_trees(small_settings: TrainingSettings) -> None:
    random = np.random.default_rng(8)
    matrix = random.random((3_000, 5), dtype=np.float32)
    target = (random.random(3_000) < 0.1 + 0.6 * matrix[:, 0]).astype(np.uint8)
    folds = assign_folds(target, small_settings.folds, seed=1)
    held_out = folds == 0
    # The outcomes of the first fold turned round: its own model must not know.
    other = np.where(held_out, 1 - target, target)
    before, after = (out_of_fold(matrix, y, folds, small_settings, seed=1) for y in (target, other))
    assert before.trees_by_fold[0] == after.trees_by_fold[0]
    np.testing.assert_array_equal(before.probabilities[held_out], after.probabilities[held_out])
    assert (before.probabilities[~held_out] != after.probabilities[~held_out]).all()


def test_a_definition_may_fix_the_number_of_trees(small_settings: TrainingSettings) -> None:
    random = np.random.default_rng(9)
    matrix = random.random((1_000, 3), dtype=np.float32)
    target = (random.random(1_000) < matrix[:, 0]).astype(np.uint8)
    folds = assign_folds(target, small_settings.folds, seed=1)
    found = out_of_fold(matrix, target, folds, replace(small_settings, fixed_trees=7), seed=1)
    assert found.trees_by_fold == (7,) * small_settings.folds
    assert found.trees == 7


def test_training_is_deterministic_and_follows_the_seed(
    applications: pl.DataFrame, small_settings: TrainingSettings
) -> None:
    first, second, other = (train(applications, FEATURES, seed=seed, settings=small_settings) for seed in (1, 1, 2))
    assert first.booster.model_to_string() == second.booster.model_to_string()
    assert (first.probabilities == second.probabilities).all()
    assert first.booster.model_to_string() != other.booster.model_to_string()


def test_trained_model_carries_what_was_measured(applications: pl.DataFrame, small_settings: TrainingSettings) -> None:
    calls: list[tuple[int, int]] = []
    model = train(applications, FEATURES, seed=1, settings=small_settings, progress=lambda *call: calls.append(call))
    target = outcomes(applications, embedded.DEFINITION)
    assert model.quality.default_rate == target.mean()
    assert model.quality.mean_probability == pytest.approx(target.mean(), rel=0.03)
    # The outcome was drawn from two scores that the model is given: it must find them.
    assert model.quality.roc_auc > 0.65
    assert model.booster.num_trees() == model.trees <= small_settings.trees
    assert list(model.booster.feature_name()) == list(model.features.names)
    done, total = zip(*calls, strict=True)
    assert list(done) == sorted(done)
    assert done[-1] <= total[-1]


def test_log_loss_without_class_weights() -> None:
    parameters = TrainingSettings().parameters(0)
    assert parameters["objective"] == "binary"
    assert {"scale_pos_weight", "is_unbalance", "class_weight"}.isdisjoint(parameters)
    assert set(asdict(TrainingSettings())) >= {"trees", "leaves", "learning_rate"}


def test_rounded_leaves_add_up_in_float32_in_any_order(
    make_table: Callable[..., pl.DataFrame], small_settings: TrainingSettings
) -> None:
    model = train(make_table(2_000, seed=1), FEATURES, seed=1, settings=small_settings)
    leaves = [
        [model.booster.get_leaf_output(tree["tree_index"], leaf) for leaf in range(tree["num_leaves"])]
        for tree in model.booster.dump_model()["tree_info"]
    ]
    random = np.random.default_rng(0)
    for _ in range(200):
        path = np.array([random.choice(values) for values in leaves])
        shuffled = random.permutation(path).astype(np.float32)
        assert np.cumsum(shuffled, dtype=np.float32)[-1] == path.sum()


def test_rounding_leaves_moves_no_probability_by_more_than_the_grid() -> None:
    random = np.random.default_rng(0)
    matrix = random.random((2_000, 4), dtype=np.float32)
    target = (random.random(2_000) < matrix[:, 0]).astype(np.uint8)
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, lgb.Dataset(matrix, target), 50)
    before = np.asarray(booster.predict(matrix))
    round_leaves(booster)
    after = np.asarray(booster.predict(matrix))
    assert 0 < np.abs(after - before).max() < 1e-5


def test_a_model_that_learnt_nothing_stays_as_it_is() -> None:
    matrix = np.zeros((60, 2), dtype=np.float32)
    target = np.arange(60) % 2
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, lgb.Dataset(matrix, target), 3)
    round_leaves(booster)
    np.testing.assert_array_equal(booster.predict(matrix), np.full(60, 0.5))
