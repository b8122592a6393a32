"""Every part runs without network and with an empty home, and looks nothing up, connects to nothing, leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from dashboard.app import PAGES
from data.settings import ROOT
from scripts.offline.seclusion import SeclusionError, secluded_command

_PATIENCE_S = 300


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each part did besides its work; where that cannot be watched, CI fails and everybody else is told."""
    try:
        secluded_command(())
    except SeclusionError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    out = tmp_path_factory.mktemp("offline") / "seen.json"
    command = [sys.executable, "-m", "scripts.check_offline", "--json", str(out)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    assert out.exists(), ended.stderr
    found: dict[str, Any] = {**json.loads(out.read_text()), "exit code": ended.returncode}
    return found


@pytest.mark.parametrize("part", ["build", "score", "service", "dashboard"])
def test_a_part_does_its_work_and_nothing_besides(seen: dict[str, Any], part: str) -> None:
    assert seen[part]["seen"] == []
    assert seen[part]["ended"] == 0
    assert seen["exit code"] == 0


def test_every_page_was_opened_and_a_file_dropped(seen: dict[str, Any]) -> None:
    did = f"opened {len(PAGES)} pages, dropped a file of 2,500 applications, came from a foreign origin, asked for git"
    assert seen["dashboard"]["did"] == did
    assert seen["service"]["did"].endswith("scored 2,500 as CSV and as Parquet, showed /docs with 3 files")


def test_the_service_sets_up_no_exporter_of_traces(seen: dict[str, Any]) -> None:
    # The environment names a collector; FastAPI would at least say that it lacks what it takes to report there.
    assert '"event":"request"' in seen["service"]["said"]
    assert "telemetry" not in seen["service"]["said"].lower()


def test_what_onnx_runtime_does_by_itself_would_be_seen(seen: dict[str, Any]) -> None:
    did = seen["onnxruntime"]["seen"]
    assert ["look-up", "mobile.events.data.microsoft.com"] in did
    assert ["file", "~/cache/Microsoft/DeveloperTools/.onnxruntime/deviceid"] in did
    assert ["file", "$TMPDIR/.ses"] in did


def test_what_streamlit_does_by_itself_would_be_seen(seen: dict[str, Any]) -> None:
    did = seen["streamlit"]["seen"]
    assert ["look-up", "checkip.amazonaws.com"] in did
    assert ["connection", "8.8.8.8:1"] in did
    assert ["file", "~/.streamlit/machine_id_v4"] in did
