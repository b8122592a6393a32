"""Compute the contributions to one of the portfolio's models, which the pages on explanations need."""

from __future__ import annotations

import argparse

from data.settings import load_settings
from inference.inventory.explained import explain_model
from scripts._cli import offer_portfolio, progress, run


def main() -> None:
    """Compute them where they are not there, and say so."""
    parser = argparse.ArgumentParser(prog="python -m scripts.explain_model", description=__doc__)
    offer_portfolio(parser)
    parser.add_argument("name", help="the model; the champion's contributions are made by builds")
    name = parser.parse_args().name
    done = explain_model(load_settings(), name, progress)
    print(f"The contributions to {name} are there." if done else f"Nothing was to be computed for {name}.")


if __name__ == "__main__":
    run(main)
