"""Starting the dashboard: what is wrong with the command line is said before anything is served."""

from __future__ import annotations

import socket
import subprocess
import sys

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
        (("--predictions", "README.md"), "README.md: cannot be read as a table"),
        (("--predictions", "LICENSE", "--map", "nonsense"), "is not COLUMN=ROLE"),
    ],
)
def test_a_wrong_command_ends_with_2_and_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    ended = serve(*arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_taken_port_is_said_before_anything_is_served(built: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ended = serve("--port", str(other.getsockname()[1]))
    assert ended.returncode == 2
    assert "name another one with --port" in ended.stderr
    assert ended.stdout == ""
