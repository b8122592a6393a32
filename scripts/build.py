"""Build the portfolio, the model and the predictions, as far as they are missing or stale."""

from __future__ import annotations

import argparse

from data.settings import load_settings
from inference.pipeline import build
from scripts._cli import progress, run, say_unused


def main() -> None:
    """Build, and say what was built."""
    argparse.ArgumentParser(prog="python -m scripts.build", description=__doc__).parse_args()
    settings = load_settings()
    done = build(settings, progress)
    say_unused(settings)
    print(f"Built {' and '.join(done)}." if done else "Everything is up to date.")


if __name__ == "__main__":
    run(main)
