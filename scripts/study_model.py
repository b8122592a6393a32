"""Measure what the model's settings buy, what it costs to leave out columns or to keep directions, and whether it does.

Usage: python -m scripts.study_model settings|protected|left-out|directions [--in FILE] [--seeds 1 2 3] [--json OUT]
       python -m scripts.study_model monotone [--in FILE] [--rows 5000] [--seeds 1] [--json OUT]

`directions` trains with and without them; `monotone` counts, over a grid of each field's values, how often the
published model moves the PD against one, on applications drawn by the seed.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import orjson

from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.files.convert import read_applications
from data.settings import load_settings
from data.store.storage import write_atomically
from inference.explain.reversals import Reversals, count_reversals
from inference.model.session import ScoringSession
from inference.model.study import (
    AddedColumnsResult,
    DirectionsResult,
    SettingResult,
    compare_directions,
    compare_settings,
    measure_added_columns,
)
from scripts._cli import progress, run


def main() -> None:
    """Read the arguments, study, print a table and write the figures."""
    arguments = _arguments()
    definition = load_definition(load_settings())
    applications = read_applications(arguments.source, definition, needs_target=True)
    seed = arguments.seeds[0]
    with progress(f"Studying {arguments.study}") as advance:
        match arguments.study:
            case "settings":
                settings = compare_settings(applications, definition, seed=seed, progress=advance)
                text, figures = _settings_table(settings), [asdict(result) for result in settings]
            case "directions":
                kept = compare_directions(applications, definition, seed=seed, progress=advance)
                text, figures = _directions_table(kept), [asdict(result) for result in kept]
            case "monotone":
                drawn = applications.sample(min(arguments.rows, applications.height), seed=seed)
                session = ScoringSession.open_built(load_settings())
                reversals = count_reversals(drawn, session, progress=advance)
                text, figures = _reversals_table(reversals), [asdict(result) for result in reversals]
            case _:
                columns = definition.protected if arguments.study == "protected" else _left_out(definition)
                cost = measure_added_columns(applications, definition, columns, seeds=arguments.seeds, progress=advance)
                text, figures = _columns_text(cost), [{**asdict(cost), "mean_cost": cost.mean_cost}]
    print(text)
    if arguments.json:
        with write_atomically(arguments.json) as part:
            part.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


def _left_out(definition: Definition) -> tuple[str, ...]:
    """The inputs that are neither features nor protected."""
    kept = {*definition.features.columns, *definition.protected}
    return tuple(sorted(column.name for column in definition.inputs if column.name not in kept))


def _arguments() -> argparse.Namespace:
    settings = load_settings()
    parser = argparse.ArgumentParser(prog="python -m scripts.study_model", description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=("settings", "protected", "left-out", "directions", "monotone"))
    parser.add_argument(
        "--in",
        dest="source",
        type=Path,
        default=settings.applications,
        help="applications with outcomes (default: %(default)s)",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[settings.seed], help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=5_000, help="applications for `monotone` (default: %(default)s)")
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


def _directions_table(results: list[DirectionsResult]) -> str:
    head = "| Method | Trees | AUC | Log-loss | ECE | Training, s |"
    rows = [
        f"| {r.method or 'none kept'} | {r.trees} | {r.roc_auc:.5f} | {r.log_loss:.6f} | {r.calibration_error:.5f} "
        f"| {r.train_s:.0f} |"
        for r in results
    ]
    return "\n".join([head, "| :--- |" + " ---: |" * 5, *rows])


def _reversals_table(results: tuple[Reversals, ...]) -> str:
    head = "| Field | PD may only | Values | Applicants | Moves | Reversals | Applicants with one | Largest, points |"
    rows = [
        f"| {r.field} | {'rise' if r.direction > 0 else 'fall'} | {r.n_values} | {r.n_applicants:,} | {r.n_moves:,} "
        f"| {r.n_reversed:,} | {r.n_with_reversal:,} | {100 * r.largest:.4f} |"
        for r in results
    ]
    total = f"Reversals in all: {sum(r.n_reversed for r in results):,}."
    return "\n".join([head, "| :--- | :--- |" + " ---: |" * 6, *rows, "", total])


def _columns_text(result: AddedColumnsResult) -> str:
    return (
        f"{result.n_rows:,} applications, {len(result.seeds)} seeds, out-of-fold AUC without / with "
        f"{', '.join(result.columns)}:\n"
        + "\n".join(f"  {a:.4f} / {b:.4f}" for a, b in zip(result.auc_without, result.auc_with, strict=True))
        + f"\nLeaving them out costs {result.mean_cost:+.4f} AUC on average."
    )


if __name__ == "__main__":
    run(main)
