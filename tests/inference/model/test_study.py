from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from data.home_credit import embedded
from inference.model.study import compare_settings, measure_added_columns
from inference.model.training_settings import TrainingSettings


def test_settings_are_compared_on_quality_time_and_size(
    applications: pl.DataFrame, small_settings: TrainingSettings
) -> None:
    small, large = replace(small_settings, trees=3, leaves=4), replace(small_settings, trees=30, leaves=16)
    results = compare_settings(applications, embedded.DEFINITION, seed=1, candidates=(small, large))
    assert [result.settings for result in results] == [small, large]
    assert results[0].onnx_bytes < results[1].onnx_bytes
    assert all(0.5 < result.roc_auc < 1 and result.row_us > 0 for result in results)


def test_cost_of_protected_attributes_is_found_where_there_is_one(
    applications: pl.DataFrame, small_settings: TrainingSettings
) -> None:
    random = np.random.default_rng(1)
    chance = np.where(applications["CODE_GENDER"].cast(pl.String) == "M", 0.5, 0.1)
    outcome = pl.Series("TARGET", random.random(applications.height) < chance).cast(pl.Int8)
    found = measure_added_columns(
        applications.with_columns(outcome),
        embedded.DEFINITION,
        embedded.DEFINITION.protected,
        seeds=(1, 2),
        settings=small_settings,
    )
    assert found.columns == ("CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS")
    assert found.seeds == (1, 2)
    # Nothing else tells the outcome: without gender it is a coin, with it two groups are apart.
    assert all(abs(auc - 0.5) < 0.05 for auc in found.auc_without)
    assert found.mean_cost > 0.1
