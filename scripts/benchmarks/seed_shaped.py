"""A model shaped like that of the earlier system's report, and one row of it: pickled wrapper against ONNX Runtime.

The model is grown on made-up rows, a tenth of the values missing. It is exported and run by the product's own code.
"""

from __future__ import annotations

import pickle
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from inference.model.export import export_onnx
from inference.model.session import OnnxBackend
from scripts._measure import DifferenceError, call_times

if TYPE_CHECKING:
    import lightgbm as lgb

TREES, LEAVES, FEATURES = 968, 64, 189
TRAINING_ROWS = 20_000
# So many unseen rows must get the same PD from all contenders; the first of them are timed, one at a time.
CHECKED_ROWS, TIMED_ROWS, ROUNDS = 1_000, 300, 3
# The exported PD is float32.
TOLERANCE = 1e-6
_MISSING = 0.1
_SEED = 65
Call = Callable[[int], object]


class ShapeError(AssertionError):
    """A model that did not become as large as it was to be."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a model is; every tree has all of its `leaves`."""

    trees: int
    leaves: int
    features: int


REPORTED = Shape(TREES, LEAVES, FEATURES)


@dataclass(frozen=True)
class SeedShaped:
    """The model as an earlier service loads it and as this one does, and float32 `rows` that it was not grown on."""

    shape: Shape
    wrapper: lgb.LGBMClassifier
    backend: OnnxBackend
    rows: NDArray[np.float32]

    @classmethod
    def grow(cls, shape: Shape, *, seed: int = _SEED, training_rows: int = TRAINING_ROWS) -> Self:
        """Grow a model of `shape`, pickle it and load it again, export it and open that.

        Raises:
            ShapeError: a tree found too little left to split.
        """
        random = np.random.default_rng(seed)
        grown = _grow(shape, random, training_rows, seed)
        leaves = [tree["num_leaves"] for tree in grown.booster_.dump_model()["tree_info"]]
        if leaves != [shape.leaves] * shape.trees:
            raise ShapeError(f"{len(leaves)} trees of {min(leaves)} to {max(leaves)} leaves were grown for {shape}.")
        # Written a moment ago by this very process.
        wrapper = pickle.loads(pickle.dumps(grown))  # noqa: S301
        backend = OnnxBackend(export_onnx(grown.booster_, shape.features, {}))
        return cls(shape, wrapper, backend, _draw(random, CHECKED_ROWS, shape.features))

    @cached_property
    def one_thread(self) -> lgb.LGBMClassifier:
        """The wrapper, told to use one thread."""
        return pickle.loads(pickle.dumps(self.wrapper)).set_params(n_jobs=1)  # type: ignore[no-any-return]  # noqa: S301


def measure_seed_shaped(model: SeedShaped, *, rows: int = TIMED_ROWS, rounds: int = ROUNDS) -> dict[str, object]:
    """Median microseconds of one row by each contender, and how many times those of ONNX the pickle takes.

    The first figures are over one row again and again, as such comparisons are usually made: the processor then
    foretells each branch of each tree. `different_rows` is over `rows` of them in turn, as applications come.

    - `pickle_us`: `predict_proba` of the unpickled wrapper, NumPy row, threads as LightGBM chooses them;
    - `pickle_frame_us`: the same, pandas data frame of one row, made before;
    - `pickle_record_us`: the same, from a mapping of names to values, as a request brings them;
    - `pickle_one_thread_us`, `native_us`: wrapper and booster with one thread, NumPy row;
    - `onnx_us`, `onnx_record_us`: the product's session backend, NumPy row or mapping.

    `speedup` is that of NumPy rows, `speedup_frame` the pickle's frame against ONNX's NumPy row, `speedup_record` that
    of mappings.

    Raises:
        DifferenceError: a contender's PD is another one.
    """
    contenders = _contenders(model, rows)
    differs = check_same(model, contenders, rows)
    same: dict[str, Call] = {name: _always_first(contender) for name, contender in contenders.items()}
    figures = {"trees": model.shape.trees, "leaves": model.shape.leaves, "features": model.shape.features}
    different = _medians_us(contenders, rows, rounds)
    return {
        **figures,
        "largest_difference": differs,
        **_medians_us(same, rows, rounds),
        "different_rows": {"rows": rows, **different},
    }


def check_same(model: SeedShaped, contenders: Mapping[str, Call], rows: int) -> float:
    """The largest difference of a PD from the unpickled wrapper's, in batch and one at a time.

    Raises:
        DifferenceError: it is above 1e-6.
    """
    reference = np.asarray(model.wrapper.predict_proba(model.rows))[:, 1]
    leaves = {name: np.array([contender(row) for row in range(rows)]) for name, contender in contenders.items()}
    leaves |= {"ONNX in batch": model.backend.predict(model.rows)}
    gaps = {name: float(np.abs(pds - reference[: len(pds)]).max()) for name, pds in leaves.items()}
    for name, gap in gaps.items():
        # Written so that NaN is refused as well.
        if not gap <= TOLERANCE:
            raise DifferenceError(f"{name} differs from the unpickled wrapper by {gap:g}.")
    return max(gaps.values())


def _grow(shape: Shape, random: np.random.Generator, rows: int, seed: int) -> lgb.LGBMClassifier:
    from lightgbm import LGBMClassifier

    matrix = _draw(random, rows, shape.features)
    weights = random.normal(0, 0.3, shape.features)
    chance = 1 / (1 + np.exp(2.5 - np.nan_to_num(matrix) @ weights))
    classifier = LGBMClassifier(
        n_estimators=shape.trees,
        num_leaves=shape.leaves,
        learning_rate=0.02,
        min_child_samples=20,
        colsample_bytree=0.3,
        max_bin=31,
        reg_lambda=5.0,
        random_state=seed,
        force_col_wise=True,
        verbosity=-1,
    )
    # Without names of its own: it takes a row with names as well as one without, and warns of neither.
    return classifier.fit(matrix, random.random(rows) < chance)


def _draw(random: np.random.Generator, rows: int, features: int) -> NDArray[np.float32]:
    matrix = random.standard_normal((rows, features), dtype=np.float32)
    matrix[random.random(matrix.shape) < _MISSING] = np.nan
    return matrix


def _contenders(model: SeedShaped, rows: int) -> dict[str, Call]:
    """PD of the row at a position, by each; what a service has in hand when the row comes is made before."""
    import pandas as pd  # type: ignore[import-untyped]

    names = model.wrapper.feature_name_
    single = [model.rows[row : row + 1] for row in range(rows)]
    frames = [pd.DataFrame(row, columns=names) for row in single]
    records = [dict(zip(names, row[0].tolist(), strict=True)) for row in single]
    booster = model.wrapper.booster_
    by_wrapper: Callable[..., Any] = model.wrapper.predict_proba
    by_one_thread: Callable[..., Any] = model.one_thread.predict_proba
    return {
        "pickle_us": lambda row: by_wrapper(single[row])[0, 1],
        "pickle_one_thread_us": lambda row: by_one_thread(single[row])[0, 1],
        "pickle_frame_us": lambda row: by_wrapper(frames[row])[0, 1],
        "pickle_record_us": lambda row: by_wrapper(pd.DataFrame([records[row]]))[0, 1],
        "native_us": lambda row: booster.predict(single[row], num_threads=1)[0],
        "onnx_us": lambda row: model.backend.predict(single[row])[0],
        "onnx_record_us": lambda row: model.backend.predict(_as_row(records[row], names))[0],
    }


def _as_row(record: Mapping[str, float], names: list[str]) -> NDArray[np.float32]:
    return np.array([[record[name] for name in names]], dtype=np.float32)


def _always_first(contender: Call) -> Call:
    return lambda _: contender(0)


def _medians_us(contenders: Mapping[str, Call], rows: int, rounds: int) -> dict[str, float]:
    times = call_times(contenders, rows, rounds=rounds)
    taken = {name: 1e6 * statistics.median(values) for name, values in times.items()}
    speedups = {
        "speedup": taken["pickle_us"] / taken["onnx_us"],
        "speedup_frame": taken["pickle_frame_us"] / taken["onnx_us"],
        "speedup_record": taken["pickle_record_us"] / taken["onnx_record_us"],
    }
    return {name: round(value, 1) for name, value in (taken | speedups).items()}
