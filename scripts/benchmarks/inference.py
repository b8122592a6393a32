"""The time of scoring: one row, one applicant, and a whole table by threads, against LightGBM on the same rows."""

from __future__ import annotations

import os
import pickle
import statistics
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.at_hand import load_definition
from data.settings import Settings
from inference.errors import ArtifactError
from inference.model.artifact import PICKLE, Manifest, read_verified
from inference.model.parity import compare
from inference.model.session import ScoringSession
from scripts._measure import DifferenceError, Say, call_times, medians, percentiles, silent
from scripts.benchmarks.seed_shaped import REPORTED, SeedShaped, Shape, measure_seed_shaped

if TYPE_CHECKING:
    import lightgbm as lgb

Call = Callable[[int], object]
Figures = dict[str, object]
APPLICANTS, ROUNDS, BATCH_RUNS = 500, 3, 3
# PDs of the session are float32.
TOLERANCE = 1e-6
_SEED = 31
# The published classifier knows its features' names and says of each row that comes without them that it has none.
_WITHOUT_NAMES = "X does not have valid feature names, but LGBMClassifier was fitted with feature names"


def measure_inference(settings: Settings, shape: Shape = REPORTED, say: Say = silent) -> Figures:
    """Microseconds of one row and of one applicant, and rows a second of the whole table; `shape` is the report's.

    Raises:
        DifferenceError: contenders give different PDs or decisions.
    """
    say(f"growing {shape.trees:,} trees of {shape.leaves} leaves")
    grown = SeedShaped.grow(shape)
    say(f"one row by {shape.trees:,} trees of {shape.leaves} leaves")
    shaped = measure_seed_shaped(grown)
    scored = Published.read(settings)
    say("one applicant by the product's model")
    product = measure_product(scored)
    return {"seed_shaped": shaped, "product": product, "batch": measure_batch(scored, say=say)}


@dataclass(frozen=True)
class Published:
    """The published model with the applications that it was trained on, and its pickle."""

    settings: Settings
    table: pl.DataFrame
    session: ScoringSession
    wrapper: lgb.LGBMClassifier

    @classmethod
    def read(cls, settings: Settings) -> Self:
        """Those that `settings` name.

        Raises:
            ArtifactError: the pickle may not be opened (`Settings.allow_pickle`), or it is missing.
        """
        if not settings.allow_pickle:
            raise ArtifactError(
                f"{settings.model}: model.pkl, which this measures, is not opened because a pickle can run any code; "
                "set SCOREROOM_ALLOW_PICKLE=1 if nobody else can write there."
            )
        content = read_verified(settings.model, Manifest.load(settings.model), PICKLE)
        if content is None:
            raise ArtifactError.from_no_model_file(settings.model, (PICKLE,))
        session = ScoringSession.open(settings.model, load_definition(settings))
        return cls(settings, pl.read_parquet(settings.applications), session, pickle.loads(content))  # noqa: S301

    @property
    def booster(self) -> lgb.Booster:
        """LightGBM's own model."""
        return self.wrapper.booster_

    @cached_property
    def matrix(self) -> NDArray[np.float32]:
        """The features of all applications."""
        return self.session.features.matrix(self.table)


def measure_product(scored: Published, *, n: int = APPLICANTS, rounds: int = ROUNDS) -> Figures:
    """Microseconds of one row by each contender, and of `n` different applicants from raw values to PD.

    Medians over the applicants, for `applicant_us` the 95th percentile as well.

    Raises:
        DifferenceError: contenders give different PDs.
    """
    sample = scored.table.sample(min(n, scored.table.height), seed=_SEED)
    contenders = _contenders(scored, sample)
    # The one warning that is known and says nothing about the result.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_WITHOUT_NAMES, category=UserWarning)
        _check_same(contenders, sample.height)
        times = call_times(contenders, sample.height, rounds=rounds)
    taken = {name: [1e6 * seconds for seconds in values] for name, values in times.items()}
    middle = {name: statistics.median(values) for name, values in taken.items()}
    figures: Figures = {
        "trees": scored.booster.num_trees(),
        "features": len(scored.session.features.names),
        "applicants": sample.height,
    }
    figures |= {name: round(value, 1) for name, value in middle.items()}
    figures["speedup"] = round(middle["pickle_us"] / middle["onnx_us"], 1)
    return figures | {"applicant_us": percentiles(taken["applicant_us"])}


def _contenders(scored: Published, sample: pl.DataFrame) -> dict[str, Call]:
    """PD of the application at a position, by each, or its features."""
    import pandas as pd  # type: ignore[import-untyped]

    features = scored.session.features
    applications, matrix = sample.to_dicts(), features.matrix(sample)
    rows = [matrix[row : row + 1] for row in range(sample.height)]
    frames = [pd.DataFrame(row, columns=features.names) for row in rows]
    session, booster = scored.session, scored.booster
    by_wrapper: Callable[..., Any] = scored.wrapper.predict_proba
    return {
        "pickle_us": lambda row: by_wrapper(rows[row])[0, 1],
        "pickle_frame_us": lambda row: by_wrapper(frames[row])[0, 1],
        "native_us": lambda row: booster.predict(rows[row], num_threads=1)[0],
        "onnx_us": lambda row: session.score_matrix(rows[row])[0],
        "features_us": lambda row: features.row(applications[row]),
        "applicant_us": lambda row: session.score(applications[row]),
    }


def _check_same(contenders: Mapping[str, Call], n: int) -> None:
    scoring = [name for name in contenders if name != "features_us"]
    pds_by_name = {name: np.array([contenders[name](row) for row in range(n)]) for name in scoring}
    for name, pds in pds_by_name.items():
        gap = float(np.abs(pds - pds_by_name["native_us"]).max())
        if not gap <= TOLERANCE:
            raise DifferenceError(f"{name} differs from LightGBM itself by {gap:g}.")


def measure_batch(scored: Published, *, runs: int = BATCH_RUNS, cores: int | None = None, say: Say = silent) -> Figures:
    """Rows a second of the whole table by threads: `onnx` and `lightgbm` from features to PD, `table` from raw values.

    The features of `table` are computed by Polars, which uses all cores whatever the threads are.

    Raises:
        DifferenceError: a PD differs by more than 1e-6, or a decision does.
    """
    rows = len(scored.matrix)
    figures: Figures = {"rows": rows}
    for threads in sorted({1, 2, cores or os.cpu_count() or 1}):
        say(f"{rows:,} rows, threads: {threads}")
        taken = medians(_batches(scored, threads), runs=runs, check=partial(_check_decisions, scored))
        for name, seconds in taken.items():
            speeds: Any = figures.setdefault(name, {})
            speeds[str(threads)] = {"rows_per_s": round(rows / seconds)}
    return figures


def _batches(scored: Published, threads: int) -> dict[str, Callable[[], NDArray[np.floating[Any]]]]:
    definition, matrix = scored.session.definition, scored.matrix
    session = ScoringSession.open(scored.settings.model, definition, threads=threads)
    return {
        "onnx": lambda: session.score_matrix(matrix),
        "lightgbm": lambda: np.asarray(scored.booster.predict(matrix, num_threads=threads)),
        "table": lambda: session.score_frame(scored.table),
    }


def _check_decisions(scored: Published, pds_by_name: Mapping[str, NDArray[np.floating[Any]]]) -> None:
    for name in ("onnx", "table"):
        parity = compare(pds_by_name["lightgbm"], pds_by_name[name], scored.session.manifest.cutoff)
        if parity.max_abs > TOLERANCE or parity.flips:
            raise DifferenceError(f"{name}: PDs differ by up to {parity.max_abs:g}, decisions of {parity.flips} rows.")
