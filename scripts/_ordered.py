"""A command that the dashboard ordered: it runs as from a terminal, and tells how far it is through a pipe."""

from __future__ import annotations

import importlib
import sys

from scripts import _cli
from scripts._build_process import Teller

# What can be ordered; nothing else is run.
COMMANDS = ("train", "import_model", "calibrate", "promote", "explain_model")


def main() -> None:
    """Run `NAME ARGUMENT ...` and tell the descriptor FD: `python -m scripts._ordered FD NAME ARGUMENT ...`."""
    descriptor, name, *arguments = sys.argv[1:]
    if name not in COMMANDS:
        sys.exit(_cli.BAD_INPUT)
    teller = Teller(int(descriptor))
    _cli.listeners.append(lambda title, done, total: teller.tell(step=title, done=done, total=total))
    sys.argv = [name, *arguments]
    with teller.telling_problems():
        importlib.import_module(f"scripts.{name}").main()


if __name__ == "__main__":
    _cli.run(main)
