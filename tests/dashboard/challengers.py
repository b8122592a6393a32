"""Models that tests put beside the champion: scores alone, or a real model that was trained on other rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from data.predictions.table import AS_IMPORTED, OUT_OF_FOLD
from data.settings import DEFINITION, Settings
from data.store.records import FileRecord
from inference.inventory.entry import ModelEntry, ModelKind
from inference.inventory.store import applications_digest, now, of_manifest, publish
from inference.model.artifact import MANIFEST, ONNX, Manifest
from inference.model.session import ScoringSession


def add_scores(settings: Settings, name: str, pds: np.ndarray) -> ModelEntry:
    """A model of which the PDs are known and nothing else."""
    return publish(settings, _entry(settings, name, ModelKind.SCORE), {}, _rows(settings, pds))


def add_model(settings: Settings, name: str, directory: Path) -> ModelEntry:
    """The model published in `directory`, whose PDs are what it gives the applications."""
    manifest = Manifest.load(directory)
    applications = pl.read_parquet(settings.applications)
    from data.home_credit import embedded

    pds = ScoringSession.open(directory, embedded.DEFINITION).score_frame(applications)
    files = {path.name: path.read_bytes() for path in directory.iterdir()}
    entry = _entry(settings, name, ModelKind.LIGHTGBM, **of_manifest(manifest))
    return publish(settings, entry, files, _rows(settings, pds))


def add_graph(settings: Settings, name: str) -> ModelEntry:
    """The champion's graph alone, as if it had been made elsewhere."""
    import onnx

    manifest, graph = Manifest.load(settings.model), onnx.load_model(settings.model / ONNX)
    # By another file it is another model.
    graph.doc_string = "Made elsewhere."
    written = {
        ONNX: graph.SerializeToString(),
        DEFINITION: (settings.model / DEFINITION).read_bytes(),
    }
    records = {file: FileRecord.of(content) for file, content in written.items()}
    manifest = replace(manifest, files=records, metrics={})
    files = {**written, MANIFEST: manifest.to_json()}
    pds = pl.read_parquet(settings.predictions)["default_probability"].to_numpy()
    entry = _entry(settings, name, ModelKind.IMPORTED, **of_manifest(manifest))
    return publish(settings, replace(entry, how=AS_IMPORTED), files, _rows(settings, pds))


def _rows(settings: Settings, pds: np.ndarray) -> pl.DataFrame:
    rows = pl.read_parquet(settings.predictions, columns=["application_id", "fold"])
    return rows.with_columns(pl.Series("default_probability", pds))


def _entry(settings: Settings, name: str, kind: ModelKind, **facts: object) -> ModelEntry:
    said = "Made for a test."
    return ModelEntry(name, kind, OUT_OF_FOLD, said, applications_digest(settings), now(), **facts)  # type: ignore[arg-type]
