"""Add a model that was made elsewhere to the portfolio's models: proven on all rows against its own library.

LightGBM text, XGBoost JSON or UBJ, CatBoost cbm, scikit-learn classifiers (skops) and ONNX graphs are read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data.settings import load_settings
from inference.bringing.importing import Order, bring_model
from inference.inventory.explained import explain_model
from scripts._cli import offer_portfolio, progress, run


def main() -> None:
    """Read the arguments, import, and say what was made of the file."""
    parser = argparse.ArgumentParser(prog="python -m scripts.import_model", description=__doc__.splitlines()[0])
    offer_portfolio(parser)
    parser.add_argument("file", type=Path, help="the model file")
    parser.add_argument("--name", required=True, help="what the model is called from now on")
    parser.add_argument(
        "--output",
        default="",
        metavar="NAME/CLASS",
        help="the output that holds the probability of a default, and the class in it, where several may",
    )
    parser.add_argument(
        "--trees", choices=("best", "all"), default="", help="which trees of an XGBoost model count that stopped early"
    )
    parser.add_argument(
        "--in-order",
        action="store_true",
        help="its columns are the definition's features in their order, whatever their names",
    )
    parser.add_argument(
        "--allow-pickle", action="store_true", help="open a pickle, which runs whatever its author put into it"
    )
    parser.add_argument("--replace", action="store_true", help="take the place of the model of that name")
    arguments = parser.parse_args()
    settings = load_settings()
    order = Order(
        arguments.file,
        arguments.name,
        output=arguments.output,
        trees=arguments.trees,
        in_order=arguments.in_order,
        allow_pickle=arguments.allow_pickle,
    )
    brought = bring_model(settings, order, say=_say, replaces=arguments.replace)
    for notice in brought.notices:
        print(f"Notice: {notice}")
    entry, parity = brought.entry, brought.parity
    print(f"{entry.name}: {entry.said}")
    print(
        f"Over {parity.n_rows:,} rows, PDs differ by up to {parity.max_abs:.2e} and {parity.flips:,} decisions change."
    )
    beside = "" if brought.champion_us is None else f" ({brought.champion_us:.1f} for the champion)"
    print(f"One row takes {brought.row_us:.1f} microseconds{beside}.")
    if entry.can_explain:
        explain_model(settings, entry.name, progress)
        print("Its trees were taken over: contributions to its predictions are exact.")
    else:
        print("No contributions to its predictions: it is no forest, and its graph does not say what adds up to a PD.")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
