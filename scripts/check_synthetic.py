"""Measure how like a real application table the synthetic portfolio is.

Usage: python -m scripts.check_synthetic --real FILE --json OUT [--synthetic FILE] [--strong]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import polars as pl

from data.files.convert import read_applications, read_source
from data.home_credit import embedded
from data.home_credit.fidelity import Fidelity, compare
from data.home_credit.synthetic import make_applications
from data.settings import load_settings
from data.store.storage import write_atomically
from scripts._cli import run


def main() -> None:
    """Read the arguments, compare, write the JSON, print the table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.check_synthetic", description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True, help="a real application table, Parquet or CSV")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    parser.add_argument(
        "--synthetic",
        type=Path,
        help="the synthetic table (default: the built portfolio where it is a synthetic one, else a new one)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of folds, draws and classifiers (default: %(default)s)")
    parser.add_argument("--strong", action="store_true", help="train a stronger classifier too, which takes minutes")
    arguments = parser.parse_args()
    real = read_applications(arguments.real, embedded.DEFINITION)
    synthetic = _synthetic(arguments.synthetic)
    fidelity = compare(real, synthetic, seed=arguments.seed, strong=arguments.strong)
    with write_atomically(arguments.json) as beside:
        beside.write_text(json.dumps(fidelity.to_json(), indent=1) + "\n", encoding="utf-8")
    print(_table(fidelity))


def _synthetic(path: Path | None) -> pl.DataFrame:
    built = load_settings().applications
    if path is None and not (built.is_file() and read_source(built).get("kind") == "synthetic"):
        return make_applications()
    return read_applications(path or built, embedded.DEFINITION)


def _table(fidelity: Fidelity) -> str:
    shown = {name: value for name, value in fidelity.to_json().items() if isinstance(value, int | float)}
    return "\n".join(
        f"{name:<22} {value:>10,}" if isinstance(value, int) else f"{name:<22} {value:>10.4f}"
        for name, value in shown.items()
    )


if __name__ == "__main__":
    run(main)
