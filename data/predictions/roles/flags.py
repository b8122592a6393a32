"""The flags of commands that open a file of predictions: what a person says about its columns."""

from __future__ import annotations

import argparse

from data.predictions.roles.answers import ROLES, Answers, parse_answers


def offer_answers(parser: argparse.ArgumentParser) -> None:
    """Add `--map`, `--bad`, `--good`, `--champion` and `--no-outcome`."""
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=ROLE",
        help=f"what a column is: {', '.join(ROLES)}; may be repeated",
    )
    for flag, meaning in (("--bad", "a default"), ("--good", "no default")):
        parser.add_argument(
            flag,
            action="append",
            default=[],
            metavar="VALUE",
            help=f"a value of the outcome's column that says {meaning}; may be repeated",
        )
    parser.add_argument(
        "--champion", default="", metavar="NAME", help="which of several scores to show: its column, or its model"
    )
    parser.add_argument("--no-outcome", action="store_true", help="no column says who defaulted")


def answers_of(options: argparse.Namespace) -> Answers:
    """What the flags that `offer_answers` added say.

    Raises:
        PredictionsError: they are malformed or contradict each other.
    """
    return parse_answers(
        options.map, options.bad, options.good, champion=options.champion, has_no_outcome=options.no_outcome
    )
