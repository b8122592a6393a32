"""Put the portfolio of an archive in service, after all of it was checked; the one before is kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.settings import load_settings
from inference.publishing.backup import restore
from scripts._cli import offer_portfolio, run, say_waiting


def main() -> None:
    """Check, restore, and say what is in service now."""
    parser = argparse.ArgumentParser(prog="python -m scripts.restore", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("archive", type=Path, help="what `python -m scripts.backup` wrote")
    arguments = parser.parse_args()
    done = restore(load_settings(), arguments.archive, say_waiting)
    print(f"Model {done.index.model} of the backup from {done.index.created} is served now, with its portfolio.")
    if done.hold is not None:
        print(f"Notice: {done.hold.notice()}")


if __name__ == "__main__":
    run(main)
