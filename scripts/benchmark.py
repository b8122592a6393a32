"""Measure loading, scoring and the dashboard on what is built, contenders in turn, results checked beside each timing.

The dashboard's figures stand at the top of what is printed, those of the other sections under their names.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from data.settings import PORTFOLIO_ROWS, Settings, load_settings
from data.storage import write_atomically
from inference.pipeline import build
from scripts._cli import progress, run

SECTIONS = ("data", "inference", "dashboard", "applicant")


def main() -> None:
    """Measure the sections asked for and print them."""
    arguments = _parse()
    settings = load_settings()
    build(settings, progress)
    wanted = SECTIONS if "all" in arguments.sections else arguments.sections
    figures: dict[str, object] = {"machine": _machine()}
    for name in wanted:
        measured = _measure(name, settings, arguments)
        figures |= measured if name == "dashboard" else {name: measured}
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json:
        with write_atomically(arguments.json) as part:
            part.write_text(text, encoding="utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, "all"], default="all")
    parser.add_argument("--json", type=Path, help="file to write the figures to as well")
    parser.add_argument(
        "--runs", type=_count, default=30,
        help="repetitions of each interaction, of the sections dashboard and applicant (default: %(default)s)",
    )  # fmt: skip
    of_dashboard = parser.add_argument_group("the section dashboard")
    for name, default, text in (
        ("interactions", 1_000, "interactions over which the server's memory is followed; 0 leaves it out"),
        ("readers", 5, "readers at once; 0 leaves them out"),
        ("rows", 0, f"rows of a larger portfolio to compare with, for example {10 * PORTFOLIO_ROWS}; 0 leaves it out"),
    ):
        of_dashboard.add_argument(f"--{name}", type=_count, default=default, help=f"{text} (default: %(default)s)")
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def _measure(section: str, settings: Settings, arguments: argparse.Namespace) -> Mapping[str, object]:
    # Each section loads what it measures alone: a browser's driver or a model is of no use to the others.
    if section == "data":
        from scripts.benchmarks.data import measure_data

        return measure_data(settings)
    if section == "inference":
        from scripts.benchmarks.inference import measure_inference

        return measure_inference(settings)
    if section == "applicant":
        from scripts.benchmarks.applicant import measure_applicant

        return measure_applicant(settings, arguments.runs)
    from scripts.benchmarks.dashboard import Options, measure_dashboard

    options = Options(arguments.runs, arguments.interactions, arguments.readers, arguments.rows)
    return measure_dashboard(settings, options)


def _machine() -> Mapping[str, object]:
    libraries = ("polars", "lightgbm", "onnxruntime", "streamlit", "plotly", "numpy", "playwright")
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "libraries": {name: version(name) for name in libraries},
    }


if __name__ == "__main__":
    run(main)
