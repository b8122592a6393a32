"""Foreign pages are refused where no name resolves, and nothing is looked up for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from data.settings import ROOT, Settings
from scripts.check_refusals import N

# Any use of a socket ends the process.
_COMPARE = """
import sys
from dashboard.server.lookups import forbid_lookups
from streamlit.web.server.server_util import is_url_from_allowed_origins

def refuse(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"{event} {arguments}")

forbid_lookups()
sys.addaudithook(refuse)
print(is_url_from_allowed_origins("https://evil.example"), is_url_from_allowed_origins("http://localhost:1"))
"""


def test_streamlit_compares_origins_without_a_socket() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _COMPARE], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "False True\n", "")


def test_foreign_pages_are_refused_at_once_where_no_name_resolves(built: Settings) -> None:
    command = [sys.executable, "-m", "scripts.check_refusals"]
    # ONNX Runtime would ask for a name of its maker's.
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["own_session_runs"]
    assert found["names_asked_for"] == []
    assert found["health_probes"] > 0
    # Two of five kinds of hosts are no names at all.
    hosts = {"400": N * 2 // 5, "421": N * 3 // 5}
    assert found["answers"] == {
        "dashboard websockets, foreign origins": {"403": N},
        "dashboard uploads, foreign origins": {"403": N},
        "dashboard pages, foreign hosts": hosts,
        "service scores, foreign origins": {"403": N},
        "service pages, foreign hosts": hosts,
    }
    # A client that is refused cannot fill the dashboard's log with faults.
    assert "handshake" not in ended.stderr
