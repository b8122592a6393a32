from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pytest
import skops.io
import xgboost as xgb
from catboost import CatBoostClassifier
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from data.definition.at_hand import load_definition
from data.settings import Settings
from inference.bringing.errors import BringingError, UnsaidError
from inference.bringing.importing import PICKLE_OPENED, Brought, Order, bring_model
from inference.explain.shapley import ShapleyModel
from inference.inventory.store import folder_of_model, list_models, open_model, read_scores
from inference.model.artifact import ONNX, TEXT, Manifest, read_text
from inference.model.session import ScoringSession

Matrix = NDArray[np.float32]
Target = NDArray[np.int64]
NAMES = ["income", "amount", "age", "shop"]


def bring(settings: Settings, path: Path, **said: Any) -> Brought:
    return bring_model(settings, Order(path, path.stem, **said), replaces=True)


def check_published(settings: Settings, name: str, native: NDArray[Any]) -> ScoringSession:
    """The PDs kept and those of the session are the library's own; every row is scored."""
    session = open_model(settings, name)
    applications = pl.read_parquet(settings.applications)
    kept = read_scores(settings, name).to_numpy()
    np.testing.assert_allclose(kept, native, rtol=0, atol=2e-7)
    np.testing.assert_allclose(session.score_frame(applications), kept, rtol=0, atol=1e-7)
    assert session.backend == ONNX
    return session


def check_forest(settings: Settings, name: str, matrix: Matrix, places: list[int]) -> None:
    """Contributions of the published trees add up to the published PD."""
    folder = folder_of_model(settings, name)
    model = ShapleyModel(read_text(folder, Manifest.load(folder)))
    given = np.ascontiguousarray(matrix[:, sorted(places)])
    log_odds = model.values(given).sum(axis=1) + model.base
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), read_scores(settings, name), rtol=0, atol=2e-7)


def test_lightgbm_text(loans: Settings, matrix: Matrix, target: Target, folder: Path) -> None:
    data = lgb.Dataset(matrix[:, [2, 0]], target, feature_name=["age", "income"])
    parameters = {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1}
    booster = lgb.train({**parameters, "monotone_constraints": [0, -1]}, data, 30)
    booster.save_model(folder / "light.txt")
    brought = bring(loans, folder / "light.txt")
    check_published(loans, "light", np.asarray(booster.predict(matrix[:, [2, 0]])))
    check_forest(loans, "light", matrix, [0, 2])
    entry = brought.entry
    assert (entry.kind, entry.how, entry.n_features) == ("imported", "as imported", 2)
    assert entry.is_monotone
    assert entry.can_explain
    assert "30 trees grown by LightGBM" in entry.said
    assert brought.parity.n_rows == 900
    assert brought.parity.flips == 0
    assert entry in list_models(loans)


def test_a_forest_that_does_not_keep_the_directions_does_not_claim_to(
    loans: Settings, matrix: Matrix, target: Target, folder: Path
) -> None:
    # Fitted to the amount, so that it does not rank defaults last; income may do what it likes.
    data = lgb.Dataset(matrix, np.nan_to_num(matrix[:, 1]) + matrix[:, 0] / 2 > 45, feature_name=NAMES)
    lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 5).save_model(folder / "other.txt")
    brought = bring(loans, folder / "other.txt")
    assert not brought.entry.is_monotone
    assert "directions not proven" in brought.entry.said
    assert open_model(loans, "other").manifest.directions == {}


@pytest.mark.parametrize("suffix", ["json", "ubj"])
def test_xgboost(suffix: str, loans: Settings, matrix: Matrix, target: Target, folder: Path) -> None:
    data = xgb.DMatrix(matrix, target, feature_names=NAMES)
    booster = xgb.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, data, 20)
    booster.save_model(folder / f"boosted.{suffix}")
    brought = bring(loans, folder / f"boosted.{suffix}")
    check_published(loans, "boosted", booster.predict(data))
    check_forest(loans, "boosted", matrix, [0, 1, 2, 3])
    assert any("the place of their level" in notice for notice in brought.notices)


def test_xgboost_that_stopped_early_asks_which_trees_count(
    loans: Settings, matrix: Matrix, target: Target, folder: Path
) -> None:
    model = xgb.XGBClassifier(n_estimators=60, learning_rate=1.0, early_stopping_rounds=5, n_jobs=1)
    frame = pd.DataFrame(matrix, columns=NAMES)
    model.fit(frame[::2], target[::2], eval_set=[(frame[1::2], target[1::2])], verbose=False)
    model.save_model(folder / "stopped.json")
    with pytest.raises(UnsaidError, match="say --trees best"):
        bring(loans, folder / "stopped.json")
    bring(loans, folder / "stopped.json", trees="best")
    check_published(loans, "stopped", model.predict_proba(frame)[:, 1])
    bring(loans, folder / "stopped.json", trees="all")
    check_published(loans, "stopped", model.get_booster().predict(xgb.DMatrix(frame)))


def test_catboost(loans: Settings, matrix: Matrix, target: Target, folder: Path) -> None:
    model = CatBoostClassifier(iterations=20, depth=4, verbose=0, thread_count=1, allow_writing_files=False)
    model.fit(matrix, target)
    model.save_model(str(folder / "cat.cbm"))
    with pytest.raises(UnsaidError, match="does not name its 4 columns"):
        bring(loans, folder / "cat.cbm")
    bring(loans, folder / "cat.cbm", in_order=True)
    check_published(loans, "cat", model.predict_proba(matrix)[:, 1])
    check_forest(loans, "cat", matrix, [0, 1, 2, 3])


def pipeline(target: Target, loans: Settings) -> tuple[Any, pd.DataFrame]:
    """A pipeline that takes numbers with gaps and words, and what it was trained on."""
    table = pl.read_parquet(loans.applications)
    frame = pd.DataFrame(
        {
            "shop": table["shop"].cast(pl.String).fill_null("").to_list(),
            "amount": table["amount"].to_numpy(),
            "income": table["income"].to_numpy(),
        }
    )
    encoder = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["income", "amount"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["shop"]),
        ]
    )
    return make_pipeline(encoder, LogisticRegression()).fit(frame, target), frame


def test_scikit_learn_pipeline(loans: Settings, target: Target, folder: Path) -> None:
    model, frame = pipeline(target, loans)
    skops.io.dump(model, folder / "pipe.skops")
    brought = bring(loans, folder / "pipe.skops")
    check_published(loans, "pipe", model.predict_proba(frame)[:, 1])
    assert not brought.entry.can_explain
    assert brought.entry.n_features == 3
    assert TEXT not in open_model(loans, "pipe").manifest.files


def test_scikit_learn_trees(loans: Settings, matrix: Matrix, target: Target, folder: Path) -> None:
    model = HistGradientBoostingClassifier(max_iter=10).fit(pd.DataFrame(matrix, columns=NAMES), target)
    skops.io.dump(model, folder / "hist.skops")
    bring(loans, folder / "hist.skops")
    check_published(loans, "hist", model.predict_proba(pd.DataFrame(matrix, columns=NAMES))[:, 1])


def test_onnx_of_columns_and_of_a_matrix(loans: Settings, matrix: Matrix, target: Target, folder: Path) -> None:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    model, frame = pipeline(target, loans)
    words, number = StringTensorType([None, 1]), FloatTensorType([None, 1])
    types = [("shop", words), ("amount", number), ("income", number)]
    (folder / "columns.onnx").write_bytes(to_onnx(model, initial_types=types).SerializeToString())
    bring(loans, folder / "columns.onnx")
    check_published(loans, "columns", model.predict_proba(frame)[:, 1])

    linear = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(matrix, target)
    made = to_onnx(linear, initial_types=[("x", FloatTensorType([None, 4]))], options={"zipmap": False})
    (folder / "table.onnx").write_bytes(made.SerializeToString())
    brought = bring(loans, folder / "table.onnx")
    check_published(loans, "table", linear.predict_proba(matrix)[:, 1])
    assert any("in their order, income first" in notice for notice in brought.notices)


def test_what_is_published_can_be_brought_again(loans: Settings, folder: Path) -> None:
    champion = ScoringSession.open(loans.model, load_definition(loans))
    (folder / "again.onnx").write_bytes((loans.model / ONNX).read_bytes())
    bring(loans, folder / "again.onnx")
    check_published(loans, "again", champion.score_frame(pl.read_parquet(loans.applications)))
    (folder / "text.txt").write_bytes((loans.model / TEXT).read_bytes())
    bring(loans, folder / "text.txt")
    check_published(loans, "text", champion.score_frame(pl.read_parquet(loans.applications)))


@pytest.mark.parametrize("missing", [np.nan, None], ids=["nan", "none"])
def test_a_missing_word_is_the_category_that_it_was_in_training(
    missing: float | None, loans: Settings, target: Target, folder: Path
) -> None:
    shops = pl.read_parquet(loans.applications)["shop"].cast(pl.String)
    frame = pd.DataFrame({"shop": pd.Series([missing if each is None else each for each in shops], dtype=object)})
    for name, encoder in {
        "own": OneHotEncoder(handle_unknown="ignore"),
        "filled": make_pipeline(
            SimpleImputer(strategy="constant", fill_value="b", missing_values=missing),
            OneHotEncoder(handle_unknown="ignore"),
        ),
    }.items():
        model = make_pipeline(ColumnTransformer([("words", encoder, ["shop"])]), LogisticRegression())
        skops.io.dump(model.fit(frame, target), folder / f"{name}.skops")
        bring(loans, folder / f"{name}.skops")
        check_published(loans, name, model.predict_proba(frame)[:, 1])


@pytest.mark.parametrize("is_graph", [False, True], ids=["skops", "onnx"])
def test_words_that_were_renamed_before_training_are_refused(
    is_graph: bool, loans: Settings, target: Target, folder: Path
) -> None:
    shops = pl.read_parquet(loans.applications)["shop"].cast(pl.String).fill_null("unknown")
    frame = pd.DataFrame({"shop": pd.Series(shops.to_list(), dtype=object)})
    encoder = ColumnTransformer([("words", OneHotEncoder(handle_unknown="ignore"), ["shop"])])
    model = make_pipeline(encoder, LogisticRegression()).fit(frame, target)
    path = folder / ("filled.onnx" if is_graph else "filled.skops")
    if is_graph:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import StringTensorType

        path.write_bytes(to_onnx(model, initial_types=[("shop", StringTensorType([None, 1]))]).SerializeToString())
    else:
        skops.io.dump(model, path)
    with pytest.raises(BringingError, match=r"In shop it knows unknown, .* does not know a missing value"):
        bring(loans, path)


@pytest.mark.parametrize("chosen", ["places", "slice", "tuned", "whole"])
def test_columns_of_words_are_found_however_they_are_chosen(
    chosen: str, loans: Settings, target: Target, folder: Path
) -> None:
    table = pl.read_parquet(loans.applications)
    words = pd.Series(table["shop"].cast(pl.String).fill_null("").to_list(), dtype=object)
    frame = pd.DataFrame({"shop": words, "income": table["income"].to_numpy(), "age": table["age"].to_numpy()})
    first, rest = (slice(0, 1), slice(1, 3)) if chosen == "slice" else ([0], [1, 2])
    encoder: Any = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="ignore"), first),
            # A constant number is kept as an object, as words are.
            ("numbers", SimpleImputer(strategy="constant", fill_value=-1), rest),
        ]
    )
    if chosen == "whole":
        frame, encoder = frame[["shop"]], OneHotEncoder(handle_unknown="ignore")
    model: Any = make_pipeline(encoder, LogisticRegression(max_iter=500))
    if chosen == "tuned":
        model = GridSearchCV(model, {"logisticregression__C": [1.0]}, cv=2)
    skops.io.dump(model.fit(frame, target), folder / "chosen.skops")
    bring(loans, folder / "chosen.skops")
    check_published(loans, "chosen", model.predict_proba(frame)[:, 1])


def test_forests_send_missing_values_where_scikit_learn_does(
    loans: Settings, matrix: Matrix, target: Target, folder: Path
) -> None:
    # Splits of missing from present values have an infinite threshold, which such a target makes.
    frame, outcome = pd.DataFrame(matrix, columns=NAMES), target | np.isnan(matrix[:, 1])
    model = RandomForestClassifier(5, max_depth=5, random_state=0, n_jobs=1).fit(frame, outcome)
    assert any(np.isinf(tree.tree_.threshold).any() for tree in model.estimators_)
    skops.io.dump(model, folder / "forest.skops")
    bring(loans, folder / "forest.skops")
    check_published(loans, "forest", model.predict_proba(frame)[:, 1])


def test_levels_as_numbers_are_said_of_every_kind(
    loans: Settings, matrix: Matrix, target: Target, folder: Path
) -> None:
    model = HistGradientBoostingClassifier(max_iter=2).fit(pd.DataFrame(matrix, columns=NAMES), target)
    skops.io.dump(model, folder / "places.skops")
    assert any("the place of their level" in each for each in bring(loans, folder / "places.skops").notices)


def test_what_cannot_be_scored_or_converted_was_read_all_the_same(
    loans: Settings, matrix: Matrix, target: Target, folder: Path
) -> None:
    frame, filled = pd.DataFrame(matrix, columns=NAMES), pd.DataFrame(np.nan_to_num(matrix), columns=NAMES)
    skops.io.dump(LogisticRegression().fit(filled, target), folder / "gaps.skops")
    with pytest.raises(BringingError, match=r"was read, but its library cannot score .* contains NaN; train it"):
        bring(loans, folder / "gaps.skops")
    steps = (SimpleImputer(), StandardScaler(), PolynomialFeatures(2), LogisticRegression())
    skops.io.dump(make_pipeline(*steps).fit(frame, target), folder / "poly.skops")
    with pytest.raises(
        BringingError, match=r"was read, but a pipeline .* it uses ConstantOfShape, .*; train it without"
    ):
        bring(loans, folder / "poly.skops")


def test_classes_that_trees_name_are_asked_for(loans: Settings, matrix: Matrix, target: Target, folder: Path) -> None:
    words = np.where(target == 1, "bad", "good")
    model = CatBoostClassifier(iterations=5, depth=3, verbose=0, thread_count=1, allow_writing_files=False)
    model.fit(pd.DataFrame(matrix, columns=NAMES), words).save_model(str(folder / "named.cbm"))
    with pytest.raises(UnsaidError, match="say one of --output probabilities/bad, --output probabilities/good"):
        bring(loans, folder / "named.cbm")
    bring(loans, folder / "named.cbm", output="bad")
    # Its classes are in the order of the alphabet.
    check_published(loans, "named", model.predict_proba(matrix)[:, 0])
    check_forest(loans, "named", matrix, [0, 1, 2, 3])


def test_probabilities_of_the_good_outcome_are_refused(
    loans: Settings, matrix: Matrix, target: Target, folder: Path
) -> None:
    data = lgb.Dataset(matrix, 1 - target, feature_name=NAMES)
    lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 5).save_model(folder / "good.txt")
    before = list_models(loans)
    with pytest.raises(BringingError, match="most likely probabilities of the good outcome"):
        bring(loans, folder / "good.txt")
    assert list_models(loans) == before


def test_a_class_is_no_probability(loans: Settings, folder: Path) -> None:
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("income", TensorProto.FLOAT, [None, 1])
    wanted = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    nodes = [helper.make_node("Sign", ["income"], ["y"])]
    graph = helper.make_graph(nodes, "g", [given], [wanted])
    opsets = [helper.make_opsetid("", 15)]
    (folder / "hard.onnx").write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    with pytest.raises(BringingError, match="0 or 1 for every application, a class and no probability"):
        bring(loans, folder / "hard.onnx")


def test_a_row_that_depends_on_those_beside_it_is_refused(loans: Settings, folder: Path) -> None:
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("income", TensorProto.FLOAT, [None, 1])
    wanted = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    nodes = [
        helper.make_node("ReduceMean", ["income"], ["mean"], axes=[0]),
        helper.make_node("Sub", ["mean", "income"], ["gap"]),
        helper.make_node("Sigmoid", ["gap"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "g", [given], [wanted])
    opsets = [helper.make_opsetid("", 15)]
    (folder / "mean.onnx").write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    with pytest.raises(BringingError, match="depends on the applications that are scored with it"):
        bring(loans, folder / "mean.onnx")


class Marker:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_does_not_run_unless_that_is_said(
    loans: Settings, target: Target, matrix: Matrix, folder: Path
) -> None:
    mark = folder / "ran"
    (folder / "hostile.pkl").write_bytes(pickle.dumps(Marker(mark)))
    with pytest.raises(
        BringingError, match=r"is a pickle, which runs whatever its author put into it .* --allow-pickle"
    ):
        bring(loans, folder / "hostile.pkl")
    assert not mark.exists()

    model = LogisticRegression().fit(matrix[:, [0, 2]], target)
    (folder / "linear.pkl").write_bytes(pickle.dumps(model))
    said: list[str] = []
    order = Order(folder / "linear.pkl", "linear", allow_pickle=True)
    with pytest.raises(BringingError, match="takes 2 columns without names, and the definition has 4 features"):
        bring_model(loans, order, say=said.append)
    assert PICKLE_OPENED in said


def test_an_output_that_is_no_probability_is_refused(
    loans: Settings, target: Target, matrix: Matrix, folder: Path
) -> None:
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("age", TensorProto.FLOAT, [None, 1])
    wanted = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([helper.make_node("Neg", ["age"], ["y"])], "g", [given], [wanted])
    opsets = [helper.make_opsetid("", 15)]
    (folder / "raw.onnx").write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    before = list_models(loans)
    with pytest.raises(BringingError, match=r"is no probability: -59 to -1; name another output"):
        bring(loans, folder / "raw.onnx")
    assert list_models(loans) == before
