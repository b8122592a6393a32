"""Count what declined applicants are told: reasons that do not hold, and changes that nobody could make.

Usage: python -m scripts.study_reasons [--declined 3000] [--changes 300] [--seed 1] [--json OUT]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import orjson

from data.settings import load_settings
from data.store.storage import write_atomically
from inference.explain.reason_study import ChangeCounts, ReasonCounts, Study
from scripts._cli import positive, progress, run


def main() -> None:
    """Read the arguments, count, print the figures and write them."""
    arguments = _arguments()
    study = Study.open(load_settings())
    reasons = study.count_reasons(study.sample(arguments.declined, arguments.seed))
    print(_reasons_text(reasons))
    with progress("Changes that would approve") as advance:
        changes = study.count_changes(study.sample(arguments.changes, arguments.seed), advance)
    print(_changes_text(changes))
    if arguments.json:
        figures = {"reasons": asdict(reasons), "changes": asdict(changes)}
        with write_atomically(arguments.json) as part:
            part.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.study_reasons", description=__doc__.splitlines()[0])
    parser.add_argument("--declined", type=positive, default=3_000, help="applications (default: %(default)s)")
    parser.add_argument("--changes", type=positive, default=300, help="applications (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


def _reasons_text(counts: ReasonCounts) -> str:
    missing = ", ".join(f"{name} {share:.1%}" for name, share in counts.missing.items()) or "none"
    return "\n".join(
        [
            f"{counts.n_applications:,} declined applications, {counts.n_reasons:,} reasons ({counts.mean:.2f} each), "
            f"{counts.seconds:.1f} s:",
            f"  a typical value: {counts.typical:.2%} (exactly the typical one: {counts.equal:.2%})",
            f"  moving it to the typical value does not lower the PD: {counts.not_lower:.2%} (raises it: "
            f"{counts.raises:.2%})",
            f"  a document or number that was given: {counts.given:.2%}",
            f"  applications told that a value is missing: {missing}",
            f"  applications told of a combination: {counts.combined:.1%}; told nothing: {counts.unexplained:,}",
            f"  applications with other reasons alone than among all: {counts.differ}",
            f"Declined among the just approved: {counts.just_approved_declined}",
        ]
    )


def _changes_text(counts: ChangeCounts) -> str:
    times = ("ms", counts.ms), ("ms of CPU", counts.cpu_ms)
    taken = "; ".join(f"{' / '.join(f'{value:.0f}' for value in values)} {unit}" for unit, values in times)
    return "\n".join(
        [
            f"{counts.n_applications:,} declined applications, {counts.shown:,} changes shown, {counts.without:,} "
            "applications without any:",
            f"  implausible: {counts.implausible}",
            f"  still declined: {counts.declined}",
            f"  still flipping with a step less: {counts.shrinkable}",
            f"  p50 / p95 / largest of an application: {taken}",
        ]
    )


if __name__ == "__main__":
    run(main)
