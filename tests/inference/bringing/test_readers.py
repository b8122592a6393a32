from __future__ import annotations

import pickle
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.typing import NDArray

from inference.bringing.errors import BringingError
from inference.bringing.forest import Forest
from inference.bringing.kinds import FileKind
from inference.bringing.readers import FOREST, Asked, Plan, open_reader

Matrix = NDArray[np.float32]
Target = NDArray[np.int64]


def test_a_pickled_booster_is_read_as_its_own_library_s_model(matrix: Matrix, target: Target, folder: Path) -> None:
    model = xgb.XGBClassifier(n_estimators=3, n_jobs=1).fit(matrix, target)
    (folder / "model").write_bytes(pickle.dumps(model))
    reader = open_reader(folder / "model", Asked(FileKind.PICKLE))
    assert (reader.facts.library, reader.facts.columns, reader.facts.width) == ("XGBoost", (), 4)
    native = reader.finish(Plan((0, 1, 2, 3), 4), matrix, folder)
    np.testing.assert_allclose(native, model.predict_proba(matrix)[:, 1], rtol=0, atol=1e-7)


def test_columns_of_the_file_are_put_in_their_places(matrix: Matrix, target: Target, folder: Path) -> None:
    data = lgb.Dataset(matrix[:, [3, 0]], target, feature_name=["shop", "income"])
    lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 3).save_model(folder / "model")
    reader = open_reader(folder / "model", Asked(FileKind.LIGHTGBM))
    assert reader.facts.columns == ("shop", "income")
    # The other way round they are asked for where the plan says.
    reader.finish(Plan((3, 0), 4), matrix, folder)
    asked = {int(at) for tree in Forest.load(folder / FOREST).trees for at in tree.feature}
    assert asked == {0, 3}


def test_names_that_a_library_makes_up_are_none(matrix: Matrix, target: Target, folder: Path) -> None:
    lgb.train({"objective": "binary", "verbose": -1}, lgb.Dataset(matrix, target), 2).save_model(folder / "model")
    assert open_reader(folder / "model", Asked(FileKind.LIGHTGBM)).facts.columns == ()


def test_categories_of_xgboost_are_refused_before_anything_else(matrix: Matrix, target: Target, folder: Path) -> None:
    data = xgb.DMatrix(matrix, target, feature_types=["q", "q", "q", "c"], enable_categorical=True)
    xgb.train({"objective": "binary:logistic"}, data, 2).save_model(folder / "model.json")
    (folder / "model.json").rename(folder / "model")
    with pytest.raises(BringingError, match="columns are categories to it"):
        open_reader(folder / "model", Asked(FileKind.XGBOOST))
