"""Weigh the two servers under what strangers send, and the dashboard under its sessions.

Usage: python -m scripts.study_memory service [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from scripts._cli import run, telling
from scripts.memory.service import study_service


def main() -> None:
    """Start what is weighed, send what is to be sent, print a table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_memory", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["service"])
    parser.add_argument("--folder", type=Path, help="where the bodies are kept for the next time (default: nowhere)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreroom-") as temporary, telling("Weighing") as say:
        folder = arguments.folder or Path(temporary)
        lines = asyncio.run(study_service(folder, say))
    print("\n".join(lines))


if __name__ == "__main__":
    run(main)
