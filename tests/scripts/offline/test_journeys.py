from __future__ import annotations

import json
from pathlib import Path

from scripts.offline.calls import Kind, Seen
from scripts.offline.journeys import Journey, Place, as_json


def test_a_journey_runs_in_folders_of_its_own_and_asks_libraries_to_report(tmp_path: Path) -> None:
    environment = Place(tmp_path).environment
    folders = {name: Path(text) for name, text in environment.items() if text.startswith(str(tmp_path))}
    assert folders == {f"SCOREROOM_{name}": tmp_path / "built" / name.lower() for name in ("RAW", "PROCESSED", "MODEL")}
    assert environment["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "true"
    assert environment["ORT_DISABLE_TELEMETRY"] == "0"


def test_what_was_seen_is_told_by_kind(tmp_path: Path) -> None:
    seen = Seen(Kind.LOOK_UP, "example.org")
    found = json.loads(as_json([Journey("score", "scored a file", 0, "said", (seen,))]))
    assert found == {
        "score": {"did": "scored a file", "ended": 0, "said": "said", "seen": [["look-up", "example.org"]]}
    }
    assert tmp_path.exists()
