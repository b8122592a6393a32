"""Weigh the two servers under what strangers send, and the dashboard under its sessions.

Usage: python -m scripts.study_memory service [--folder FOLDER]
       python -m scripts.study_memory dashboard [--visits 0 1 10 25 50]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from scripts._cli import count, run, telling
from scripts.memory.dashboard import study_dashboard
from scripts.memory.service import study_service


def main() -> None:
    """Start what is weighed, send what is to be sent, print a table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_memory", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["service", "dashboard"])
    parser.add_argument("--folder", type=Path, help="where the bodies are kept for the next time (default: nowhere)")
    parser.add_argument("--visits", type=count, nargs="+", default=[0, 1, 10, 25, 50], help="default: %(default)s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreroom-") as temporary, telling("Weighing") as say:
        folder = arguments.folder or Path(temporary)
        if arguments.what == "service":
            lines = asyncio.run(study_service(folder, say))
        else:
            lines = study_dashboard(arguments.visits, say)
    print("\n".join(lines))


if __name__ == "__main__":
    run(main)
