"""Starting the dashboard: what is wrong with the command line is said before anything is served."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from data.settings import ROOT, Settings


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.serve", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--map", "y=outcome"), "name the file too"),
        (("--port", "99999"), "99999 is no port"),
        (("--predictions", "/no/such.csv"), "no such file"),
        (("--predictions", "two.csv"), "default and y could each be the outcome; say which with --map default=outcome"),
        (("--predictions", "nested.parquet"), "column target holds lists or structures; expected 0 or 1"),
        (("--predictions", "README.md"), "README.md: cannot be read as a table"),
        (("--predictions", "LICENSE", "--map", "nonsense"), "is not COLUMN=ROLE"),
    ],
)
def test_a_wrong_command_ends_with_2_and_a_sentence(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "two.csv").write_text("default,y,pd\nno,yes,0.5\n")
    pl.DataFrame({"target": [{"label": 1}], "pd": [[0.1, 0.9]]}).write_parquet(tmp_path / "nested.parquet")
    ended = serve(*(str(tmp_path / each) if (tmp_path / each).exists() else each for each in arguments))
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_what_was_taken_for_what_is_said_before_anything_is_served(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("y,pd,prediction,amount\nyes,0.5,1,NA\nno,0.1,0,5\n,0.2,0,6\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "scripts.serve", "--predictions", str(path), "--port", port]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = [next(server.stdout).rstrip() for _ in range(4)]
        server.terminate()
    assert said == [
        "theirs.csv: outcome from y (yes = default), PD from pd",
        "Read as missing in columns of numbers: amount: NA (1).",
        "Left out of every figure: 1 row without an outcome (still open); the other 2 of 3 rows are shown.",
        f"Scoreroom is at http://localhost:{port}",
    ]


def test_a_taken_port_is_said_before_anything_is_served(built: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ended = serve("--port", str(other.getsockname()[1]))
    assert ended.returncode == 2
    assert "name another one with --port" in ended.stderr
    assert ended.stdout == ""
