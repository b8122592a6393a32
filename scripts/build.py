"""Build the portfolio, the model and the predictions, as far as they are missing or stale."""

from __future__ import annotations

import argparse

from data.settings import load_settings
from inference.publishing.pipeline import build
from inference.publishing.staging import read_hold
from scripts._cli import offer_portfolio, progress, run, say_notices, say_waiting


def main() -> None:
    """Build, and say what was built."""
    parser = argparse.ArgumentParser(prog="python -m scripts.build", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("--release", action="store_true", help="build even where a rollback or a restore holds builds")
    arguments = parser.parse_args()
    settings = load_settings()
    done = build(settings, progress, say=say_waiting, release=arguments.release)
    say_notices(settings)
    if done:
        print(f"Built {' and '.join(done)}.")
    else:
        print("Nothing was built." if read_hold(settings) else "Everything is up to date.")


if __name__ == "__main__":
    run(main)
