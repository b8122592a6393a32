"""State of the files behind the dashboard: whether they exist, are whole and of one model, and when they were built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from data.files.convert import read_source
from data.predictions.table import own_digest
from data.settings import Settings
from data.store.records import (
    APPLICATIONS,
    CONTRIBUTIONS,
    MODEL,
    PREDICTIONS,
    FileRecord,
    check_built,
    load_record,
    record_path,
)
from inference.model.artifact import MANIFEST, MODEL_FILES, ONNX, TEXT, Manifest, is_whole
from inference.serving.watch import Version, version_of

OK, MISSING, DAMAGED, OTHER = "ok", "missing", "damaged", "of another model"


class Artefacts:
    """The artefacts of some settings, each read again when its files or the build record change."""

    def __init__(self, settings: Settings, imported: Path | None = None) -> None:
        """Take predictions from the file `imported`, if one is given."""
        of_model = [settings.model / name for name in (MANIFEST, *MODEL_FILES)]
        record = record_path(settings)
        own = _Look([settings.predictions, record], partial(_predictions, settings))
        self._looks: Mapping[str, _Look] = {
            MODEL: _Look([*of_model, record], partial(_model, settings)),
            PREDICTIONS: own if imported is None else _Look([imported], lambda: {"is_imported": True}),
            APPLICATIONS: _Look([settings.applications, record], partial(_applications, settings)),
            CONTRIBUTIONS: _Look([settings.contributions, of_model[0], record], partial(_contributions, settings)),
        }

    def look(self) -> dict[str, Any]:
        """State, build time and details of each artefact, without paths."""
        return {name: look.current() for name, look in self._looks.items()}


class _Look:
    """One artefact, read again when its files change."""

    def __init__(self, paths: list[Path], describe: Callable[[], Mapping[str, object]]) -> None:
        """Watch `paths`, the first of which is the artefact; `describe` raises if it is damaged."""
        self._paths = paths
        self._version: Version = ()
        self._describe = describe
        self._current: Mapping[str, object] = {}

    def current(self) -> Mapping[str, object]:
        """Its state, build time and details."""
        version = version_of(self._paths)
        if version != self._version:
            self._current, self._version = self._read(), version
        return self._current

    def _read(self) -> Mapping[str, object]:
        try:
            built = datetime.fromtimestamp(self._paths[0].stat().st_mtime, UTC).isoformat(timespec="seconds")
        except OSError:
            return {"state": MISSING}
        try:
            return {"state": OK, "built": built, **self._describe()}
        except Exception:  # noqa: BLE001 - there are many ways to be damaged
            # Messages name paths, so they stay out of here; the page that needs the artefact shows them.
            return {"state": DAMAGED, "built": built}


def _model(settings: Settings) -> Mapping[str, object]:
    check_built(settings, MODEL)
    manifest = Manifest.load(settings.model)
    if not is_whole(settings.model, manifest):
        return {"state": DAMAGED}
    return {
        "sha256": manifest.files[ONNX].sha256,
        "data_sha256": manifest.training_data_sha256,
        "version": manifest.product_version,
    }


def _predictions(settings: Settings) -> Mapping[str, object]:
    return {"digest": own_digest(settings)}


def _applications(settings: Settings) -> Mapping[str, object]:
    check_built(settings, APPLICATIONS)
    source = read_source(settings.applications)
    return {"kind": source.get("kind"), "sha256": FileRecord.of_file(settings.applications).sha256}


def _contributions(settings: Settings) -> Mapping[str, object]:
    check_built(settings, CONTRIBUTIONS)
    of_model = load_record(settings).products[CONTRIBUTIONS].made_from.get(TEXT)
    trees = Manifest.load(settings.model).files[TEXT].sha256
    return {"state": OK if of_model == trees else OTHER}
