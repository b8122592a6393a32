"""Each kind of model file read by the library that wrote it: what it takes, what it becomes, and what it says itself.

This runs in a process of its own (`inference.bringing.child`): the files are strangers', and these libraries were not
made to read such.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from inference.bringing import adapting, scikit, trees
from inference.bringing.errors import BringingError, UnsaidError
from inference.bringing.forest import Forest
from inference.bringing.graphs import check_graph, read_graph
from inference.bringing.kinds import FileKind

Matrix = NDArray[np.float32]
Predict = Callable[[Matrix], NDArray[Any]]

CHUNK_ROWS = 32_768
THREADS = 2
FOREST, GRAPH = "forest.npz", "model.onnx"
_LOOK_ROWS = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command says of the file."""

    kind: FileKind
    output: str = ""
    trees: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file turned out to be.

    `columns` are the names of what the model takes, none where the file says none; `width` is how many it takes, None
    where it takes any number of them. Those in `words` take words, not the places of levels.
    """

    library: str
    said: str
    columns: tuple[str, ...]
    width: int | None
    notices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the model's columns are in the feature matrix, and the levels of those that are categories, by place."""

    places: tuple[int, ...]
    n_features: int
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def by_place(self) -> dict[int, tuple[str, ...]]:
        return {int(place): levels for place, levels in self.levels.items()}


class Reader(Protocol):
    """A model file that was opened."""

    facts: Facts

    def finish(self, plan: Plan, matrix: Matrix, folder: Path) -> NDArray[np.float64]:
        """Write what the model becomes into `folder`, and return its own PDs of the rows of the feature matrix."""


def open_reader(path: Path, asked: Asked) -> Reader:
    """The model at `path`, which is of the kind that is asked for.

    Raises:
        BringingError: it is refused.
        Exception: what its library raises of a file that is no model.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reader = _opened(path, asked)
    versions = dict.fromkeys(
        str(each.message).split("This might")[0].strip()
        for each in caught
        if type(each.message).__name__ == "InconsistentVersionWarning"
    )
    reader.facts = replace(reader.facts, notices=(*reader.facts.notices, *list(versions)[:1]))
    return reader


def _opened(path: Path, asked: Asked) -> Reader:
    match asked.kind:
        case FileKind.LIGHTGBM:
            import lightgbm as lgb

            return _of_lightgbm(lgb.Booster(model_str=path.read_text(encoding="utf-8")))
        case FileKind.XGBOOST:
            import xgboost as xgb

            booster = xgb.Booster({"nthread": THREADS})
            booster.load_model(bytearray(path.read_bytes()))
            return _of_xgboost(booster, asked)
        case FileKind.CATBOOST:
            from catboost import CatBoost

            return _of_catboost(CatBoost().load_model(str(path), format="cbm"), path.parent, asked)
        case FileKind.SKOPS:
            return SklearnReader(scikit.open_skops(path), asked)
        case FileKind.PICKLE:
            import joblib

            return _of_object(joblib.load(path), asked, path.parent)
    return GraphReader(path.read_bytes(), asked)


def _of_object(model: Any, asked: Asked, folder: Path) -> Reader:
    """What was unpickled: a model of one of the libraries, or a scikit-learn estimator."""
    match type(model).__module__.split(".")[0]:
        case "lightgbm":
            return _of_lightgbm(getattr(model, "booster_", model), _default_of(getattr(model, "classes_", ()), asked))
        case "xgboost":
            return _of_xgboost(model.get_booster() if hasattr(model, "get_booster") else model, asked)
        case "catboost":
            return _of_catboost(model, folder, asked)
    return SklearnReader(model, asked)


def _default_of(classes: Any, asked: Asked) -> int:
    """Which of the classes that a model of trees names is the default; the second where it names none."""
    return scikit.class_of_default([str(each) for each in classes], asked.output) if len(classes) == 2 else 1


class ForestReader:
    """Trees, and the library that they are compared with.

    `predict` gives the probability of the second of two classes; `default` is the place of the one that is a default.
    """

    def __init__(self, facts: Facts, forest: Forest, predict: Predict, default: int = 1) -> None:
        forest.check(facts.width or 0)
        self.facts, self._forest, self._predict = facts, forest if default else forest.negated(), predict
        self._is_second = bool(default)

    def finish(self, plan: Plan, matrix: Matrix, folder: Path) -> NDArray[np.float64]:
        self._forest.placed(plan.places).save(folder / FOREST)
        second = _by_chunks(matrix, lambda part: self._predict(np.ascontiguousarray(part[:, list(plan.places)])))
        return second if self._is_second else 1 - second


def _of_lightgbm(booster: Any, default: int = 1) -> Reader:
    forest = trees.from_lightgbm(booster.model_to_string())
    names = tuple(booster.feature_name())
    return ForestReader(
        _facts("LightGBM", len(forest.trees), names, r"Column_\d+"),
        forest,
        lambda part: booster.predict(part, num_threads=THREADS),
        default,
    )


def _of_xgboost(booster: Any, asked: Asked) -> Reader:
    import xgboost as xgb

    if "c" in (booster.feature_types or ()):
        raise BringingError.from_trees("some columns are categories to it; encode them before training")
    n_rounds = _rounds(booster, asked.trees)
    forest = trees.from_xgboost(orjson.loads(bytes(booster.save_raw("json"))), n_rounds)
    names = booster.feature_names
    facts = Facts("XGBoost", _said("XGBoost", len(forest.trees) - 1), tuple(names or ()), booster.num_features())
    return ForestReader(
        facts,
        forest,
        lambda part: booster.predict(
            xgb.DMatrix(part, nthread=THREADS), validate_features=False, iteration_range=(0, n_rounds or 0)
        ),
    )


def _rounds(booster: Any, wanted: str) -> int | None:
    """How many rounds count where training was stopped early and went on a while after the best one."""
    best, rounds = booster.attr("best_iteration"), booster.num_boosted_rounds()
    if best is None or int(best) + 1 >= rounds:
        return None
    if not wanted:
        raise UnsaidError(
            f"Training was stopped early: the best of its {rounds:,} rounds is number {int(best) + 1:,}, and which of "
            "them count is not said; say --trees best (as XGBClassifier predicts) or --trees all (as Booster does)."
        )
    return int(best) + 1 if wanted == "best" else None


def _of_catboost(model: Any, folder: Path, asked: Asked) -> Reader:
    dump = folder / "catboost.json"
    model.save_model(str(dump), format="json")
    forest = trees.from_catboost(orjson.loads(dump.read_bytes()))
    names = tuple(model.feature_names_)
    has_names = names != tuple(map(str, range(len(names))))
    return ForestReader(
        Facts("CatBoost", _said("CatBoost", len(forest.trees) - 1), names if has_names else (), len(names)),
        forest,
        lambda part: model.predict(part, prediction_type="Probability", thread_count=THREADS)[:, 1],
        _default_of(model.classes_, asked),
    )


def _facts(library: str, n_trees: int, names: tuple[str, ...], no_name: str) -> Facts:
    has_names = not all(re.fullmatch(no_name, name) for name in names)
    return Facts(library, _said(library, n_trees), names if has_names else (), len(names))


def _said(library: str, n_trees: int) -> str:
    return f"{n_trees:,} trees grown by {library}"


class SklearnReader:
    """A scikit-learn classifier, which becomes a graph."""

    def __init__(self, estimator: Any, asked: Asked) -> None:
        self._model = scikit.SklearnModel(estimator)
        self._class = scikit.class_of_default(self._model.classes, asked.output)
        said = f"a {type(estimator).__name__} of scikit-learn"
        steps = [type(step).__name__ for _, step in getattr(estimator, "steps", ())]
        if steps:
            said = f"a pipeline of scikit-learn ({', '.join(steps)})"
        self.facts = Facts("scikit-learn", said, self._model.columns, self._model.width, words=self._model.words)

    def finish(self, plan: Plan, matrix: Matrix, folder: Path) -> NDArray[np.float64]:
        own = {at: plan.by_place[place] for at, place in enumerate(plan.places) if place in plan.by_place}
        self._model.check_levels({name: at in own for at, name in enumerate(self._model.columns)})
        self._model.check_words(matrix[:, list(plan.places)], own)
        try:
            native = _by_chunks(
                matrix, lambda part: self._model.predict(part[:, list(plan.places)], own)[:, self._class]
            )
        except (ValueError, TypeError) as error:
            raise BringingError.from_scoring(error) from None
        (folder / GRAPH).write_bytes(self._graph(plan, matrix))
        return native

    def _graph(self, plan: Plan, matrix: Matrix) -> bytes:
        """The model as a graph: in 64 bits where all its operators are known in these, else in 32."""
        try:
            return self._converted(plan, matrix, double=True)
        # skl2onnx and ONNX Runtime raise errors of many kinds; the second attempt tells.
        except Exception:  # noqa: BLE001
            try:
                return self._converted(plan, matrix, double=False)
            except Exception as error:  # noqa: BLE001
                raise BringingError.from_conversion(self.facts.said, error) from None

    def _converted(self, plan: Plan, matrix: Matrix, *, double: bool) -> bytes:
        model = self._model.converted(double=double)
        check_graph(model)
        look = adapting.adapted(
            model, plan.places, plan.by_place, adapting.Choice("probabilities", self._class), plan.n_features
        )
        _session(look).run(None, {_session_input(look): matrix[:_LOOK_ROWS]})
        return look


class GraphReader:
    """An ONNX graph, compared with what it gives when its own inputs are fed."""

    def __init__(self, content: bytes, asked: Asked) -> None:
        self._model = read_graph(content)
        self._session = _session(content)
        self._inputs = adapting.inputs_of(self._model)
        self._wanted = asked.output
        producer = self._model.producer_name[:40]
        said = f"an ONNX graph{f' made by {producer}' if producer else ''}"
        if adapting.is_matrix(self._inputs):
            self.facts = Facts("ONNX Runtime", said, (), self._inputs[0].width)
        else:
            names = tuple(each.name for each in self._inputs)
            words = tuple(each.name for each in self._inputs if each.is_text)
            self.facts = Facts("ONNX Runtime", said, names, len(names), words=words)

    def finish(self, plan: Plan, matrix: Matrix, folder: Path) -> NDArray[np.float64]:
        for each, place in zip(self._inputs, plan.places, strict=False):
            if each.is_text and place not in plan.by_place:
                raise BringingError(f"Its input {each.name[:60]!r} takes words, and that column holds numbers here.")
        adapting.check_texts(self._model, self._inputs, matrix, plan.places, plan.by_place)
        choice = adapting.choose(self._outputs(matrix[:_LOOK_ROWS], plan), self._wanted)
        made = adapting.adapted(self._model, plan.places, plan.by_place, choice, plan.n_features)
        (folder / GRAPH).write_bytes(made)

        def predict(part: Matrix) -> NDArray[Any]:
            (output,) = [each for each in self._outputs(part, plan) if each.name == choice.output]
            return adapting.picked(output, choice)

        return _by_chunks(matrix, predict)

    def _outputs(self, part: Matrix, plan: Plan) -> tuple[adapting.Output, ...]:
        names = [each.name for each in self._session.get_outputs()]
        given = adapting.feeds(self._inputs, part, plan.places, plan.by_place)
        results = dict(zip(names, self._session.run(names, given), strict=True))
        return adapting.outputs_of(self._model, results, len(part))


def _session(content: bytes) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _session_input(content: bytes) -> str:
    return str(read_graph(content).graph.input[0].name)


def _by_chunks(matrix: Matrix, predict: Predict) -> NDArray[np.float64]:
    parts: Sequence[NDArray[Any]] = [
        np.asarray(predict(matrix[start : start + CHUNK_ROWS]), dtype=np.float64).ravel()
        for start in range(0, len(matrix), CHUNK_ROWS)
    ]
    return np.concatenate([np.zeros(0), *parts])
