"""Measure how often the intervals on the screen miss the truth, by drawing samples whose truth is known.

Usage: python -m scripts.study_intervals STUDY [--samples N], where STUDY is economics, segments, calibration-error,
separation, figures, findings, differences or paired.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from scripts._cli import positive, run
from scripts.intervals import calibration_error, differences, economics, figures, findings, paired, segments, separation

STUDIES: dict[str, Callable[[int, int], str]] = {
    "economics": economics.report,
    "segments": segments.report,
    "calibration-error": calibration_error.report,
    "separation": separation.report,
    "figures": figures.report,
    "findings": findings.report,
    "differences": differences.report,
    "paired": paired.report,
}


def main() -> None:
    """Read the arguments, draw, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_intervals", description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--samples", type=positive, default=2_000, help="samples a row (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    arguments = parser.parse_args()
    print(STUDIES[arguments.study](arguments.samples, arguments.seed))


if __name__ == "__main__":
    run(main)
