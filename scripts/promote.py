"""Put another of the portfolio's models in service; `python -m scripts.rollback` undoes it."""

from __future__ import annotations

import argparse

from data.settings import load_settings
from inference.inventory.promotion import promote
from scripts._cli import offer_portfolio, progress, run, say_waiting


def main() -> None:
    """Promote, and say what is served now and where the champion before it is."""
    parser = argparse.ArgumentParser(prog="python -m scripts.promote", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("name", help="the model, as `python -m scripts.models` lists it")
    parser.add_argument(
        "--keep-as", default="", metavar="NAME", help="what the champion is called from now on (its kind and the day)"
    )
    arguments = parser.parse_args()
    done = promote(load_settings(), arguments.name, progress, keep_as=arguments.keep_as, say=say_waiting)
    print(f"{arguments.name} is the champion now; the one before it is kept as {done.kept_as}.")
    print(f"Notice: {done.hold.notice()}")


if __name__ == "__main__":
    run(main)
