"""Measure what the model's settings buy, or what leaving out columns costs: the protected ones, or the useless ones.

Usage: python -m scripts.study_model settings|protected|left-out [--in FILE] [--seeds 1 2 3] [--json OUT]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import orjson

from data.convert import read_applications
from data.settings import load_settings
from data.storage import write_atomically
from inference.features import LEFT_OUT
from inference.study import PROTECTED, AddedColumnsResult, SettingResult, compare_settings, measure_added_columns
from scripts._cli import progress, run


def main() -> None:
    """Read the arguments, study, print a table and write the figures."""
    arguments = _arguments()
    applications = read_applications(arguments.source, needs_target=True)
    with progress(f"Studying {arguments.study}") as advance:
        if arguments.study == "settings":
            settings = compare_settings(applications, seed=arguments.seeds[0], progress=advance)
            text, figures = _settings_table(settings), [asdict(result) for result in settings]
        else:
            columns = PROTECTED if arguments.study == "protected" else sorted(LEFT_OUT)
            cost = measure_added_columns(applications, columns, seeds=arguments.seeds, progress=advance)
            text, figures = _columns_text(cost), [{**asdict(cost), "mean_cost": cost.mean_cost}]
    print(text)
    if arguments.json:
        with write_atomically(arguments.json) as part:
            part.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


def _arguments() -> argparse.Namespace:
    settings = load_settings()
    parser = argparse.ArgumentParser(prog="python -m scripts.study_model", description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=("settings", "protected", "left-out"))
    parser.add_argument(
        "--in",
        dest="source",
        type=Path,
        default=settings.applications,
        help="applications with outcomes (default: %(default)s)",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[settings.seed], help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


def _settings_table(results: list[SettingResult]) -> str:
    head = "| Trees (grown) | Leaves | Learning rate | AUC | ECE | ONNX row, us | ONNX, kB | Training, s |"
    rows = [
        f"| {r.settings.trees} ({r.trees}) | {r.settings.leaves} | {r.settings.learning_rate} | {r.roc_auc:.4f} "
        f"| {r.calibration_error:.4f} | {r.row_us:.0f} | {r.onnx_bytes / 1e3:.0f} | {r.train_s:.0f} |"
        for r in results
    ]
    return "\n".join([head, "|" + " ---: |" * 8, *rows])


def _columns_text(result: AddedColumnsResult) -> str:
    return (
        f"{result.n_rows:,} applications, {len(result.seeds)} seeds, out-of-fold AUC without / with "
        f"{', '.join(result.columns)}:\n"
        + "\n".join(f"  {a:.4f} / {b:.4f}" for a, b in zip(result.auc_without, result.auc_with, strict=True))
        + f"\nLeaving them out costs {result.mean_cost:+.4f} AUC on average."
    )


if __name__ == "__main__":
    run(main)
