"""The files behind the dashboard: what is said of each, and that nothing is read twice for it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dashboard import cache
from dashboard.server import artefacts
from dashboard.server.artefacts import Artefacts
from data.settings import Settings
from inference.model.artifact import ONNX


def test_a_model_is_read_again_when_its_file_was_written_and_only_then(
    copied: tuple[Settings, cache.Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = copied
    artefacts_at_hand = Artefacts(settings)
    artefacts_at_hand.look()
    read: list[object] = []
    monkeypatch.setattr(artefacts, "is_whole", lambda *given: read.append(given))
    for _ in range(20):
        artefacts_at_hand.look()
    assert read == []
    os.utime(settings.model / ONNX, ns=(time.time_ns(), time.time_ns()))
    for _ in range(20):
        artefacts_at_hand.look()
    assert len(read) == 1


def test_what_is_damaged_is_said_without_a_path(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, _ = copied
    settings.contributions.write_bytes(b"PAR1")
    said = Artefacts(settings).look()
    assert list(said["contributions"]) == ["state", "built"]
    assert said["contributions"]["state"] == "damaged"
    assert str(settings.processed) not in str(said)
    assert said["applications"]["kind"] == "synthetic"


def test_imported_predictions_stand_for_those_of_the_build(
    copied: tuple[Settings, cache.Dataset], tmp_path: Path
) -> None:
    settings, _ = copied
    path = tmp_path / "theirs.csv"
    looks = Artefacts(settings, imported=path)
    assert looks.look()["predictions"] == {"state": "missing"}
    path.write_text("y,p\n0,0.1\n")
    os.utime(path, (0, 0))
    assert looks.look()["predictions"] == {"state": "ok", "built": "1970-01-01T00:00:00+00:00", "is_imported": True}
