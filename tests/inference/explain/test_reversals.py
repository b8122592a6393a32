from __future__ import annotations

from dataclasses import replace

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from data.home_credit import embedded
from inference.explain.reversals import count_reversals
from inference.features.encoding import FeatureSet
from inference.model.artifact import ONNX
from inference.model.build import PublishedModel
from inference.model.export import export_onnx
from inference.model.session import OnnxBackend, ScoringSession
from inference.model.training import train
from inference.model.training_settings import TrainingSettings
from scripts._embedded import DIRECTIONS, FEATURES


def test_no_directed_field_moves_the_pd_the_wrong_way(applications: pl.DataFrame, published: PublishedModel) -> None:
    session = ScoringSession.open(published.directory, embedded.DEFINITION)
    found = count_reversals(applications.head(300), session, points=20)
    assert [each.field for each in found] == list(DIRECTIONS)
    assert all(each.n_applicants == 300 and each.n_moves == 300 * (each.n_values - 1) for each in found)
    assert [(each.field, each.n_reversed, each.largest) for each in found if each.n_reversed] == []
    assert session.backend == ONNX


# LightGBM's third method, "advanced", leaves reversals on just this table.
@pytest.mark.parametrize("method", ["basic", "intermediate"])
def test_directions_are_kept_where_the_data_ask_for_the_opposite(
    applications: pl.DataFrame, small_settings: TrainingSettings, method: str, published: PublishedModel
) -> None:
    # Outcomes turned round: the better the scores, the more defaults.
    turned = applications.with_columns(1 - pl.col("TARGET"))
    settings = replace(small_settings, monotone_method=method)
    for features, is_kept in ((FEATURES, True), (FeatureSet(embedded.DEFINITION, FEATURES.features), False)):
        model = train(turned, features, seed=3, settings=settings)
        backend = OnnxBackend(export_onnx(model.booster, len(features.names), {}))
        session = ScoringSession(backend, published.manifest, FEATURES)
        n_reversed = sum(each.n_reversed for each in count_reversals(turned.head(100), session, points=10))
        assert (n_reversed == 0) is is_kept


def test_a_step_the_wrong_way_is_counted_and_measured(applications: pl.DataFrame, published: PublishedModel) -> None:
    features = FeatureSet(
        embedded.DEFINITION, [f for f in FEATURES.features if f.name == "AMT_INCOME_TOTAL"], {"AMT_INCOME_TOTAL": -1}
    )
    grown = lgb.train(
        {"objective": "binary", "verbosity": -1, "min_child_samples": 1, "num_leaves": 2, "learning_rate": 1.0},
        lgb.Dataset(np.array([[1.0], [2.0], [1e9 - 1], [1e9]] * 50), np.array([0, 0, 1, 0] * 50)),
        1,
    )
    session = ScoringSession(OnnxBackend(export_onnx(grown, 1, {})), published.manifest, features)
    (found,) = count_reversals(applications.head(7), session, points=5)
    # One step of the grid crosses the only split, for each of the seven.
    low, high = (float(grown.predict([[income]])[0]) for income in (1.0, 1e9))
    assert (found.n_reversed, found.n_with_reversal) == (7, 7)
    assert found.largest == pytest.approx(high - low, abs=1e-7)
