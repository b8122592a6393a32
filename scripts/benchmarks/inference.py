"""Microseconds of one applicant: the pickled wrapper against ONNX Runtime, and from raw values to PD."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from data.settings import Settings
from inference.artifact import PICKLE, Manifest, read_verified
from inference.features import FEATURES
from inference.session import ScoringSession
from scripts._measure import medians


def measure_inference(settings: Settings) -> Mapping[str, object]:
    """Microseconds of each contender on the same applicant; all must give the same PD."""
    manifest = Manifest.load(settings.model)
    # Verified against the manifest by read_verified, and made by this project's own build.
    wrapper = pickle.loads(read_verified(settings.model, manifest, PICKLE) or b"")  # noqa: S301
    session = ScoringSession.open(settings.model)
    application = pl.read_parquet(settings.applications, n_rows=1).row(0, named=True)
    row = FEATURES.row(application)
    contenders: dict[str, Callable[[], float]] = {
        "pickle_us": lambda: float(wrapper.predict_proba(row)[0, 1]),
        "onnx_us": lambda: float(session.score_matrix(row)[0]),
        "applicant_us": lambda: session.score(application),
        "features_us": lambda: float(FEATURES.row(application)[0, 0]),
    }
    scores = [contenders[name]() for name in ("pickle_us", "onnx_us", "applicant_us")]
    np.testing.assert_allclose(scores, scores[0], atol=1e-5)
    taken = {name: 1e6 * seconds for name, seconds in medians(contenders, runs=300).items()}
    return taken | {"speedup": taken["pickle_us"] / taken["onnx_us"]}
