"""Write the portfolio in service to one archive: applications, predictions, contributions, model, and their source."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.settings import load_settings
from inference.publishing.backup import back_up
from scripts._cli import offer_portfolio, run, say_waiting


def main() -> None:
    """Write the archive, read it back, and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m scripts.backup", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("place", type=Path, help="the archive to write, or a folder to put it in")
    arguments = parser.parse_args()
    target, index = back_up(load_settings(), arguments.place, say_waiting)
    print(f"{target}: model {index.model}, {len(index.members)} files, {target.stat().st_size:,} bytes, read back.")


if __name__ == "__main__":
    run(main)
