"""Measure loading and scoring on what is built, contenders in turn, results compared beside each timing."""

from __future__ import annotations

import argparse
import json
import pickle
import platform
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from data.predictions import load_predictions
from data.settings import Settings, load_settings
from data.storage import write_atomically
from inference.artifact import PICKLE, Manifest, read_verified
from inference.features import FEATURES
from inference.pipeline import build
from inference.session import ScoringSession
from scripts._cli import progress, run
from scripts._measure import medians

Figures = Mapping[str, object]


def main() -> None:
    """Measure the sections asked for and print them."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, "all"], default="all")
    parser.add_argument("--json", type=Path, help="file to write the figures to as well")
    arguments = parser.parse_args()
    settings = load_settings()
    build(settings, progress)
    wanted = SECTIONS if "all" in arguments.sections else arguments.sections
    figures = {"machine": _machine()} | {name: SECTIONS[name](settings) for name in wanted}
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json:
        with write_atomically(arguments.json) as part:
            part.write_text(text, encoding="utf-8")


def measure_data(settings: Settings) -> Figures:
    """Seconds to load applications and predictions, from CSV and from Parquet."""
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in (settings.applications, settings.predictions):
            figures[path.stem] = _measure_table(path, Path(folder) / f"{path.stem}.csv")
    figures["load_predictions_ms"] = 1e3 * medians({"": lambda: load_predictions(settings.predictions)}, runs=9)[""]
    return figures


def _measure_table(parquet: Path, csv: Path) -> Figures:
    table = pl.read_parquet(parquet)
    table.write_csv(csv)
    loads: dict[str, Callable[[], pl.DataFrame]] = {
        "csv_s": lambda: pl.read_csv(csv, schema_overrides=table.schema),
        "parquet_s": lambda: pl.read_parquet(parquet),
    }
    rows = {load().height for load in loads.values()}
    if rows != {table.height}:
        raise AssertionError(f"CSV and Parquet of {parquet.name} hold different rows")
    taken = medians(loads, runs=3)
    sizes = {"csv_bytes": csv.stat().st_size, "parquet_bytes": parquet.stat().st_size}
    return taken | {"ratio": taken["csv_s"] / taken["parquet_s"]} | sizes


def measure_inference(settings: Settings) -> Figures:
    """Microseconds of one applicant: the pickled wrapper against ONNX Runtime, and from raw values to PD."""
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


def _machine() -> Figures:
    libraries = ("polars", "lightgbm", "onnxruntime", "streamlit", "numpy")
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "libraries": {name: version(name) for name in libraries},
    }


SECTIONS: Mapping[str, Callable[[Settings], Figures]] = {"data": measure_data, "inference": measure_inference}


if __name__ == "__main__":
    run(main)
