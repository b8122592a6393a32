from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import skops.io
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from inference.bringing.errors import BringingError, UnsaidError
from inference.bringing.scikit import SklearnModel, class_of_default, open_skops


def words_model() -> Any:
    frame = pd.DataFrame({"income": [1.0, 2.0, 3.0, 4.0], "shop": ["a", "b", "a", "b"]})
    encoder = ColumnTransformer(
        [("numbers", StandardScaler(), ["income"]), ("words", OneHotEncoder(handle_unknown="ignore"), ["shop"])]
    )
    return make_pipeline(encoder, LogisticRegression()).fit(frame, [0, 1, 1, 1])


def run(values: NDArray[Any]) -> NDArray[Any]:
    """What a file must not be able to name."""
    return values


def test_types_of_scikit_learn_are_opened(folder: Path) -> None:
    trees = HistGradientBoostingClassifier(max_iter=2).fit(np.arange(60).reshape(-1, 1), np.arange(60) % 2)
    skops.io.dump(trees, folder / "model.skops")
    assert type(open_skops(folder / "model.skops")) is HistGradientBoostingClassifier


@pytest.mark.parametrize("function", [run, np.save, eval], ids=["own", "numpy", "builtin"])
def test_functions_are_named_and_refused(function: Any, folder: Path) -> None:
    model = make_pipeline(FunctionTransformer(function), LogisticRegression())
    skops.io.dump(model, folder / "model.skops")
    with pytest.raises(BringingError, match=rf"names .*{function.__name__}.*it was not opened"):
        open_skops(folder / "model.skops")


def test_columns_of_words_are_told_by_their_encoder() -> None:
    model = SklearnModel(words_model())
    assert model.columns == ("income", "shop")
    assert model.width == 2
    model.check_levels({"income": False, "shop": True})
    with pytest.raises(BringingError, match="takes words in shop, which hold numbers here"):
        model.check_levels({"income": False, "shop": False})


def test_predictions_are_those_of_the_words() -> None:
    fitted = words_model()
    matrix = np.array([[2.5, 1], [1.0, 0], [1.0, np.nan]], dtype=np.float32)
    found = SklearnModel(fitted).predict(matrix, {1: ("a", "b")})
    frame = pd.DataFrame({"income": [2.5, 1.0, 1.0], "shop": ["b", "a", "neither"]})
    np.testing.assert_allclose(found, fitted.predict_proba(frame), rtol=0, atol=1e-12)


def test_what_gives_no_probability_of_two_classes_is_refused() -> None:
    values = np.arange(6.0).reshape(-1, 1)
    with pytest.raises(BringingError, match="LinearRegression gives no probabilities"):
        SklearnModel(LinearRegression().fit(values, values[:, 0]))
    with pytest.raises(BringingError, match="tells 3 classes apart"):
        SklearnModel(LogisticRegression().fit(values, [0, 1, 2, 0, 1, 2]))


def test_the_class_of_a_default_is_one_or_named() -> None:
    assert class_of_default(["0", "1"], "") == 1
    assert class_of_default(["False", "True"], "") == 1
    assert class_of_default(["bad", "good"], "probabilities/bad") == 0
    with pytest.raises(UnsaidError, match="say one of --output probabilities/bad, --output probabilities/good"):
        class_of_default(["bad", "good"], "")
    # German loans, for one, count 1 for paid and 2 for bad.
    with pytest.raises(UnsaidError, match="say one of --output probabilities/1, --output probabilities/2"):
        class_of_default(["1", "2"], "")
    assert class_of_default(["1", "2"], "2") == 1


def test_words_in_columns_without_names_are_refused() -> None:
    words = np.array([["a"], ["b"], ["a"], ["b"]], dtype=object)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(words, [0, 1, 1, 1])
    with pytest.raises(BringingError, match="takes words in columns without names"):
        SklearnModel(model)
