"""Serve the portfolio that was in service before the last build that changed the model, or go forth again."""

from __future__ import annotations

import argparse

from data.settings import load_settings
from inference.publishing.rollback import roll_back
from scripts._cli import offer_portfolio, run, say_waiting


def main() -> None:
    """Exchange the two portfolios, and say which model is served now."""
    parser = argparse.ArgumentParser(prog="python -m scripts.rollback", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("--forward", action="store_true", help="undo the rollback: serve the later portfolio again")
    arguments = parser.parse_args()
    done = roll_back(load_settings(), forward=arguments.forward, say=say_waiting)
    print(f"Model {done.served} is served now, with its applications, predictions and contributions.")
    if done.hold is not None:
        print(f"Notice: {done.hold.notice()}")
    else:
        print("Builds are no longer held; `python -m scripts.rollback` goes back again.")


if __name__ == "__main__":
    run(main)
