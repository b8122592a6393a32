"""The files behind the dashboard: whether they are there, whole and of one model, and when they were built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from data.convert import read_source as read_applications_source
from data.predictions import read_source
from data.records import APPLICATIONS, CONTRIBUTIONS, MODEL, PREDICTIONS, check_built, record_path
from data.settings import Settings
from inference.artifact import MANIFEST, MODEL_FILES, ONNX, Manifest
from inference.contributions import digest_of_model, read_header
from inference.serving.watch import Version, version_of

OK, MISSING, DAMAGED, OTHER = "ok", "missing", "damaged", "of another model"


class Artefacts:
    """The artefacts of some settings; each is read again when its files have changed."""

    def __init__(self, settings: Settings, imported: Path | None = None) -> None:
        """Predictions are those in the file `imported`, where there is one."""
        of_model, record = [settings.model / name for name in (MANIFEST, *MODEL_FILES)], record_path(settings)
        self._looks: Mapping[str, _Look] = {
            MODEL: _Look([*of_model, record], partial(_model, settings)),
            PREDICTIONS: _predictions_look(settings, imported),
            APPLICATIONS: _Look([settings.applications, record], partial(_applications, settings)),
            CONTRIBUTIONS: _Look([settings.contributions, record, of_model[0]], partial(_contributions, settings)),
        }

    def look(self) -> dict[str, Any]:
        """Of each artefact its state, when it was built, and what it says of itself; no path."""
        return {name: look.found() for name, look in self._looks.items()}


class _Look:
    """What one artefact is, read again when its files have changed."""

    def __init__(self, paths: list[Path], describe: Callable[[], Mapping[str, object]]) -> None:
        self._paths = paths
        self._version: Version = ()
        self._describe = describe
        self._found: Mapping[str, object] = {}

    def found(self) -> Mapping[str, object]:
        """Its state, when it was built, and what it says of itself."""
        version = version_of(self._paths)
        if version != self._version:
            self._found, self._version = self._read(), version
        return self._found

    def _read(self) -> Mapping[str, object]:
        try:
            built = datetime.fromtimestamp(self._paths[0].stat().st_mtime, UTC).isoformat(timespec="seconds")
        except OSError:
            return {"state": MISSING}
        try:
            return {"state": OK, "built": built, **self._describe()}
        except Exception:  # noqa: BLE001 - there are many ways to be damaged
            # Sentences name paths; the page that needs the artefact says them, and so does the build.
            return {"state": DAMAGED, "built": built}


def _predictions_look(settings: Settings, imported: Path | None) -> _Look:
    if imported is not None:
        return _Look([imported], lambda: {"imported": True})
    return _Look([settings.predictions, record_path(settings)], partial(_predictions, settings))


# What was built is hashed whole, once a version (data/records.py).
def _model(settings: Settings) -> Mapping[str, object]:
    check_built(settings, MODEL)
    manifest = Manifest.load(settings.model)
    return {
        "sha256": manifest.files[ONNX].sha256, "data_sha256": manifest.training_data_sha256,
        "version": manifest.product_version,
    }  # fmt: skip


def _predictions(settings: Settings) -> Mapping[str, object]:
    check_built(settings, PREDICTIONS)
    return {"digest": read_source(settings.predictions).digest}


def _applications(settings: Settings) -> Mapping[str, object]:
    check_built(settings, APPLICATIONS)
    return {"kind": read_applications_source(settings.applications).get("kind")}


def _contributions(settings: Settings) -> Mapping[str, object]:
    check_built(settings, CONTRIBUTIONS)
    digest = read_header(settings.contributions).digest
    state = OK if digest == digest_of_model(Manifest.load(settings.model)) else OTHER
    return {"state": state, "digest": digest}
