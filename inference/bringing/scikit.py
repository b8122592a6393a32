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
        self._by_name = bool(self.columns) and any(_selectors(estimator))
        self._texts = set(_texts(estimator, self.columns))
        self._missing = _missing_word(estimator)

    def check_levels(self, has_levels: Mapping[str, bool]) -> None:
        """Raise BringingError where it takes words in a column that has none."""
        if wrong := sorted(name for name in self._texts if not has_levels[name]):
            raise BringingError(f"It takes words in {listed(wrong)}, which hold numbers here.")

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
        estimator = self.estimator
        if self._texts and self._missing != "":
            # In a graph a missing word is an empty text.
            estimator = copy.deepcopy(estimator)
            _call_missing_empty(estimator)
        options = {id(estimator): {"zipmap": False}}
        return convert_sklearn(  # type: ignore[no-any-return]
            estimator, initial_types=types, options=options, target_opset={"": OPSET, "ai.onnx.ml": 3}
        )

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
        UnsaidError: neither is.
    """
    part = wanted.rpartition("/")[2]
    found = [
        at for at, each in enumerate(classes) if (each == part if wanted else each.lower() in ("1", "1.0", "true"))
    ]
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
    """The estimator and all inside it that a pipeline or a ColumnTransformer made."""
    yield estimator
    for _, part in getattr(estimator, "steps", ()):
        yield from _parts(part)
    for _, part, _ in getattr(estimator, "transformers_", ()):
        if not isinstance(part, str):
            yield from _parts(part)


def _missing_word(estimator: Any) -> object:
    """What a missing word was in training: "" or None where an encoder or an imputer knows that, else NaN."""
    known: list[object] = []
    for part in _parts(estimator):
        for levels in getattr(part, "categories_", ()):
            known += list(levels)
        if hasattr(part, "statistics_"):
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
        if hasattr(part, "statistics_") and np.asarray(part.statistics_).dtype.kind in "OUS":
            part.missing_values = ""


def _is_missing(value: object) -> bool:
    return value is None or value != value


def _selectors(estimator: Any) -> Iterator[Any]:
    """The ColumnTransformers inside that choose their columns by name."""
    if type(estimator).__name__ == "ColumnTransformer":
        chosen = [columns for _, _, columns in estimator.transformers_]
        if any(
            isinstance(each, str) or (len(each) and isinstance(each[0], str))
            for each in chosen
            if not isinstance(each, slice)
        ):
            yield estimator
    for _, part in getattr(estimator, "steps", ()):
        yield from _selectors(part)


def _texts(estimator: Any, columns: Sequence[str]) -> Iterator[str]:
    """The columns that an encoder of words inside takes."""
    if hasattr(estimator, "categories_"):
        for name, levels in zip(columns, estimator.categories_, strict=False):
            if np.asarray(levels).dtype.kind in "OUS":
                yield name
    for _, part in getattr(estimator, "steps", ()):
        yield from _texts(part, columns)
    for _, part, chosen in getattr(estimator, "transformers_", ()):
        if not isinstance(part, str):
            names = [chosen] if isinstance(chosen, str) else list(chosen) if not isinstance(chosen, slice) else []
            yield from _texts(
                part,
                [each if isinstance(each, str) else columns[each] for each in names if isinstance(each, str | int)],
            )
