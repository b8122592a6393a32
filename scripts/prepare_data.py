"""Turn a Home Credit application table (CSV, gzip, zip or Parquet) into validated Parquet.

Usage: python -m scripts.prepare_data --raw application_train.csv [--out data/processed/applications.parquet]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from data.files.convert import convert
from data.home_credit import embedded
from data.settings import load_settings
from scripts._cli import progress, run


def main() -> None:
    """Read the arguments, convert, print the report."""
    parser = argparse.ArgumentParser(prog="python -m scripts.prepare_data", description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, required=True, help="application_train as .csv, .csv.gz, .zip or .parquet")
    parser.add_argument(
        "--out", type=Path, default=load_settings().applications, help="where to write (default: %(default)s)"
    )
    arguments = parser.parse_args()
    with progress("Converting applications") as advance:
        report = convert(arguments.raw, arguments.out, embedded.DEFINITION, progress=advance)
    print(report.text())


if __name__ == "__main__":
    run(main)
