"""What a file leaves open is asked in the terminal; without one, the flags that answer it are named."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from data.settings import ROOT

PROGRAM = """
import sys
from pathlib import Path
from data.definition.reading import parse_definition
from data.library.entries import neutral_definition
from data.predictions.roles.answers import NOTHING_SAID
from scripts._asking import read_asking
from scripts._cli import run

def main():
    definition = parse_definition(neutral_definition("Loans"), Path("portfolio.toml"))
    print(read_asking(Path(sys.argv[1]), definition, NOTHING_SAID)[1].worded)

run(main)
"""
COMMAND = [sys.executable, "-c", PROGRAM]


def make_file(folder: Path) -> Path:
    path = folder / "loans.csv"
    path.write_text("id,class,pd\n" + "".join(f"{n},{1 + (n % 5 == 0)},0.{n + 100}\n" for n in range(200)))
    return path


def test_without_a_terminal_the_flags_are_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, make_file(tmp_path)], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--map class=outcome --bad 1" in done.stderr
    assert "--map class=outcome --bad 2" in done.stderr


def test_in_a_terminal_the_question_is_asked_until_it_is_answered(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"7\n2\n")
    done = subprocess.run(
        [*COMMAND, make_file(tmp_path)], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, cwd=ROOT, check=True
    )
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.stdout.decode() == "--map class=outcome --bad 2\n"
    assert "Type a number from 1 to 2." in said
    assert "Next time, add: --map class=outcome --bad 2" in said
