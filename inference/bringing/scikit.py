"""scikit-learn models: opened without running what is in the file, and converted to ONNX."""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference.bringing.errors import BringingError, UnsaidError, listed
from inference.bringing.words import check_words, ones_of
from inference.model.export import INPUT, OPSET

if TYPE_CHECKING:
    import onnx

_TRUSTED = ("numpy", "scipy", "sklearn")


def open_skops(path: Path) -> Any:
    """The model in a skops file, which may hold types of scikit-learn, NumPy and SciPy and no others.

    Raises:
        BringingError: it names something else; nothing of it was imported or run.
    """
    import skops.io

    named = skops.io.get_untrusted_types(file=path)
    if foreign := [name for name in named if not _is_class(name)]:
        raise BringingError(
            f"The skops file names {listed(foreign)}, which is no type of scikit-learn, NumPy or SciPy; it was not "
            "opened; save the model without it, or bring it as ONNX."
        )
    return skops.io.load(path, trusted=named)


def _is_class(name: str) -> bool:
    """Whether `name` is a class of a trusted library; functions could do anything with their arguments."""
    module, _, own = name.rpartition(".")
    if module.split(".")[0] not in _TRUSTED:
        return False
    try:
        return inspect.isclass(getattr(importlib.import_module(module), own, None))
    except ImportError:
        return False


class SklearnModel:
    """A classifier of two classes; `columns` are none where it was trained on a matrix without names."""

    def __init__(self, estimator: Any) -> None:
        if not hasattr(estimator, "predict_proba"):
            raise BringingError(
                f"A {type(estimator).__name__} gives no probabilities (predict_proba); bring a classifier, or its "
                "score as a column."
            )
        self.estimator = estimator
        self.classes = [str(each) for each in getattr(estimator, "classes_", ())]
        if len(self.classes) != 2:
            raise BringingError(f"It tells {len(self.classes)} classes apart; a model of one outcome has two.")
        names = getattr(estimator, "feature_names_in_", None)
        self.columns: tuple[str, ...] = () if names is None else tuple(map(str, names))
        self.width = int(getattr(estimator, "n_features_in_", 0)) or None
        self._known = _known_words(estimator, self.columns or tuple(map(str, range(self.width or 0))))
        self._texts = set(self._known)
        self._by_name = bool(self.columns) and (bool(self._texts) or any(_selectors(estimator)))
        self._missing = _missing_word(estimator)
        if self._texts and not self.columns:
            raise BringingError(
                "It takes words in columns without names; train it on a table whose columns have the features' names."
            )

    @property
    def words(self) -> tuple[str, ...]:
        """The columns that it takes words in."""
        return tuple(name for name in self.columns if name in self._texts)

    def check_levels(self, has_levels: Mapping[str, bool]) -> None:
        """Raise BringingError where it takes words in a column that has none."""
        if wrong := sorted(name for name in self._texts if not has_levels[name]):
            raise BringingError(f"It takes words in {listed(wrong)}, which hold numbers here.")

    def check_words(self, given: NDArray[np.float32], levels: Mapping[int, Sequence[str]]) -> None:
        """Raise BringingError where its encoders were taught other words than those that it is given."""
        missing = self._missing if isinstance(self._missing, str) else None
        for at, name in enumerate(self.columns):
            if name in self._texts:
                known = {missing if _is_missing(each) else each for each in self._known[name]}
                check_words(name, known, levels[at], given[:, at], missing)

    def converted(self, *, double: bool) -> onnx.ModelProto:
        """The model as ONNX, its numbers in 32 bits or in 64.

        Raises:
            Exception: whatever skl2onnx raises of what it cannot convert.
        """
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

        number = DoubleTensorType if double else FloatTensorType
        if self._by_name:
            types = [(name, (StringTensorType if name in self._texts else number)([None, 1])) for name in self.columns]
        else:
            types = [(INPUT, number([None, self.width]))]
        estimator = copy.deepcopy(self.estimator)
        if self._texts and self._missing != "":
            # In a graph a missing word is an empty text.
            _call_missing_empty(estimator)
        _bound_thresholds(estimator)
        options = {id(estimator): {"zipmap": False}}
        model = convert_sklearn(
            estimator, initial_types=types, options=options, target_opset={"": OPSET, "ai.onnx.ml": 3}
        )
        _send_missing(model, estimator)
        return model  # type: ignore[no-any-return]

    def predict(self, given: NDArray[np.float32], levels: Mapping[int, Sequence[str]]) -> NDArray[np.float64]:
        """Probabilities of both classes by scikit-learn itself, float64 (rows, 2); column i has `levels[i]` if any."""
        if not self.columns:
            return np.asarray(self.estimator.predict_proba(given), dtype=np.float64)
        columns = {
            name: _words(column, levels[at], self._missing) if name in self._texts else column.astype(np.float64)
            for (at, name), column in zip(enumerate(self.columns), given.T, strict=True)
        }
        return np.asarray(self.estimator.predict_proba(_frame(columns)), dtype=np.float64)


def class_of_default(classes: Sequence[str], wanted: str) -> int:
    """Which of two classes is the default: the one called `wanted`, else 1 or True.

    Raises:
        UnsaidError: neither is; 1 is not beside 2, where either may be meant.
    """
    part = wanted.rpartition("/")[2]
    found = [at for at, each in enumerate(classes) if each == part] if wanted else ones_of(classes)
    if len(found) != 1:
        options = listed([f"--output probabilities/{each}" for each in classes])
        raise UnsaidError(f"Which of its classes is a default is not said; say one of {options}.")
    return found[0]


def _frame(columns: Mapping[str, Any]) -> Any:
    # scikit-learn's own encoders take missing words from pandas, as in training, and not from every other frame.
    import pandas as pd  # type: ignore[import-untyped]

    # As objects, because pandas would make text of words, in which None becomes NaN.
    return pd.DataFrame(
        {n: pd.Series(each, dtype=object) if each.dtype == object else each for n, each in columns.items()}
    )


def _words(codes: NDArray[np.float32], levels: Sequence[str], missing: object) -> Any:
    words = np.array([*levels, missing], dtype=object)
    return words[np.where(codes >= 0, codes, len(levels)).astype(np.int64)]


def _parts(estimator: Any) -> Iterator[Any]:
    """The estimator and all that were fitted inside it."""
    yield estimator
    for part in _inner(estimator):
        yield from _parts(part)
    for _, part, _ in getattr(estimator, "transformers_", ()):
        if not isinstance(part, str):
            yield from _parts(part)


def _inner(estimator: Any) -> Iterator[Any]:
    """What a fitted estimator hands its own columns on to: steps, members of ensembles, what is calibrated or tuned."""
    for name in ("steps", "transformer_list"):
        yield from (part for _, part in getattr(estimator, name, ()) if not isinstance(part, str) and part is not None)
    for name in ("estimators_", "calibrated_classifiers_"):
        yield from (part for part in np.ravel(np.array(getattr(estimator, name, ()), dtype=object)) if part is not None)
    fitted = ("best_estimator_", "estimator_", "estimator")
    part = next((each for name in fitted if (each := getattr(estimator, name, None)) is not None), None)
    if part is not None and not isinstance(part, str):
        yield part


def _missing_word(estimator: Any) -> object:
    """What a missing word was in training: "" or None where an encoder or an imputer knows that, else NaN."""
    known: list[object] = []
    for part in _parts(estimator):
        for levels in getattr(part, "categories_", ()):
            known += list(levels)
        if _fills_words(part):
            known.append(part.missing_values)
    if any(each is None for each in known):
        return None
    return "" if any(isinstance(each, str) and not each for each in known) else float("nan")


def _call_missing_empty(estimator: Any) -> None:
    """Let the encoders and imputers of words in a fitted estimator take an empty text for a missing word."""
    for part in _parts(estimator):
        if hasattr(part, "categories_"):
            part.categories_ = [
                np.array(["" if _is_missing(each) else each for each in levels], dtype=object)
                if np.asarray(levels).dtype.kind == "O"
                else levels
                for levels in part.categories_
            ]
        if _fills_words(part):
            part.missing_values = ""


def _bound_thresholds(estimator: Any) -> None:
    """Let splits of missing from present values have a finite threshold, at which skl2onnx comes to an end.

    No feature exceeds the largest float32, so that every decision stays what it was.
    """
    for part in _parts(estimator):
        if (tree := getattr(part, "tree_", None)) is not None:
            thresholds = tree.threshold
            thresholds[np.isposinf(thresholds)] = np.finfo(np.float32).max


def _send_missing(model: onnx.ModelProto, estimator: Any) -> None:
    """Send missing values down the branch that scikit-learn's trees send them; skl2onnx sends them all right.

    Only where one node of the graph holds all trees, in their order; parity over all rows tells whether that was right.
    """
    trees = [part.tree_ for part in _parts(estimator) if hasattr(part, "tree_")]
    nodes = [node for node in model.graph.node if node.op_type == "TreeEnsembleClassifier"]
    if not trees or len(nodes) != 1:
        return
    held = {attribute.name: attribute for attribute in nodes[0].attribute}
    places = list(zip(held["nodes_treeids"].ints, held["nodes_nodeids"].ints, strict=True))
    if len(places) != sum(tree.node_count for tree in trees):
        return
    goes_left = [tree.__getstate__()["nodes"]["missing_go_to_left"] for tree in trees]
    is_leaf = (mode == b"LEAF" for mode in held["nodes_modes"].strings)
    held["nodes_missing_value_tracks_true"].ints[:] = [
        0 if leaf else int(goes_left[tree][node]) for (tree, node), leaf in zip(places, is_leaf, strict=True)
    ]


def _fills_words(part: Any) -> bool:
    """Whether a part is an imputer of words; a constant number is kept as an object too."""
    return any(isinstance(each, str) for each in np.ravel(getattr(part, "statistics_", ())))


def _is_missing(value: object) -> bool:
    return value is None or value != value


def _selectors(estimator: Any) -> Iterator[Any]:
    """The ColumnTransformers inside that choose their columns by name."""
    for part in _parts(estimator):
        chosen = [columns for _, _, columns in getattr(part, "transformers_", ())]
        if any(
            isinstance(each, str) or (len(each) and isinstance(each[0], str))
            for each in chosen
            if not isinstance(each, slice)
        ):
            yield part


def _known_words(estimator: Any, columns: Sequence[str]) -> dict[str, set[object]]:
    """The columns that encoders of words inside take, and what these know of each."""
    known: dict[str, set[object]] = {}
    for name, levels in zip(columns, getattr(estimator, "categories_", ()), strict=False):
        if np.asarray(levels).dtype.kind in "OUS":
            known.setdefault(name, set()).update(levels)
    inside = [(part, columns) for part in _inner(estimator)]
    for _, part, chosen in getattr(estimator, "transformers_", ()):
        if not isinstance(part, str):
            inside.append((part, _chosen(chosen, columns)))
    filled = any(_fills_words(part) for part, _ in inside)
    for part, names in inside:
        for name, levels in _known_words(part, names).items():
            # What an imputer fills is not missing any more when an encoder sees it.
            known.setdefault(name, set()).update(levels, {None} if filled else ())
    return known


def _chosen(chosen: Any, columns: Sequence[str]) -> list[str]:
    """The names of columns that a ColumnTransformer chose by name, by place, by a slice or by a mask."""
    if isinstance(chosen, str):
        return [chosen]
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            first = 0 if chosen.start is None else columns.index(chosen.start)
            last = len(columns) if chosen.stop is None else columns.index(chosen.stop) + 1
            return list(columns[first : last : chosen.step])
        return list(columns[chosen])
    each = np.ravel(np.asarray(chosen, dtype=object))
    if len(each) and isinstance(each[0], bool | np.bool_):
        return [name for name, is_taken in zip(columns, each, strict=False) if is_taken]
    return [at if isinstance(at, str) else columns[at] for at in each]
