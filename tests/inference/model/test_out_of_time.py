from __future__ import annotations

from datetime import date

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from inference.model.out_of_time import measure_out_of_time, split_in_time
from inference.model.training_settings import TrainingSettings


def test_the_latest_periods_that_hold_a_fifth_are_kept_back_whole() -> None:
    # A fifth of ten rows are two: the last quarter has one row, so that the quarter before it is needed whole.
    quarters = pl.Series("q", ["2023-Q1"] * 4 + ["2023-Q2"] * 2 + ["2023-Q3"] * 3 + ["2023-Q4"])
    split = split_in_time(quarters)
    assert split is not None
    assert split.first_later == "2023-Q3"
    assert split.is_later.tolist() == [False] * 6 + [True] * 4


def test_the_earliest_date_is_never_kept_back_and_one_date_is_no_split() -> None:
    days = pl.Series("d", [date(2024, 1, 2)] * 9 + [date(2024, 1, 3)])
    split = split_in_time(days)
    assert split is not None
    assert (split.first_later, int(split.is_later.sum())) == ("2024-01-03", 1)
    assert split_in_time(pl.Series("d", [date(2024, 1, 2)] * 3 + [None])) is None


def test_rows_without_a_date_are_trained_on() -> None:
    split = split_in_time(pl.Series("d", [None, "2024-01", "2024-02", None, "2024-02"]))
    assert split is not None
    assert split.is_later.tolist() == [False, False, True, False, True]


def test_later_rows_are_judged_by_a_model_of_the_earlier_ones_alone(small_settings: TrainingSettings) -> None:
    random = np.random.default_rng(3)
    matrix = random.integers(0, 9, (3_000, 4)).astype(np.float32)
    target = (random.random(3_000) < 0.1 + 0.08 * matrix[:, 1]).astype(np.uint8)
    split = split_in_time(pl.Series("year", np.repeat([2021, 2022, 2023], 1_000)))
    assert split is not None
    found = measure_out_of_time(matrix, target, split, small_settings, seed=1)
    assert found is not None
    assert (found.n_earlier, found.quality.n_rows, found.first_later) == (2_000, 1_000, "2023")
    parameters = small_settings.parameters(1)
    seen = lgb.Dataset(matrix[:2_000], target[:2_000], params=parameters)
    reference = lgb.train(parameters, seen, found.trees)
    assert found.quality.roc_auc == pytest.approx(roc_auc_score(target[2_000:], reference.predict(matrix[2_000:])))


def test_too_few_outcomes_in_a_part_are_not_measured(small_settings: TrainingSettings) -> None:
    target = np.array([0, 1] * 20 + [0] * 18 + [1] * 2, dtype=np.uint8)
    split = split_in_time(pl.Series("year", [2021] * 40 + [2022] * 20))
    assert split is not None
    assert measure_out_of_time(np.zeros((60, 1), np.float32), target, split, small_settings, seed=1) is None
