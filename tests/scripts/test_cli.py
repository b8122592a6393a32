"""What is being done is told on stderr: a line each in a log, one that changes on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from data.settings import ROOT

PROGRAM = """
from scripts._cli import telling
with telling("[1/2] api") as say:
    say("8 connections [bold]")
    say("x" * 200)
print("over")
"""


def test_a_log_has_a_whole_line_for_each_step() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines() == ["[1/2] api: 8 connections [bold]", f"[1/2] api: {'x' * 200}"]
    assert ended.stdout == "over\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_has_one_line_that_is_gone_at_the_end() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.replace('"x" * 200', '"64 connections"')],
            cwd=ROOT,
            stderr=theirs,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
        )
        os.close(theirs)
        shown = b""
        try:
            while part := screen.read(1_000):
                shown += part
        except OSError:
            # How Linux says that the other end was closed.
            pass
        assert process.wait(30) == 0
    text = shown.decode()
    assert "[1/2] api: 64 connections" in text
    # The last thing is that the line is erased.
    assert text.rindex("\x1b[2K") > text.rindex("64 connections")
