"""Damage a small portfolio in every known way, open it, build it again, and count what comes of it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from data.settings import PORTFOLIO_SEED, Settings
from inference.publishing.pipeline import build
from scripts._cli import BAD_INPUT, positive, run
from scripts.damage.kinds import Damage, all_damages
from scripts.damage.trial import Pristine, silent, try_out


def main() -> None:
    """Try every kind of damage and print the counts; exit code 2 where one ends in a traceback, silence or a lie."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_damage", description=__doc__)
    parser.add_argument("--rows", type=positive, default=1_000, help="applications of the portfolio (%(default)s)")
    parser.add_argument("--only", default="", help="only kinds whose name contains this")
    parser.add_argument("--decide", action="store_true", help="ask the build what it would do, and do not build")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreroom-damage-") as folder:
        settings = _settings(Path(folder), arguments.rows)
        build(settings, silent)
        pristine = Pristine.of(settings, Path(folder) / "pristine")
        chosen = [damage for damage in all_damages() if arguments.only in damage.name]
        if not _study(pristine, chosen, heal=not arguments.decide):
            sys.exit(BAD_INPUT)


def _settings(folder: Path, rows: int) -> Settings:
    return Settings(
        folder / "raw", folder / "processed", folder / "model", rows, PORTFOLIO_SEED, "CPUExecutionProvider"
    )


def _study(pristine: Pristine, damages: list[Damage], *, heal: bool) -> bool:
    counts: Counter[str] = Counter()
    for damage in damages:
        if damage.needs_user and os.geteuid() == 0:
            counts["not tried as root"] += 1
            continue
        outcome = try_out(pristine, damage, heal=heal)
        counts["tried"] += 1
        counts["opened with one sentence"] += bool(outcome.sentences)
        counts["opened with the right answers"] += not outcome.sentences
        healed = "built again" if outcome.build == "begins" else "nothing to do" if outcome.build == "nothing" else ""
        counts[healed or "build ended in one sentence"] += 1
        counts["traceback, silence or a wrong value"] += bool(outcome.faults)
        for fault in outcome.faults:
            print(f"{damage.name}: {fault}", flush=True)
    for name, count in counts.items():
        print(f"{name:<40} {count:>6,}")
    return not counts["traceback, silence or a wrong value"]


if __name__ == "__main__":
    run(main)
