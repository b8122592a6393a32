"""Score a file of applications: id, PD and decision, or why it is referred, for every row, in bounded memory.

Usage: python -m scripts.score --in applications.csv --out scores.parquet [--model DIRECTORY] [--read KEY=VALUE ...]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from data.definition.at_hand import load_definition
from data.reading.said import parse_said
from data.settings import load_settings
from inference.model.scoring import score_file
from inference.model.session import ScoringSession
from scripts._cli import check_trainable, offer_portfolio, offer_reading, progress, run


def main() -> None:
    """Read the arguments, score, say what was done."""
    parser = argparse.ArgumentParser(prog="python -m scripts.score", description=__doc__.splitlines()[0])
    offer_portfolio(parser)
    parser.add_argument(
        "--in",
        dest="source",
        type=Path,
        required=True,
        help="applications as CSV (also packed), Parquet, Arrow, a workbook, SAS, SPSS or Stata",
    )
    parser.add_argument("--out", type=Path, required=True, help="where the scores go, .parquet or .csv")
    parser.add_argument("--model", type=Path, help="model directory (default: the portfolio's)")
    offer_reading(parser)
    arguments = parser.parse_args()
    said = parse_said(arguments.read)
    settings = load_settings()
    # A model that was brought from elsewhere is judged by its own manifest.
    if arguments.model in (None, settings.model):
        check_trainable(settings)
        session = ScoringSession.open_built(settings, threads=2)
    else:
        session = ScoringSession.open(
            arguments.model,
            load_definition(settings),
            provider=settings.provider,
            threads=2,
            allow_pickle=settings.allow_pickle,
        )
    if session.fallback_reason:
        print(f"Notice: {session.fallback_reason}.")
    with progress(f"Scoring {arguments.source.name}") as advance:
        done = score_file(arguments.source, arguments.out, session, progress=advance, said=said)
    for notice in done.notices:
        print(f"Notice: {notice}")
    n_scored = done.n_rows - done.n_referred
    share = f"{done.n_declined / n_scored:.1%} declined" if n_scored else "none to decide"
    print(f"{n_scored:,} applications scored, {share} at a PD of {session.manifest.cutoff}: {arguments.out}")
    if done.n_referred:
        print(f"{done.n_referred:,} referred, because too little is known of them; column refer_reason says what.")
    if done.n_implausible:
        print(f"{done.n_implausible:,} with values that contradict one another; column warnings says which.")


if __name__ == "__main__":
    run(main)
