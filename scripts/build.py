"""Build the portfolio, the model and the predictions, as far as they are missing or stale."""

from __future__ import annotations

import argparse
import sys

from data.settings import Settings, load_settings
from inference.publishing.pipeline import build
from inference.publishing.staging import read_hold
from scripts._build_process import Teller
from scripts._cli import STOPPED, offer_portfolio, progress, run, say_notices, say_waiting


def main() -> None:
    """Build, and say what was built."""
    parser = argparse.ArgumentParser(prog="python -m scripts.build", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("--release", action="store_true", help="build even where a rollback or a restore holds builds")
    parser.add_argument("--tell", type=int, metavar="FD", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.tell is not None:
        _build_and_tell(Teller(arguments.tell), release=arguments.release)
        return
    settings = load_settings()
    done = build(settings, progress, say=say_waiting, release=arguments.release)
    _say(settings, done)


def _build_and_tell(teller: Teller, *, release: bool) -> None:
    try:
        with teller.telling_problems():
            settings = load_settings()
            done = build(settings, teller.progress, say=teller.say_waiting, release=release, on_usable=teller.usable)
            teller.tell(built=done)
            _say(settings, done)
    except KeyboardInterrupt:
        # Whoever reads the pipe has stopped this, and says so.
        sys.exit(STOPPED)


def _say(settings: Settings, done: tuple[str, ...]) -> None:
    say_notices(settings)
    if done:
        print(f"Built {' and '.join(done)}.")
    else:
        print("Nothing was built." if read_hold(settings) else "Everything is up to date.")


if __name__ == "__main__":
    run(main)
